from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.engine.prices import agreed
from rushes.store import changes, prices
from rushes.store.job import Job, State
from rushes.store.protocol import PriceSample, Store

from .making import change, in_memory, make_job, run

SINCE = 10_000.0


def sample(number: int, credits: int, *, at: float = 0.0, terms: str = "t") -> PriceSample:
    return PriceSample(
        job_id=make_job(number).id,
        model="mediaio/kling-3.0",
        terms=terms,
        credits=credits,
        at=at or float(number),
    )


def test_newest_samples_of_equal_terms_come_first(path: Path) -> None:
    """Other terms are apart, and a job has one sample: the later."""

    async def scenario(store: Store) -> None:
        for number in range(1, 5):
            await store.insert(make_job(number))
        for one in (sample(1, 5), sample(2, 6), sample(3, 7, terms="u"), sample(1, 8, at=9.0)):
            assert await store.learn_price(one, alone_since=SINCE)
        found = await store.price_samples("mediaio/kling-3.0", "t")
        assert found == [sample(1, 8, at=9.0), sample(2, 6)]
        assert await store.price_samples("mediaio/kling-2.5", "t") == []

    run(path, scenario)


def test_newest_samples_are_kept() -> None:
    """Of each model's equal terms the newest 200 stay."""
    connection = in_memory()
    for number in range(1, 206):
        changes.insert(connection, make_job(number), (), ())
        assert prices.learn(connection, sample(number, number), alone_since=SINCE)
    found = prices.samples(connection, "mediaio/kling-3.0", "t")
    assert [one.credits for one in found] == list(range(205, 5, -1))


OTHERS: list[tuple[str, bool, dict[str, object]]] = [
    ("never sent", True, {"state": "queued"}),
    ("sent, and to be sent again", False, {"state": "queued", "attempt": 1}),
    ("being sent", False, {"state": "submitting", "attempt": 1}),
    ("uncertain", False, {"state": "uncertain", "attempt": 1}),
    ("running", False, {"state": "running", "attempt": 1}),
    ("late", False, {"state": "timed_out", "attempt": 1}),
    ("coming home", False, {"state": "archiving", "attempt": 1}),
    ("ended before", True, {"state": "succeeded", "attempt": 1, "finished_at": SINCE}),
    ("ended since", False, {"state": "succeeded", "attempt": 1, "finished_at": SINCE + 1}),
    ("failed lately", False, {"state": "failed", "attempt": 1, "finished_at": SINCE - 3599}),
    ("canceled lately", False, {"state": "canceled", "task_id": "x", "finished_at": SINCE - 9}),
    ("failed long ago", True, {"state": "failed", "attempt": 1, "finished_at": SINCE - 3601}),
    ("failed unsent", True, {"state": "failed", "finished_at": SINCE + 1}),
    ("adopted", False, {"state": "succeeded", "task_id": "x", "finished_at": SINCE + 1}),
    ("another key", False, {"state": "running", "attempt": 1, "credential": "key-b"}),
    ("the sandbox's", True, {"state": "running", "attempt": 1, "sandbox": True}),
    ("elsewhere", True, {"state": "running", "attempt": 1, "provider": "aivideomaker"}),
]


@pytest.mark.parametrize(("name", "alone", "fields"), OTHERS, ids=[one[0] for one in OTHERS])
def test_who_is_alone(name: str, alone: bool, fields: dict[str, object]) -> None:
    """Only what cannot have moved the balance leaves a job alone; else its sample is refused."""
    connection = in_memory()
    changes.insert(connection, make_job(1, state="archiving", attempt=1), (), ())
    changes.insert(connection, make_job(2, **fields), (), ())
    assert prices.is_alone(connection, "job-000001", since=SINCE) is alone
    assert prices.learn(connection, sample(1, 5), alone_since=SINCE) is alone
    assert len(prices.samples(connection, "mediaio/kling-3.0", "t")) == alone


def test_a_sandbox_job_is_never_alone() -> None:
    """Its figures are invented: it never teaches a price."""
    connection = in_memory()
    changes.insert(connection, make_job(1, sandbox=True), (), ())
    assert not prices.learn(connection, sample(1, 5), alone_since=SINCE)


def test_end_of_a_job_is_seen_through_its_changes() -> None:
    """A job that ran meanwhile excludes also when it has ended by the time of the question."""
    connection = in_memory()
    for number in (1, 2):
        changes.insert(connection, make_job(number), (), ())
    other = "job-000002"
    steps: list[State] = ["submitting", "running", "archiving", "succeeded"]
    for step in steps:
        fields: dict[str, object] = {"attempt": 1}
        if step == "succeeded":
            fields["finished_at"] = SINCE + 5
        job: Job = changes.apply(connection, change(other, to=step, fields=fields))
        assert job.state == step
        assert prices.is_alone(connection, "job-000001", since=SINCE) is False
    assert prices.is_alone(connection, "job-000001", since=SINCE + 6)


@given(st.lists(st.integers(1, 4), max_size=12))
def test_the_newest_two_equal_neighbours_are_the_price(figures: list[int]) -> None:
    """A price needs two measurements that agree side by side, and the newest such hold."""
    found = agreed([sample(1, figure, at=90_000.0 - n) for n, figure in enumerate(figures)])
    pairs = [one for one, other in pairwise(figures) if one == other]
    if not pairs:
        assert found is None
        return
    assert found is not None
    assert (found.credits, found.source) == (pairs[0], "learned")
    assert f"measured {figures.count(pairs[0])} times" in found.note
    assert ("the newest measurement says" in found.note) == (figures[0] != pairs[0])
