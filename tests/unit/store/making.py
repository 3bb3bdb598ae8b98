"""Makes the records that the store's tests need, and runs a scenario against an open store."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw

from rushes.store.database import load_migrations
from rushes.store.job import Change, Entry, EntryKind, Job, Owner
from rushes.store.sqlite import SqliteStore

T = TypeVar("T")


def make_job(number: int = 1, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": f"job-{number:06d}",
        "provider": "mediaio",
        "model": "mediaio/kling-3.0",
        "credential": "key-a",
        "request": {"prompt": "a paper boat", "duration": 5},
        "digest": "digest-a",
        "idempotency_key": f"idempotency-{number}",
        "created_at": 1000.0 + number,
    }
    return Job(**(values | fields))


def entry(kind: EntryKind, credits: int, job: str | Job = "job-000001") -> Entry:
    job_id = job if isinstance(job, str) else job.id
    return Entry(job_id=job_id, at=1.0, kind=kind, credits=credits, source="quote")


def change(job: str | Job = "job-000001", **fields: Any) -> Change:
    return Change(job_id=job if isinstance(job, str) else job.id, **({"at": 5.0} | fields))


def make_owner(name: str, *, lease_until: float) -> Owner:
    return Owner(id=name, host="here", pid=1, lock=f"/locks/{name}", lease_until=lease_until)


def run(path: Path, scenario: Callable[[SqliteStore], Awaitable[T]], **options: Any) -> T:
    """Open the store at `path`, run the scenario, close the store."""

    async def whole() -> T:
        store = SqliteStore(path, **options)
        await store.open()
        try:
            return await scenario(store)
        finally:
            await store.close()

    return asyncio.run(whole())


def in_memory() -> apsw.Connection:
    """Return a connection with the store's layout, for the functions beneath the store."""
    connection = apsw.Connection(":memory:")
    connection.execute("PRAGMA foreign_keys = ON")
    for migration in load_migrations():
        connection.execute(migration)
    return connection


async def outcomes(attempts: Sequence[Awaitable[T]]) -> list[T | BaseException]:
    """Run all at once; a failure stands in its place."""
    return await asyncio.gather(*attempts, return_exceptions=True)
