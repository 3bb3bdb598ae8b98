from pathlib import Path

import pytest
from msgspec.structs import replace

from rushes.errors import IdempotencyConflict, StoreError
from rushes.store.job import Credits, Output, Quote
from rushes.store.protocol import Filter, Store
from rushes.store.sqlite import SqliteStore

from .making import entry, make_job, outcomes, run


def test_inserted_job_is_read_back_whole(path: Path) -> None:
    """Every field of a job survives the way to the file and back, in a new store too."""
    job = make_job(
        sandbox=True,
        request_id="r",
        quote=Quote(credits=30, source="table", note="by length"),
        max_credits=40,
        attempt=2,
        task_id="task",
        status="RUNNING",
        cancel_wished_at=1.5,
        submitted_at=2.5,
        finished_at=3.5,
        deadline_at=4.5,
        expires_at=5.5,
        seen_at=6.5,
        next_at=7.5,
        output_dir="/films",
        error={"code": "OUTPUT_INVALID", "message": "é"},
        differences=({"parameter": "duration", "asked": 5, "came": 4.9},),
        owner="me",
        claim=3,
        outputs=(Output(position=0, url="https://x/1", bytes=7, has_audio=False),),
    )

    async def scenario(store: Store) -> None:
        made = await store.insert(job, entries=(entry("reserve", 30),))
        assert made.new
        assert made.job == replace(job, credits=Credits(reserved=30))

    run(path, scenario)
    assert run(path, lambda store: store.job(job.id)) == replace(job, credits=Credits(reserved=30))


def test_insert_writes_first_event_and_entries(path: Path) -> None:
    """A new job has one event, of its state, and its entries in the ledger."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job(), entries=(entry("reserve", 30),))
        (event,) = await store.events()
        assert (event.kind, event.state, event.job_id) == ("queued", "queued", "job-000001")
        (booked,) = await store.entries("job-000001")
        assert (booked.kind, booked.credits, booked.seq) == ("reserve", 30, 1)

    run(path, scenario)


def test_equal_request_gives_first_job(path: Path) -> None:
    """A request id with an equal digest gives the job that it first made, and books nothing."""

    async def scenario(store: Store) -> None:
        first = await store.insert(make_job(1, request_id="r"), entries=(entry("reserve", 9),))
        second = make_job(2, request_id="r")
        again = await store.insert(second, entries=(entry("reserve", 9, second),))
        assert not again.new
        assert again.job == first.job
        assert await store.count(Filter()) == {"queued": 1}
        assert len(await store.events()) == 1
        assert await store.entries(second.id) == []

    run(path, scenario)


def test_twins_at_once_make_one_job(path: Path) -> None:
    """Of many equal requests at the same moment, through two stores, one makes the job."""

    async def scenario(one: SqliteStore) -> None:
        other = SqliteStore(path)
        await other.open()
        try:
            made = await outcomes(
                [
                    (one, other)[number % 2].insert(make_job(number, request_id="r"))
                    for number in range(40)
                ]
            )
        finally:
            await other.close()
        assert not [found for found in made if isinstance(found, BaseException)]
        assert sum(found.new for found in made if not isinstance(found, BaseException)) == 1
        assert await one.count(Filter()) == {"queued": 1}

    run(path, scenario)


def test_other_request_under_same_id_is_refused(path: Path) -> None:
    """A request id with another digest is a conflict that names the first job."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job(1, request_id="r"))
        with pytest.raises(IdempotencyConflict) as raised:
            await store.insert(make_job(2, request_id="r", digest="digest-b"))
        assert raised.value.job_id == "job-000001"
        assert "rushes jobs show job-000001" in str(raised.value)
        assert await store.count(Filter()) == {"queued": 1}

    run(path, scenario)


def test_request_ids_of_sandbox_and_real_do_not_meet(path: Path) -> None:
    """One request id may stand for a sandbox job and for a real one."""

    async def scenario(store: Store) -> None:
        real = await store.insert(make_job(1, request_id="r"))
        tried = await store.insert(make_job(2, request_id="r", sandbox=True, digest="digest-b"))
        assert (real.new, tried.new) == (True, True)

    run(path, scenario)


def test_jobs_without_request_id_are_never_one(path: Path) -> None:
    """Two equal requests without an id are two jobs."""

    async def scenario(store: Store) -> None:
        assert (await store.insert(make_job(1))).new
        assert (await store.insert(make_job(2))).new

    run(path, scenario)


def test_taken_job_id_is_refused(path: Path) -> None:
    """An id that exists is an error that names it, and the first job stays as it was."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job(1))
        with pytest.raises(StoreError, match="job-000001 is taken"):
            await store.insert(make_job(1, digest="digest-b"))
        assert (await store.job("job-000001")).digest == "digest-a"

    run(path, scenario)


def test_entry_of_another_job_is_refused(path: Path) -> None:
    """An entry must belong to the job that is inserted."""

    async def scenario(store: Store) -> None:
        with pytest.raises(ValueError, match="job-000002"):
            await store.insert(make_job(1), entries=(entry("reserve", 1, "job-000002"),))
        assert await store.count(Filter()) == {}

    run(path, scenario)
