"""Keys that are not here: how long nobody could look at their jobs, which moves the deadlines.

From when until when a key was absent is kept in the store under its fingerprint. How far a job's
deadline has been moved is read from its events, so that no absence counts twice.
"""

import msgspec

from rushes.engine.house import House
from rushes.engine.view import WATCHED
from rushes.store.job import Change, Job
from rushes.store.protocol import Stale, Store

KIND = "deadline-moved"
KEPT = 50
LEAST = 1.0
"""Seconds; less is not worth an event."""

Absences = list[tuple[float, float | None]]


async def absences(store: Store, fingerprint: str) -> Absences:
    """Return from when until when a key was absent; None: it still is."""
    told = await store.recall(_fact(fingerprint))
    return msgspec.json.decode(told, type=Absences) if told else []


async def begin(store: Store, fingerprint: str, now: float) -> None:
    """Take note that a key is absent, if that is not known."""
    known = await absences(store, fingerprint)
    if not known or known[-1][1] is not None:
        await _keep(store, fingerprint, [*known, (now, None)])


async def end(store: Store, fingerprint: str, now: float) -> None:
    """Take note that a key is here again, if it was absent."""
    known = await absences(store, fingerprint)
    if known and known[-1][1] is None:
        await _keep(store, fingerprint, [*known[:-1], (known[-1][0], now)])


async def catch_up(house: House, job: Job, known: Absences) -> Job:
    """Move the deadline of a job of ours by the time for which its key was absent."""
    if not known or job.deadline_at is None or job.submitted_at is None:
        return job
    now, submitted = house.clock.now(), job.submitted_at
    absent = sum(max(0.0, (until or now) - max(since, submitted)) for since, until in known)
    if absent < LEAST:
        return job
    events = await house.store.events(job_id=job.id, limit=100_000)
    absent -= sum(float(event.data["seconds"]) for event in events if event.kind == KIND)
    if absent < LEAST:
        return job
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                expect=WATCHED,
                fence=house.fence(job),
                fields={"deadline_at": job.deadline_at + absent},
                kind=KIND,
                data={"seconds": absent, "message": "for so long its key was not here"},
                at=now,
            )
        )
    except Stale as stale:
        return stale.job


async def _keep(store: Store, fingerprint: str, known: Absences) -> None:
    await store.remember(_fact(fingerprint), msgspec.json.encode(known[-KEPT:]).decode())


def _fact(fingerprint: str) -> str:
    return f"absent {fingerprint}"
