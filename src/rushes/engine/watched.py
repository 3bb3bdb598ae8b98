"""One task that is looked at, and whose turn it is where only a few can be. Pure."""

import heapq
import math
import sys
from collections.abc import Iterable

import msgspec

from rushes.engine.times import SHORTEST, Times
from rushes.store.job import Job

LONGEST_AFTER_DEADLINE = 3600.0


class Watched:
    """One task that is looked at. Times are in seconds since 1970.

    `first_at` is when it is looked at first, `next_at` when it is next to be asked for by its
    id, `looked_at` when it was last looked at, `unfinished_at` when this showed it unfinished.
    """

    __slots__ = (
        "first_at",
        "job",
        "looked_at",
        "next_at",
        "pause",
        "times",
        "unfinished_at",
        "wish_carried",
    )

    def __init__(self, job: Job, now: float, times: Times, first: float) -> None:
        self.job = slim(job)
        self.times = times
        self.pause = 0.0
        self.unfinished_at = job.seen_at
        self.wish_carried = False
        submitted = job.submitted_at or now
        self.looked_at = submitted
        self.first_at = self.next_at = max(now, submitted + first)

    @property
    def has_wish(self) -> bool:
        """Whether a person's wish to cancel has yet to be carried to the provider."""
        return self.job.cancel_wished_at is not None and not self.wish_carried

    def wait(self, longest: float, now: float) -> float:
        """Return for how long to wait after a look that showed it unfinished."""
        if self.job.state == "timed_out":
            late = now - (self.job.deadline_at or now)
            return min(LONGEST_AFTER_DEADLINE, longest + late / 4)
        self.pause = self.times.pause(now - (self.job.submitted_at or now), self.pause)
        return self.pause


def slim(job: Job) -> Job:
    """Return a job without what watching has no use for: many thousands may be held at once."""
    return msgspec.structs.replace(
        job,
        request={},
        digest="",
        request_id=None,
        idempotency_key="",
        output_dir=None,
        provider=sys.intern(job.provider),
        model=sys.intern(job.model),
        credential=sys.intern(job.credential),
        owner=None if job.owner is None else sys.intern(job.owner),
        status=None if job.status is None else sys.intern(job.status),
    )


def together(pauses: Iterable[float], shortest: float) -> float:
    """Return how long to wait between queries that each look at all of some tasks.

    The pauses are those of the tasks alone. A query that looks at many is worth more: the pause
    goes with the square root of their number, as with that of how likely an end is. (Looks at a
    thousand tasks are worth it at any budget, so the sum need not be finished.)
    """
    worth, enough = 0.0, 1.0 / shortest**2
    for pause in pauses:
        worth += 1.0 / max(pause, SHORTEST) ** 2
        if worth >= enough:
            return shortest
    return 1.0 / math.sqrt(worth) if worth else math.inf


def turns(waiting: list[Watched], now: float, gap: float, most: int) -> list[Watched]:
    """Choose which tasks are asked for by id, `most` at most, a query every `gap` seconds.

    In turn: who has not been looked at for longest. Tasks are first looked at in the order in
    which they expire, so that this order stays. Only one whose output might expire before its
    turn comes goes first, and never with more than every other query: nobody starves.
    """
    due = [one for one in waiting if one.next_at <= now]
    fair = heapq.nsmallest(most, due, key=lambda one: (one.looked_at, _expiry(one)))
    too_late = now + 2 * gap * len(waiting)
    urgent = heapq.nsmallest(most, (one for one in due if _expiry(one) < too_late), key=_expiry)
    chosen: dict[int, Watched] = {}
    for one, other in zip(fair, urgent + fair, strict=False):
        chosen.setdefault(id(other), other)
        chosen.setdefault(id(one), one)
    return list(chosen.values())[:most]


def _expiry(one: Watched) -> float:
    expires_at = one.job.expires_at
    return math.inf if expires_at is None else expires_at
