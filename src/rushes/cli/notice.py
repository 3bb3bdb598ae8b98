"""Jobs that go wrong unseen: nobody watches them, or their files do not come."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.cli.common import Common
from rushes.cli.failures import say
from rushes.cli.output import ago, span

if TYPE_CHECKING:
    from rushes.store.job import Job
    from rushes.store.protocol import Filter

SOON = 6 * 3600.0
"""Seconds before the provider deletes outputs from which on every command says so."""

LATE = 300.0
"""Seconds after which a finished job's files should be here, whoever fetches them."""

SHOWN = 5


def peek(home: Path, wanted: "Filter", *, unwatched: bool = False) -> "list[Job]":
    """Read jobs, or only those that no living process watches; nothing is written."""
    path = home / "rushes.sqlite3"
    if not path.is_file():
        return []
    import apsw

    from rushes.store import owners, queries

    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            jobs = queries.jobs(connection, wanted)
            if not jobs or not unwatched:
                return jobs
            now = time.time()
            living = {one.id for one in owners.owners(connection) if one.lease_until > now}
            return [job for job in jobs if job.owner not in living]
        finally:
            connection.close()
    except Exception:  # noqa: BLE001 - whatever is wrong with the store, the command itself says
        return []


def expiring(home: Path) -> "list[Job]":
    """Return unfinished jobs whose outputs go soon and that nobody watches."""
    if not (home / "rushes.sqlite3").is_file():
        return []
    from rushes.store.job import ACTIVE
    from rushes.store.protocol import Filter

    horizon = time.time() + SOON
    return peek(home, Filter(states=ACTIVE, expires_before=horizon, limit=20), unwatched=True)


def archiving(home: Path) -> "list[Job]":
    """Return jobs whose files should have come by now: nobody fetches them, or not for long."""
    from rushes.store.protocol import Filter

    wanted = Filter(states=frozenset({"archiving"}), limit=1000)
    left = {job.id for job in peek(home, wanted, unwatched=True)}
    late = time.time() - LATE
    return [
        job
        for job in peek(home, wanted)
        if job.id in left or (job.seen_at or job.created_at) < late
    ]


def show_expiring(common: Common) -> None:
    """Say which jobs need to be taken up soon, and how."""
    if common.quiet:
        return
    jobs = expiring(common.config().home)
    if not jobs:
        return
    say("Nobody watches these jobs, and their provider soon deletes what they made:", fg="yellow")
    now = time.time()
    for job in jobs[:SHOWN]:
        left = (job.expires_at or now) - now
        when = f"in {span(left)}" if left > 0 else "any moment (its time is over)"
        say(f"  {job.id}  {job.model}  asked {ago(job.created_at, now)} ago, deleted {when}")
    if len(jobs) > SHOWN:
        say(f"  and {len(jobs) - SHOWN} more")
    say("Fetch them with: rushes jobs resume")
