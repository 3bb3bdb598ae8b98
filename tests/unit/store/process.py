"""A process of its own for the tests: inserts jobs and tells each one that was acknowledged.

    python -m tests.unit.store.process FILE NAME COUNT [before|after NUMBER]

Opens the store, says "ready", waits for a line, then inserts jobs, eight at once. With a moment
and a number it kills itself around the commit of that number.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from rushes.store.sqlite import SqliteStore

from .making import entry, make_job, make_owner


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def work(path: Path, name: str, count: int, death: tuple[str, int] | None) -> None:
    commits = 0

    def hook(moment: str) -> None:
        nonlocal commits
        commits += moment == "before"
        if death == (moment, commits):
            os.kill(os.getpid(), signal.SIGKILL)

    store = SqliteStore(path, on_commit=hook)
    await store.open()
    tell("ready")
    sys.stdin.readline()
    numbers = iter(range(count))

    async def insert() -> None:
        for number in numbers:
            job = make_job(number, id=f"{name}-{number:06d}")
            await store.insert(job, entries=(entry("reserve", 1, job),))
            tell(job.id)
            if number % 50 == 0:
                await store.register(make_owner(name, lease_until=float(number)))

    await asyncio.gather(*(insert() for _ in range(8)))
    await store.close()


if __name__ == "__main__":
    _, file, own_name, how_many, *rest = sys.argv
    asyncio.run(
        work(Path(file), own_name, int(how_many), (rest[0], int(rest[1])) if rest else None)
    )
