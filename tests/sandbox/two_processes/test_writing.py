"""Two processes write hard to one store, in real time."""

from collections.abc import Callable
from pathlib import Path

from rushes.engine.ownership import HEARTBEAT, LEASE
from rushes.sandbox import Sandbox

from .conftest import KEY, Process, jobs_of

PICTURE = {"model": "mediaio/imagen-4", "prompt": "a paper boat"}
SECONDS = 8.0


def test_two_that_write_hard_keep_their_leases_and_nobody_starves(
    sandbox: Sandbox, start: Callable[..., Process], tmp_path: Path
) -> None:
    """One asks in bulk and works, the other asks one by one and lists: both go on all the time."""
    bulk = start("write", seconds=SECONDS, request=PICTURE)
    single = start("ask", seconds=SECONDS, request=PICTURE)
    results = [bulk.result(), single.result()]
    for result in results:
        print(result)  # noqa: T201 - shown by pytest -s: the figures of a real run
        assert 3 * result["longest_write"] <= LEASE
        assert result["heartbeats"] >= SECONDS // HEARTBEAT
        assert result["longest_gap"] < LEASE / 3
        assert result["asked"] >= SECONDS
    jobs = jobs_of(tmp_path / "home")
    assert len(jobs) == sum(result["asked"] for result in results)
    charged = [one.task for one in sandbox.charges(KEY)]
    assert sorted(job.task_id for job in jobs if job.task_id) == sorted(charged)
    assert sandbox.creates(KEY) == len(charged)
