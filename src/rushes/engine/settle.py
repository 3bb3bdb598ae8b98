"""Finds out, by evidence, what became of a submission whose answer was lost.

What counts: a task that the provider lists with our idempotency key. Where the provider lists
nothing, nobody can know, and the job waits for a person's decision.
"""

import msgspec

from rushes.engine.exchange import query
from rushes.engine.house import House
from rushes.engine.submit import NEVER, created
from rushes.engine.view import view
from rushes.providers.base import Task, Trouble
from rushes.store.job import Change, Job, Submission
from rushes.store.protocol import Stale

LOOKS = (0.0, 2.0, 5.0, 15.0, 30.0, 60.0, 60.0, 60.0, 120.0, 300.0, 300.0)
"""Pauses in seconds between looks at the provider's list; after the last a person decides."""


async def orphan(house: House, job: Job) -> Job:
    """Judge a `submitting` job whose process is gone: sent or not, nobody knows."""
    at = house.clock.now()
    submissions = await house.store.submissions(job.id)
    message = "the process that sent it ended before it had recorded an answer"
    last = submissions[-1] if submissions else None
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to="uncertain",
                expect=frozenset({"submitting"}),
                fence=house.fence(job),
                fields={
                    "next_at": at,
                    "error": {
                        "code": "SUBMISSION_UNCERTAIN",
                        "message": f"Nobody knows whether {job.provider} created this task: "
                        f"{message}.\nIt is not sent again by itself. See: rushes jobs show "
                        f"{job.id}",
                        "provider_code": None,
                        "trace_id": None,
                        "retry_after": None,
                        "billed": "unknown",
                    },
                },
                submission=_ended(last, message, at),
                data={"message": message},
                at=at,
            )
        )
    except Stale as stale:
        return stale.job


def _ended(last: Submission | None, message: str, at: float) -> Submission | None:
    if last is None or last.outcome is not None:
        return None
    return msgspec.structs.replace(last, outcome="uncertain", message=message, ended_at=at)


async def settle(house: House, job: Job, look: int) -> Job:
    """Look once for evidence. `look` counts the looks of this process, from 0."""
    credential = house.credential(job)
    exchange = credential.adapter.tasks()
    if exchange is None:
        return await _later(house, job, NEVER)
    listed = await query(house, credential, exchange)
    if not isinstance(listed, Trouble):
        ours = [task for task in listed if task.idempotency_key == job.idempotency_key]
        if ours:
            return await _found(house, job, ours[0])
    at = house.clock.now()
    return await _later(house, job, at + LOOKS[look + 1] if look + 1 < len(LOOKS) else NEVER)


async def _found(house: House, job: Job, task: Task) -> Job:
    at = house.clock.now()
    change = created(house, job, task.id, task.credits_charged, at)
    change = msgspec.structs.replace(change, data={"task_id": task.id, "found": "in the list"})
    try:
        job = await house.store.apply(change)
    except Stale as stale:
        return stale.job
    return await view(house, job, task)


async def _later(house: House, job: Job, next_at: float) -> Job:
    at = house.clock.now()
    kind = "needs-decision" if next_at >= NEVER else "settling"
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                expect=frozenset({"uncertain"}),
                fence=house.fence(job),
                fields={"next_at": next_at},
                kind=kind,
                at=at,
            )
        )
    except Stale as stale:
        return stale.job
