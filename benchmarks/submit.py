"""Measures asking and submitting: `python -m benchmarks.submit [--jobs 3000]`.

1. Durable accepts a second in one process, 32 in parallel: `generate` until it returns.
2. The whole submit, from `generate` until the create's answer is on record, as a share of a bare
   pipeline of three durable commits and one create over a fresh connection, in the same run.

The sandbox runs in a process of its own. Each figure is the median of several rounds; what the
disk and the processor did meanwhile is in both sides of the ratio.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import apsw

from benchmarks.watch.meter import share
from benchmarks.watch.table import Row, show
from benchmarks.watch.world import KEY, PICTURE, World
from rushes.client.aio import AsyncRushes
from rushes.store.database import connect, create_file
from rushes.store.job import State
from rushes.store.protocol import Filter
from rushes.store.writer import Writer

AT_ONCE = 32
ROUNDS = 3
SUBMITS = 1000
SLOW: dict[str, Any] = {"queued_seconds": 3600.0, "jitter": 0.0}
"""No task ends while it is measured."""


async def accepts(home: Path, jobs: int) -> tuple[float, list[float]]:
    """Ask for so many jobs; return accepts a second, and how long each took."""
    took: list[float] = []
    async with AsyncRushes(home=home, allow_unpriced=True) as client:
        await client.generate(PICTURE.model, "the first loads what is loaded once")
        left = iter(range(jobs))

        async def ask() -> None:
            for number in left:
                began = time.perf_counter()
                await client.generate(PICTURE.model, f"a paper boat, number {number}")
                took.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        return jobs / (time.perf_counter() - began), took


async def submits(home: Path, jobs: int) -> float:
    """Ask for so many jobs, each until its task is on record; return submits a second."""
    async with AsyncRushes(home=home, allow_unpriced=True) as client:
        first = await client.generate(PICTURE.model, "the first loads what is loaded once")
        await first.wait_submitted()
        began = time.perf_counter()
        places = asyncio.Semaphore(AT_ONCE)

        async def ask(number: int) -> None:
            async with places:
                await client.generate(PICTURE.model, f"a paper boat, number {number}")

        await asyncio.gather(*(ask(number) for number in range(jobs)))
        running: frozenset[State] = frozenset({"running"})
        count = client.session.store.count
        while (await count(Filter(states=running))).get("running", 0) <= jobs:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return jobs / (time.perf_counter() - began)


async def bare(home: Path, url: str, jobs: int) -> float:
    """Commit three times and create once for each job, with nothing around it."""
    path = home / "bare.sqlite3"
    create_file(path)
    connection = connect(path)
    connection.execute("CREATE TABLE rows (job INTEGER, step INTEGER, data TEXT)")
    writer = Writer(connection, path)
    body = PICTURE.body("a paper boat")
    left = itertools.count()

    def insert(job: int, step: int) -> Any:
        def operation(db: apsw.Connection) -> None:
            db.execute("INSERT INTO rows VALUES (?, ?, ?)", (job, step, "x" * 500))

        return writer.submit(operation)

    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            while (job := next(left)) < jobs:
                await insert(job, 1)
                await insert(job, 2)
                headers = {PICTURE.header: KEY}
                async with session.post(url + PICTURE.path, json=body, headers=headers) as answer:
                    PICTURE.task(await answer.json())
                await insert(job, 3)

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        took = time.perf_counter() - began
    await asyncio.to_thread(writer.stop)
    return jobs / took


async def measure(folder: Path, jobs: int) -> list[Row]:
    """Run all rounds, the two sides of the ratio in turn."""
    asked: list[float] = []
    waits: list[float] = []
    whole: list[float] = []
    plain: list[float] = []
    with World(folder, **SLOW) as world:
        for number in range(ROUNDS):
            home = folder / f"home-{number}"
            home.mkdir()
            os.environ.update(world.environment(home))
            rate, took = await accepts(home, jobs)
            asked.append(rate)
            waits.append(share(took, 0.99))
            for name, found in (("whole", whole), ("bare", plain)):
                other = folder / f"{name}-{number}"
                other.mkdir()
                run = submits(other, SUBMITS) if name == "whole" else bare(
                    other, world.url, SUBMITS
                )  # fmt: skip
                found.append(await run)
    rate, wait = statistics.median(asked), 1000 * statistics.median(waits)
    ratio = statistics.median(one / other for one, other in zip(whole, plain, strict=True))
    return [
        Row("accept", f"durable accepts a second, {AT_ONCE} at once", f"{rate:,.0f}", ">= 2,000",
            rate >= 2000),
        Row("accept", "p99 of one", f"{wait:.1f} ms", "< 30 ms", wait < 30),
        Row("submit", "whole submits a second", f"{statistics.median(whole):,.0f}"),
        Row("submit", "bare pipelines a second", f"{statistics.median(plain):,.0f}"),
        Row("submit", "ratio", f"{ratio:.2f}", ">= 0.6", ratio >= 0.6),
    ]  # fmt: skip


def main() -> None:
    """Measure and print a table; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=3000, help="accepts in each round")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(Path(folder), given.jobs))
    raise SystemExit(0 if show(rows) else 1)


if __name__ == "__main__":
    main()
