"""Measures the SQLite store: durable inserts, chains of changes, claims among many jobs, reads.

    python benchmarks/store.py [--folder DIR] [--jobs N]

Each insert is a job's row, its event and a ledger entry; every figure is of commits that have
reached the disk of the folder.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rushes.store.job import Cap, Change, Entry, Job, Owner, Quote, Submission
from rushes.store.protocol import Filter
from rushes.store.sqlite import SqliteStore


def make_job(number: int) -> Job:
    return Job(
        id=f"job-{number:012d}",
        provider="sandbox",
        model="mediaio/kling-3.0",
        credential="fingerprint",
        request={"prompt": "a paper boat in a storm", "duration": 5, "resolution": "720p"},
        digest="0" * 64,
        request_id=f"request-{number}",
        idempotency_key=f"key-{number:032d}",
        quote=Quote(credits=30, source="table"),
        created_at=1_000_000_000.0 + number / 100,
    )


def reserve(job_id: str) -> Entry:
    return Entry(job_id=job_id, at=1.0, kind="reserve", credits=30, source="quote")


async def timed(
    name: str, total: int, width: int, act: Callable[[int], Awaitable[object]], *, writes: int = 1
) -> None:
    """Run `act` for each number in `width` coroutines; print calls a second and delays."""
    numbers = iter(range(total))
    delays: list[float] = []

    async def run() -> None:
        for number in numbers:
            begun = time.perf_counter()
            await act(number)
            delays.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(width)))
    seconds = time.perf_counter() - begun
    cuts = statistics.quantiles(delays, n=100)
    print(
        f"{name:<46} {total * writes / seconds:>9,.0f}/s  p50 {cuts[49] * 1e3:6.2f} ms"
        f"  p99 {cuts[98] * 1e3:6.2f} ms  worst {max(delays) * 1e3:6.1f} ms"
    )


async def measure(folder: Path, jobs: int) -> None:
    store = SqliteStore(folder / "store.db")
    await store.open()
    caps = (Cap(name="day", limit=10**12, since=0.0),)

    async def insert(number: int) -> None:
        job = make_job(number)
        await store.insert(job, entries=(reserve(job.id),), caps=caps)

    async def chain(number: int) -> None:
        job_id = make_job(number).id
        submission = Submission(
            job_id=job_id,
            attempt=1,
            owner="me",
            claim=1,
            credential="fingerprint",
            idempotency_key="key",
            method="POST",
            url="https://provider.example/create",
            body=b"x" * 400,
            at=2.0,
        )
        await store.apply(Change(job_id=job_id, to="submitting", submission=submission, at=2.0))
        await store.apply(
            Change(job_id=job_id, to="running", fields={"next_at": 2e9, "task_id": job_id}, at=3.0)
        )
        charge = Entry(job_id=job_id, at=4.0, kind="charge", credits=30, source="provider")
        await store.apply(Change(job_id=job_id, to="archiving", entries=(charge,), at=4.0))

    async def heartbeat(number: int) -> None:
        await store.register(
            Owner(id="me", host="here", pid=1, lock="lock", lease_until=1e9 + number)
        )

    async def claim(number: int) -> None:
        await store.claim(
            "me", now=1e9, states={"queued", "running"}, credentials={"fingerprint"}, limit=16
        )

    async def read(number: int) -> None:
        await store.job(make_job(number).id)

    async def newest(number: int) -> None:
        await store.jobs(Filter(limit=20))

    async def changed(number: int) -> None:
        await store.watch_changes()

    await timed("insert, 32 coroutines, one cap", jobs, 32, insert)
    await timed("insert, 1 coroutine", 500, 1, lambda number: insert(jobs + number))
    await timed("apply (chains of 3), 32 coroutines", jobs // 2, 32, chain, writes=3)
    await timed("heartbeat, 1 coroutine", 500, 1, heartbeat)
    await timed(f"claim 16 of the {jobs // 2:,} due, the rest not due", 100, 1, claim)
    await timed("read a job, 8 coroutines", 5_000, 8, read)
    await timed("list the 20 newest", 500, 1, newest)
    await timed("watch_changes", 5_000, 1, changed)
    hammer = subprocess.Popen(  # noqa: ASYNC220 - it only starts
        [sys.executable, __file__, "--hammer", store.path], stdout=subprocess.PIPE
    )
    assert hammer.stdout is not None
    await asyncio.to_thread(hammer.stdout.readline)
    writing = asyncio.create_task(
        timed("insert, 32 coroutines, two processes", 10_000, 32, lambda n: insert(10**7 + n))
    )
    while not writing.done():
        await timed("heartbeat, two processes writing hard", 200, 1, heartbeat)
    await writing
    hammer.kill()
    hammer.wait()
    await store.close()


async def write_hard(path: Path) -> None:
    """Insert until killed."""
    store = SqliteStore(path)
    await store.open()
    print("ready", flush=True)
    numbers = iter(range(10**6, 10**7))

    async def run() -> None:
        for number in numbers:
            await store.insert(make_job(number))

    await asyncio.gather(*(run() for _ in range(32)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--hammer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hammer:
        asyncio.run(write_hard(options.hammer))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        asyncio.run(measure(Path(folder), options.jobs))


if __name__ == "__main__":
    main()
