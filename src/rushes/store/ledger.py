"""What the ledger's entries add up to, for one job and under a cap."""

from collections.abc import Iterable, Sequence

import apsw
from msgspec.structs import replace

from rushes.errors import BudgetExceeded
from rushes.store.job import Cap, Change, Credits, Entry, Job

_QUARTER = 900
"""Seconds. Midnight in every time zone is the beginning of a quarter of an hour."""


def book(sums: Credits, entries: Iterable[Entry]) -> Credits:
    """Return the sums after some entries.

    A charge or a release settles the whole reservation, whatever its amount; a later reserve
    opens a new one. Raises ValueError for negative credits.
    """
    for entry in entries:
        if entry.credits < 0:
            raise ValueError(f"an entry's credits are never negative: {entry.credits}")
        match entry.kind:
            case "reserve":
                sums = replace(sums, reserved=sums.reserved + entry.credits)
            case "release":
                sums = replace(sums, reserved=0)
            case "charge":
                sums = replace(sums, reserved=0, charged=(sums.charged or 0) + entry.credits)
            case "refund":
                sums = replace(sums, refunded=sums.refunded + entry.credits)
    return sums


def with_refund(job: Job, change: Change) -> tuple[Entry, ...]:
    """Return a change's entries, and one for what the provider gave back and is not booked."""
    if change.refunded is None:
        return change.entries
    sums = book(job.credits, change.entries)
    more = min(change.refunded, sums.charged or 0) - sums.refunded
    if more <= 0:
        return change.entries
    entry = Entry(job_id=job.id, at=change.at, kind="refund", credits=more, source="provider")
    return (*change.entries, entry)


def exposure(sums: Credits) -> int:
    """Return what a job counts under a cap: what is reserved, and what was charged and kept."""
    return sums.reserved + max(0, (sums.charged or 0) - sums.refunded)


def check_caps(connection: apsw.Connection, job: Job, caps: Sequence[Cap]) -> None:
    """Raise BudgetExceeded when a job that is not stored yet would pass one of the caps."""
    asked = exposure(job.credits)
    for cap in caps:
        if asked == 0 or cap.credential not in (None, job.credential):
            continue
        used = _used(connection, cap, sandbox=job.sandbox)
        if used + asked > cap.limit:
            raise BudgetExceeded(
                f"This would pass the cap {cap.name!r}: limit {cap.limit} credits,"
                f" used {used}, asked {asked}.",
                next_step=cap.next_step
                or "Ask for something cheaper, raise the cap, or see what is spent: rushes spend",
                provider=job.provider,
                model=job.model,
            )


def _used(connection: apsw.Connection, cap: Cap, *, sandbox: bool) -> int:
    """Sum the jobs made since `cap.since`: whole quarters from `spend`, the broken one by job."""
    first, broken = divmod(cap.since, _QUARTER)
    whole = int(first) + (1 if broken else 0)
    used = connection.execute(
        "SELECT coalesce(sum(credits), 0) FROM spend"
        " WHERE sandbox = ?1 AND quarter >= ?2 AND (?3 IS NULL OR credential = ?3)",
        (sandbox, whole, cap.credential),
    ).get
    if broken:
        used += connection.execute(
            "SELECT coalesce(sum(reserved + max(0, coalesce(charged, 0) - refunded)), 0)"
            " FROM jobs"
            " WHERE created_at >= ?1 AND created_at < ?2 AND sandbox = ?3"
            " AND (?4 IS NULL OR credential = ?4)",
            (cap.since, whole * _QUARTER, sandbox, cap.credential),
        ).get
    return int(used)


def move(connection: apsw.Connection, before: Job | None, after: Job) -> None:
    """Bring the sums of a job's quarter up to date after its credits or credential changed."""
    old = exposure(before.credits) if before else 0
    if before and old:
        connection.execute(
            "UPDATE spend SET credits = credits - ?"
            " WHERE sandbox = ? AND quarter = ? AND credential = ?",
            (old, *_place(before)),
        )
    new = exposure(after.credits)
    if new:
        connection.execute(
            "INSERT INTO spend (credits, sandbox, quarter, credential) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET credits = credits + excluded.credits",
            (new, *_place(after)),
        )


def _place(job: Job) -> tuple[bool, int, str]:
    return job.sandbox, int(job.created_at // _QUARTER), job.credential
