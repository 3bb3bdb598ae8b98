import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rushes.store.job import Credits, Job
from rushes.store.protocol import Filter, Store
from rushes.store.sqlite import SqliteStore

from .making import run

ROOT = Path(__file__).parents[3]


def start(path: Path, name: str, count: int, *death: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.store.process", str(path), name, str(count)]
        + [str(part) for part in death],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def release(process: subprocess.Popen[str]) -> None:
    """Wait until the process has opened the store, then let it go on."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> set[str]:
    """Wait for the end, and return the jobs that the process was told are stored."""
    out, _ = process.communicate(timeout=60)
    return set(out.split())


def stored(path: Path) -> set[str]:
    """Return the stored jobs, having checked that each is whole and the file sound."""

    async def scenario(store: SqliteStore) -> list[Job]:
        assert await store._read(lambda db: db.execute("PRAGMA integrity_check").get) == "ok"
        jobs = await store.jobs(Filter(limit=100_000))
        for job in jobs:
            assert [event.kind for event in await store.events(job_id=job.id)] == ["queued"]
            assert [entry.credits for entry in await store.entries(job.id)] == [1]
            assert job.credits == Credits(reserved=1)
        return jobs

    return {job.id for job in run(path, scenario)}


def test_processes_write_one_file_and_lose_nothing(path: Path) -> None:
    """Processes that make the file and write it at the same time store every job."""
    processes = {name: start(path, name, 300) for name in ("one", "two")}
    for process in processes.values():
        release(process)
    told = {name: finish(process) for name, process in processes.items()}
    assert [process.returncode for process in processes.values()] == [0, 0]
    expected = {name: {f"{name}-{number:06d}" for number in range(300)} for name in processes}
    assert told == expected
    assert stored(path) == expected["one"] | expected["two"]

    async def leases(store: Store) -> dict[str, float]:
        return {owner.id: owner.lease_until for owner in await store.owners()}

    assert run(path, leases) == {"one": 250.0, "two": 250.0}


def test_killed_writer_keeps_what_it_acknowledged(path: Path) -> None:
    """After SIGKILL at any moment, all that was acknowledged is there, and nothing in halves."""
    process = start(path, "one", 100_000)
    release(process)
    assert process.stdout is not None
    told = {process.stdout.readline().strip() for _ in range(200)}
    process.kill()
    told |= finish(process)
    assert process.returncode == -signal.SIGKILL
    found = stored(path)
    assert told <= found
    assert len(found - told) <= 8


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_around_a_commit_decides_what_is_kept(path: Path, moment: str) -> None:
    """Killed before a commit its jobs are gone; right after it they are kept, though untold."""
    process = start(path, "one", 1, moment, 1)
    release(process)
    assert finish(process) == set()
    assert process.returncode == -signal.SIGKILL
    assert stored(path) == ({"one-000000"} if moment == "after" else set())


def test_others_go_on_after_a_death(path: Path) -> None:
    """A process that dies while it holds the lock does not keep the others from writing."""
    dying = start(path, "one", 300, "before", 5)
    living = start(path, "two", 300)
    for process in (dying, living):
        release(process)
    told = finish(dying) | finish(living)
    assert (dying.returncode, living.returncode) == (-signal.SIGKILL, 0)
    found = stored(path)
    assert told <= found
    assert {job_id for job_id in found if job_id.startswith("two")} == {
        f"two-{number:06d}" for number in range(300)
    }
