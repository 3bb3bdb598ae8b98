import asyncio
from pathlib import Path
from typing import Any

import apsw
import pytest

from rushes.store import owners
from rushes.store.job import Job
from rushes.store.protocol import Stale, Store
from rushes.store.sqlite import SqliteStore

from .making import change, make_job, make_owner, outcomes, run


async def take(store: Store, owner: str = "me", **given: Any) -> list[str]:
    """Claim with what most tests need; return the ids."""
    return [job.id for job in await claim(store, owner, **given)]


async def claim(store: Store, owner: str = "me", **given: Any) -> list[Job]:
    values: dict[str, Any] = {
        "now": 100.0,
        "states": {"queued", "running"},
        "credentials": {"key-a"},
        "limit": 10,
    }
    return await store.claim(owner, **(values | given))


def test_only_due_jobs_of_asked_states_and_credentials_are_taken(path: Path) -> None:
    """What is not due yet, in another state or of another credential stays."""

    async def scenario(store: Store) -> None:
        jobs = [
            make_job(1, next_at=100.0),
            make_job(2, next_at=100.1),
            make_job(3, state="archiving"),
            make_job(4, credential="key-b"),
            make_job(5, state="running"),
        ]
        for job in jobs:
            await store.insert(job)
        assert await take(store) == ["job-000005", "job-000001"]
        assert await take(store, states=(), now=200.0) == []
        assert await take(store, credentials=(), now=200.0) == []
        assert await take(store, now=200.0) == ["job-000002"]

    run(path, scenario)


def test_soonest_to_expire_goes_first_then_soonest_due(path: Path) -> None:
    """Order is by expiry, jobs without one last, then by when they are due."""

    async def scenario(store: Store) -> None:
        for number, expires_at, next_at in [
            (1, None, 5.0),
            (2, 900.0, 9.0),
            (3, 500.0, 9.0),
            (4, None, 4.0),
            (5, 900.0, 8.0),
        ]:
            await store.insert(make_job(number, expires_at=expires_at, next_at=next_at))
        assert await take(store, limit=2) == ["job-000003", "job-000005"]
        assert await take(store) == ["job-000002", "job-000004", "job-000001"]

    run(path, scenario)


def test_order_holds_across_free_jobs_and_dead_owners(path: Path) -> None:
    """A dead owner's job that expires sooner goes before free ones."""

    async def scenario(store: Store) -> None:
        for number, owner, expires_at in [
            (1, None, 700.0),
            (2, "dead", 600.0),
            (3, "lost", 500.0),
            (4, None, 550.0),
        ]:
            await store.insert(make_job(number, owner=owner, expires_at=expires_at))
        assert await take(store, limit=3) == ["job-000003", "job-000004", "job-000002"]

    run(path, scenario)


def test_claim_grows_and_fences_the_earlier_holder(path: Path) -> None:
    """Who takes a job over from a dead owner makes the earlier one's changes stale."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job())
        await store.register(make_owner("first", lease_until=110.0))
        (held,) = await claim(store, "first")
        assert (held.owner, held.claim) == ("first", 1)
        (taken,) = await claim(store, "second", now=111.0)
        assert (taken.owner, taken.claim) == ("second", 2)
        assert await store.job(taken.id) == taken
        with pytest.raises(Stale) as raised:
            await store.apply(change(fence=("first", held.claim), to="submitting"))
        assert raised.value.job == taken

    run(path, scenario)


def test_lease_decides_who_lives(path: Path) -> None:
    """A job is safe until its owner's lease ends; an owner without a row is dead."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job())
        await store.register(make_owner("first", lease_until=110.0))
        await claim(store, "first")
        assert await take(store, "second", now=109.9) == []
        await store.register(make_owner("first", lease_until=120.0))
        assert await take(store, "second", now=110.0) == []
        assert await take(store, "second", now=120.0) == ["job-000001"]
        assert await take(store, "third", now=0.5) == ["job-000001"]

    run(path, scenario)


def test_held_jobs_are_not_returned_again(path: Path) -> None:
    """An owner gets a job once, even when its own lease has ended."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job())
        await store.register(make_owner("me", lease_until=110.0))
        assert await take(store) == ["job-000001"]
        assert await take(store, now=999.0) == []

    run(path, scenario)


def test_released_jobs_are_free_at_once(path: Path) -> None:
    """Release forgets the owner, frees all its jobs and says how many."""

    async def scenario(store: Store) -> None:
        for number in range(3):
            await store.insert(make_job(number))
        await store.register(make_owner("me", lease_until=1e9))
        await store.register(make_owner("other", lease_until=2e9))
        await take(store, limit=2)
        assert await store.release("me") == 2
        assert [owner.id for owner in await store.owners()] == ["other"]
        assert len(await take(store, "other")) == 3
        assert await store.release("nobody") == 0

    run(path, scenario)


def test_job_let_go_by_its_owner_is_free(path: Path) -> None:
    """A change may let a job go; the next who asks takes it, with a new claim."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job())
        await store.register(make_owner("me", lease_until=1e9))
        await take(store)
        await store.apply(change(fence=("me", 1), fields={"owner": None}))
        (job,) = await claim(store, "other")
        assert (job.owner, job.claim) == ("other", 2)

    run(path, scenario)


def test_owner_is_listed_with_its_latest_lease(path: Path) -> None:
    """Registering again renews; owners whose lease has ended are still listed."""

    async def scenario(store: Store) -> None:
        await store.register(make_owner("a", lease_until=10.0))
        await store.register(make_owner("b", lease_until=20.0))
        await store.register(make_owner("a", lease_until=30.0))
        expected = [make_owner("a", lease_until=30.0), make_owner("b", lease_until=20.0)]
        assert await store.owners() == expected

    run(path, scenario)


def test_racing_owners_share_jobs_without_overlap(path: Path) -> None:
    """Owners that claim at once through two stores get each job exactly once."""

    async def scenario(one: SqliteStore) -> None:
        other = SqliteStore(path)
        await other.open()
        names = [f"owner-{number}" for number in range(8)]
        for number in range(40):
            await one.insert(make_job(number))
        for name in names:
            await one.register(make_owner(name, lease_until=1e9))
        try:
            taken = await asyncio.gather(
                *(
                    take((one, other)[number % 2], name, limit=7)
                    for number, name in enumerate(names)
                )
            )
        finally:
            await other.close()
        together = [job_id for ids in taken for job_id in ids]
        assert sorted(together) == [make_job(number).id for number in range(40)]
        assert not [found for found in await outcomes([take(one, "late")]) if found]

    run(path, scenario)


def test_claim_reads_only_due_jobs_of_nobody(path: Path) -> None:
    """However many jobs run elsewhere or are not due, the index leads past them."""

    async def scenario(store: SqliteStore) -> None:
        def steps(connection: apsw.Connection) -> list[str]:
            arguments = (None, '["running"]', 1.0, '["key-a"]', 5)
            plan = connection.execute(f"EXPLAIN QUERY PLAN {owners._DUE}", arguments)
            holders = connection.execute(f"EXPLAIN QUERY PLAN {owners._DEAD}", ("me", 1.0))
            return [str(row[3]) for row in [*plan, *holders]]

        plan = await store._read(steps)
        assert "SEARCH jobs USING INDEX jobs_due (owner=? AND state=? AND next_at<?)" in plan
        assert "SEARCH jobs USING COVERING INDEX jobs_due (owner>?)" in plan
        assert not [step for step in plan if step.startswith("SCAN jobs")]

    run(path, scenario)
