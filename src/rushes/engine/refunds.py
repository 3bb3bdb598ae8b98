"""Watches for what a provider gives back after a job has ended badly.

A job that failed or was canceled, and was charged, stays open until its charge is refunded in
full, or for 48 hours. Refunds are read from the provider's list of tasks: one query for all.
"""

from rushes.engine.credentials import Credential
from rushes.engine.exchange import query
from rushes.engine.house import House
from rushes.providers.base import Task, Trouble
from rushes.store.job import Change, Job
from rushes.store.protocol import Filter

OPEN_FOR = 48 * 3600.0
LOOK_EVERY = 300.0
BY_ID = 10


async def look(house: House, credential: Credential) -> int:
    """Look once at all open charges of a credential; returns how many are still open."""
    watched = await open_jobs(house, credential)
    listing = credential.adapter.tasks()
    if not watched or listing is None:
        return 0
    listed = await query(house, credential, listing)
    shown = {} if isinstance(listed, Trouble) else {task.id: task for task in listed}
    unlisted = [job for job in watched if job.task_id not in shown][:BY_ID]
    for job in unlisted:
        found = await query(house, credential, credential.adapter.query(str(job.task_id)))
        if isinstance(found, Task):
            shown[found.id] = found
    still_open = 0
    for job in watched:
        task = shown.get(str(job.task_id))
        if task is None or not await _book(house, job, task):
            still_open += 1
    return still_open


async def open_jobs(house: House, credential: Credential) -> list[Job]:
    """List the jobs of a credential that ended badly, and were charged for."""
    ended = await house.store.jobs(
        Filter(
            states=frozenset({"failed", "canceled"}),
            credential=credential.fingerprint,
            since=house.clock.now() - OPEN_FOR,
            limit=1000,
        )
    )
    return [
        job
        for job in ended
        if job.task_id is not None and (job.credits.charged or 0) > job.credits.refunded
    ]


async def _book(house: House, job: Job, task: Task) -> bool:
    """Book what is new; returns whether the charge is now closed."""
    if task.credits_refunded is None or task.credits_refunded <= job.credits.refunded:
        return False
    booked = await house.store.apply(
        Change(
            job_id=job.id,
            expect=frozenset({"failed", "canceled"}),
            kind="refunded",
            refunded=task.credits_refunded,
            data={"credits": task.credits_refunded},
            at=house.clock.now(),
        )
    )
    return booked.credits.refunded >= (booked.credits.charged or 0)
