"""Whose turn it is among tasks that can only be asked for one by one."""

import math

from hypothesis import given
from hypothesis import strategies as st

from rushes.catalog.schema import PollPlan
from rushes.engine.times import Times
from rushes.engine.watched import Watched, slim, together, turns
from rushes.store.job import Job, Quote

NOW = 1_000_000_000.0
DAY = 86_400.0
TIMES = Times(PollPlan(), (), NOW)


def job(number: int, *, expires: float | None = None, submitted: float | None = None) -> Job:
    at = NOW - 10_000.0 + number if submitted is None else submitted
    return Job(
        id=f"job-{number}",
        state="running",
        provider="aivideomaker",
        model="aivideomaker/t2v-v3",
        credential="fingerprint",
        request={"prompt": "a boat"},
        digest="0" * 64,
        idempotency_key=f"key-{number}",
        quote=Quote(credits=20, source="table"),
        task_id=f"task-{number}",
        created_at=at,
        submitted_at=at,
        expires_at=at + DAY if expires is None else expires,
    )


def waiting(count: int) -> list[Watched]:
    return [Watched(job(number), NOW, TIMES, 2.0) for number in range(count)]


def numbers(chosen: list[Watched]) -> list[int]:
    return [int(str(one.job.task_id).removeprefix("task-")) for one in chosen]


def test_first_come_those_that_expire_first() -> None:
    """Of tasks that nobody has looked at, the oldest."""
    assert numbers(turns(waiting(50)[::-1], NOW, 2.0, 5)) == [0, 1, 2, 3, 4]


def test_who_was_looked_at_goes_to_the_end() -> None:
    """Round after round all get equally many looks."""
    all_ = waiting(23)
    looks = [0] * 23
    now = NOW
    for _ in range(23 * 3):
        for one in turns(all_, now, 2.0, 10):
            now += 2.0
            one.looked_at = now
            looks[numbers([one])[0]] += 1
    assert max(looks) - min(looks) <= 1


def test_a_task_about_to_expire_goes_first_but_takes_only_every_other_look() -> None:
    """Even where most are about to expire, the others' turn comes."""
    fresh = [Watched(job(number), NOW, TIMES, 2.0) for number in range(10)]
    urgent = [Watched(job(100 + n, expires=NOW + 60.0 + n), NOW, TIMES, 2.0) for n in range(90)]
    chosen = numbers(turns(fresh + urgent, NOW, 2.0, 10))
    assert chosen == [100, 0, 101, 1, 102, 2, 103, 3, 104, 4]


def test_who_is_not_due_is_left_alone() -> None:
    """A task whose first look is yet to come is not asked for."""
    late = Watched(job(1, submitted=NOW), NOW, TIMES, 40.0)
    assert turns([late], NOW, 2.0, 10) == []
    assert numbers(turns([late], NOW + 40.0, 2.0, 10)) == [1]


@given(st.lists(st.floats(-1e6, 1e6), max_size=40), st.integers(1, 12))
def test_turns_never_repeat_and_are_never_wasted(expiries: list[float], most: int) -> None:
    """As many as are due, up to the most, each once."""
    all_ = [Watched(job(n, expires=NOW + left), NOW, TIMES, 0.0) for n, left in enumerate(expiries)]
    chosen = numbers(turns(all_, NOW, 2.0, most))
    assert len(chosen) == len(set(chosen)) == min(most, len(all_))


def test_many_tasks_share_more_lists() -> None:
    """A list for four tasks is worth twice as many as for one, down to the shortest pause."""
    assert together([12.0], 2.0) == 12.0
    assert together([12.0] * 4, 2.0) == 6.0
    assert together([12.0] * 10_000, 2.0) == 2.0
    assert together([], 2.0) == math.inf


def test_what_is_kept_of_a_job_is_enough_to_watch_it() -> None:
    """The request is dropped; what money and time need stays."""
    whole = job(1)
    kept = slim(whole)
    assert kept.request == {}
    for name in ("id", "task_id", "quote", "credits", "expires_at", "submitted_at", "state"):
        assert getattr(kept, name) == getattr(whole, name)
