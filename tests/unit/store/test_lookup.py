from pathlib import Path
from typing import Any

import pytest

from rushes.errors import JobNotFound
from rushes.store.job import Submission
from rushes.store.protocol import Filter, Store

from .making import change, make_job, run

IDS = ("k7-paper-boat-aa11", "k7-paper-kite-bb22", "m9-storm-aa11", "m9")


async def fill(store: Store) -> None:
    for number, job_id in enumerate(IDS):
        await store.insert(make_job(number, id=job_id))


@pytest.mark.parametrize(
    ("fragment", "found"),
    [
        ("k7-paper-boat-aa11", 0),
        ("k7-paper-b", 0),
        ("bb22", 1),
        ("m9-s", 2),
        ("m9", 3),
    ],
)
def test_fragment_that_fits_one_job_finds_it(path: Path, fragment: str, found: int) -> None:
    """A whole id, or its beginning or end, is enough."""

    async def scenario(store: Store) -> None:
        await fill(store)
        assert (await store.find(fragment)).id == IDS[found]

    run(path, scenario)


@pytest.mark.parametrize(
    ("fragment", "told"),
    [
        ("k7-paper", "k7-paper-kite-bb22, k7-paper-boat-aa11"),
        ("aa11", "m9-storm-aa11, k7-paper-boat-aa11"),
        ("paper", "No job's id"),
        ("%%%%", "No job's id"),
        ("k7-", "at least 4 characters"),
        ("", "at least 4 characters"),
    ],
)
def test_fragment_that_fits_none_or_several_is_explained(
    path: Path, fragment: str, told: str
) -> None:
    """Several candidates are named; too short a fragment finds nothing by chance."""

    async def scenario(store: Store) -> None:
        await fill(store)
        with pytest.raises(JobNotFound) as raised:
            await store.find(fragment)
        assert told in str(raised.value)

    run(path, scenario)


def test_unknown_job_is_not_found(path: Path) -> None:
    """A job that does not exist is JobNotFound, with the command that lists them."""

    async def scenario(store: Store) -> None:
        with pytest.raises(JobNotFound, match="rushes jobs"):
            await store.job("nothing")
        assert await store.events(job_id="nothing") == []
        assert await store.entries("nothing") == []
        assert await store.submissions("nothing") == []

    run(path, scenario)


async def fill_mixed(store: Store) -> None:
    await store.insert(make_job(1, state="running", expires_at=50.0, task_id="t1"))
    await store.insert(make_job(2, state="running", expires_at=90.0, provider="aivideomaker"))
    await store.insert(make_job(3, state="failed", expires_at=40.0, credential="key-b"))
    await store.insert(make_job(4, state="uncertain", sandbox=True, model="mediaio/wan-2.6"))
    await store.insert(make_job(5, state="succeeded", created_at=1.0))
    second = Submission(
        job_id="job-000004",
        attempt=1,
        owner="me",
        claim=1,
        credential="key-a",
        idempotency_key=None,
        method="POST",
        url="u",
        at=1.0,
        task_id="t4",
    )
    await store.apply(change("job-000004", submission=second))


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"states": frozenset({"running", "failed"})}, [3, 2, 1]),
        ({"states": frozenset({"running"})}, [2, 1]),
        ({"states": frozenset()}, []),
        ({"provider": "aivideomaker"}, [2]),
        ({"model": "mediaio/wan-2.6"}, [4]),
        ({"sandbox": True}, [4]),
        ({"sandbox": False}, [5, 3, 2, 1]),
        ({"credential": "key-b"}, [3]),
        ({"task_id": "t1"}, [1]),
        ({"task_id": "t4"}, [4]),
        ({"since": 1003.0}, [4, 3]),
        ({"expires_before": 60.0}, [3, 1]),
        ({"expires_before": 60.0, "states": frozenset({"running"})}, [1]),
        ({"before": "job-000003"}, [2, 1]),
        ({"before": "job-000003", "limit": 1}, [2]),
        ({"limit": 2}, [5, 4]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_filter_lists_what_it_says(path: Path, wanted: dict[str, Any], numbers: list[int]) -> None:
    """Each filter lists the jobs that fit, the last inserted first; count agrees."""

    async def scenario(store: Store) -> None:
        await fill_mixed(store)
        jobs = await store.jobs(Filter(**wanted))
        assert [job.id for job in jobs] == [make_job(number).id for number in numbers]
        assert jobs == [await store.job(job.id) for job in jobs]
        if "limit" not in wanted:
            assert sum((await store.count(Filter(**wanted))).values()) == len(numbers)

    run(path, scenario)


def test_count_is_by_state_and_without_the_limit(path: Path) -> None:
    """Counting ignores the limit and names only states that occur."""

    async def scenario(store: Store) -> None:
        await fill_mixed(store)
        counted = await store.count(Filter(limit=1))
        assert counted == {"running": 2, "failed": 1, "uncertain": 1, "succeeded": 1}

    run(path, scenario)


def test_pages_by_cursor_meet_every_job_once(path: Path) -> None:
    """Walking by the last id of each page lists all jobs, whatever is inserted meanwhile."""

    async def scenario(store: Store) -> None:
        for number in range(25):
            await store.insert(make_job(number, created_at=50.0))
        seen: list[str] = []
        cursor = None
        while page := await store.jobs(Filter(limit=10, before=cursor)):
            seen += [job.id for job in page]
            cursor = seen[-1]
            await store.insert(make_job(100 + len(seen), created_at=50.0))
        assert seen == [make_job(number).id for number in reversed(range(25))]

    run(path, scenario)


def test_unknown_cursor_is_not_found(path: Path) -> None:
    """A cursor that no job has is an error, not an empty page."""

    async def scenario(store: Store) -> None:
        with pytest.raises(JobNotFound, match="nothing"):
            await store.jobs(Filter(before="nothing"))

    run(path, scenario)


def test_events_go_on_after_a_number(path: Path) -> None:
    """Events are read on from the last number seen, of all jobs or of one."""

    async def scenario(store: Store) -> None:
        for number in (1, 2):
            await store.insert(make_job(number))
            await store.apply(change(make_job(number), kind="note", data={"n": number}))
        everything = await store.events()
        assert [event.seq for event in everything] == [1, 2, 3, 4]
        assert await store.events(after=2) == everything[2:]
        assert await store.events(after=1, limit=2) == everything[1:3]
        assert await store.events(job_id="job-000002") == everything[2:]
        assert await store.events(job_id="job-000001", after=1) == everything[1:2]
        assert everything[3].data == {"n": 2}

    run(path, scenario)


def test_owned_tasks_are_those_of_jobs_and_submissions(path: Path) -> None:
    """A task is ours when a job or one of its submissions has it, at that provider."""

    async def scenario(store: Store) -> None:
        await fill_mixed(store)
        asked = ["t1", "t4", "t9"]
        assert await store.tasks_owned("mediaio", asked) == {"t1", "t4"}
        assert await store.tasks_owned("aivideomaker", asked) == set()
        assert await store.tasks_owned("mediaio", []) == set()

    run(path, scenario)
