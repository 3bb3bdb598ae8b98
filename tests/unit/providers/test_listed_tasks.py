"""A list of tasks of which some are waited for: only their ends are read whole."""

from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from rushes.catalog import load
from rushes.providers import adapter_for
from rushes.providers.base import Answer, Phase, Task, Trouble

ROW: dict[str, Any] = {
    "id": "tv_1",
    "status": "PROGRESS",
    "createdAt": "2026-09-13T10:00:00.000Z",
    "model": "t2v_v3",
    "input": {"prompt": "a boat"},
    "output": None,
    "creditsCharged": 20,
}
DONE = {"status": "COMPLETED", "output": {"url": "https://files.example.com/1.mp4"}}


def listed(rows: list[Any], among: Collection[str] | None = None) -> Any:
    exchange = adapter_for(load(), "aivideomaker").tasks(among)
    assert exchange is not None
    next(exchange)
    body = msgspec.json.encode({"tasks": rows})
    with pytest.raises(StopIteration) as stop:
        exchange.send(Answer(status=200, body=body))
    return stop.value.value


@pytest.mark.parametrize(
    ("word", "phase"), [("SUBMITTED", "queued"), ("PROGRESS", "running"), ("ODD ONE", "unknown")]
)
def test_what_has_not_ended_comes_short(word: str, phase: Phase) -> None:
    """Id, phase and status are all that is said of it, and they are those of the whole."""
    rows = [ROW | {"status": word}]
    assert listed(rows, {"tv_1"}) == (Task(id="tv_1", phase=phase, status=word),)
    (whole,) = listed(rows)
    assert (whole.id, whole.phase, whole.status) == ("tv_1", phase, word)


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "CANCEL"])
def test_an_end_comes_whole(end: str) -> None:
    """With its links and its credits."""
    rows = [ROW | DONE | {"status": end}]
    assert listed(rows, {"tv_1"}) == listed(rows)
    assert listed(rows)[0].credits_charged == 20


def test_others_are_left_out() -> None:
    """Of tasks that nobody waits for nothing is said, however many there are."""
    others = [ROW | {"id": f"tv_{number}"} for number in range(2, 50)]
    assert [task.id for task in listed([*others, ROW], {"tv_1"})] == ["tv_1"]
    assert listed(others, ()) == ()
    assert len(listed([*others, ROW])) == 49


@pytest.mark.parametrize("bad", [{"id": None}, {"id": 5}, {"id": "a b"}])
def test_a_row_without_an_id_is_trouble_for_the_whole_list(bad: dict[str, Any]) -> None:
    """It could be any of those that are missing."""
    for among in (None, {"tv_1"}):
        answer = listed([ROW, ROW | bad], among)
        assert isinstance(answer, Trouble)
        assert "task 2 of 2" in answer.message
    assert isinstance(listed([ROW, "a task"]), Trouble)
