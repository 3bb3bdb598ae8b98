"""A list of tasks of which some are known: only news is read whole."""

from typing import Any

import msgspec
import pytest

from rushes.catalog import load
from rushes.providers import adapter_for
from rushes.providers.base import Answer, Task, Trouble

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


def listed(rows: list[Any], known: dict[str, str | None] | None = None) -> Any:
    exchange = adapter_for(load(), "aivideomaker").tasks(known)
    assert exchange is not None
    next(exchange)
    body = msgspec.json.encode({"tasks": rows})
    with pytest.raises(StopIteration) as stop:
        exchange.send(Answer(status=200, body=body))
    return stop.value.value


def test_what_still_stands_there_comes_short() -> None:
    """Id, phase and status are all that is said of a task that is as it was."""
    (task,) = listed([ROW], {"tv_1": "PROGRESS"})
    assert task == Task(id="tv_1", phase="running", status="PROGRESS")


@pytest.mark.parametrize("word", [None, "SUBMITTED", "COMPLETED"])
def test_a_change_comes_whole(word: str | None) -> None:
    """Another word than the last one seen, or none seen before."""
    assert listed([ROW], {"tv_1": word}) == listed([ROW])
    assert listed([ROW])[0].credits_charged == 20


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "CANCEL", "UNHEARD_OF"])
def test_an_end_comes_whole_even_if_it_is_known(end: str) -> None:
    """Its links are news each time."""
    rows = [ROW | DONE | {"status": end}]
    assert listed(rows, {"tv_1": end}) == listed(rows)


def test_others_are_left_out() -> None:
    """Of tasks that nobody asked for nothing is said, however many there are."""
    others = [ROW | {"id": f"tv_{number}"} for number in range(2, 50)]
    assert [task.id for task in listed([*others, ROW], {"tv_1": None})] == ["tv_1"]
    assert listed(others, {}) == ()
    assert len(listed([*others, ROW])) == 49


@pytest.mark.parametrize("bad", [{"id": None}, {"id": 5}, {"id": "a b"}])
def test_a_row_without_an_id_is_trouble_for_the_whole_list(bad: dict[str, Any]) -> None:
    """It could be any of those that are missing, known or not."""
    kinds: tuple[dict[str, str | None] | None, ...] = (None, {"tv_1": "PROGRESS"})
    for known in kinds:
        answer = listed([ROW, ROW | bad], known)
        assert isinstance(answer, Trouble)
        assert "task 2 of 2" in answer.message
    assert isinstance(listed([ROW, "a task"]), Trouble)
