"""What a person decides about a job of which nobody knows whether its task was created."""

import msgspec

from rushes.engine import money
from rushes.engine.credentials import Credential
from rushes.engine.exchange import query
from rushes.engine.house import House
from rushes.engine.outcomes import created
from rushes.engine.settle import sender_is_gone
from rushes.engine.view import view
from rushes.errors import (
    IdempotencyConflict,
    InvalidPayload,
    Problem,
    SubmissionUncertain,
    TaskNotFound,
    error_class,
)
from rushes.providers.base import NoTask, Task, Trouble
from rushes.store.job import Change, Entry, Job
from rushes.store.protocol import Stale


def check_one(*, found: str | None, resend: bool, give_up: bool) -> None:
    """Raise InvalidPayload unless exactly one decision is given."""
    if (found is not None) + resend + give_up != 1:
        message = "Give one decision: found (a task's id), resend, or give_up."
        raise InvalidPayload(message, problems=[Problem("decision", message)])


async def found(house: House, job: Job, task_id: str) -> Job:
    """Give a job the task that a person found at the provider; its word is asked first.

    Raises TaskNotFound, IdempotencyConflict when another job has that task, or what the query met.
    """
    _check_uncertain(job)
    credential = house.credential(job)
    task = await _look_up(house, credential, job, task_id)
    at = house.clock.now()
    change = created(house, job, task.id, task.credits_charged, at)
    change = msgspec.structs.replace(
        change,
        expect=frozenset({"uncertain"}),
        free_task=task.id,
        data={"task_id": task.id, "found_by": "its user"},
    )
    try:
        job = await house.store.apply(change)
    except Stale as stale:
        _check_uncertain(stale.job)
        raise IdempotencyConflict(
            f"Task {task_id} belongs to another job.",
            next_step="List the jobs with: rushes jobs",
            provider=job.provider,
            job_id=job.id,
            task_id=task_id,
        ) from None
    return await view(house, job, task)


async def _look_up(house: House, credential: Credential, job: Job, task_id: str) -> Task:
    answer = await query(house, credential, credential.adapter.query(task_id))
    if isinstance(answer, Task):
        return answer
    kind = TaskNotFound if isinstance(answer, NoTask) else error_class(answer.code)
    said = answer.message if isinstance(answer, Trouble) else ""
    raise kind(
        f"{credential.provider.title} shows no task {task_id} under this job's key. {said}".strip(),
        next_step="Check the id; the job stays uncertain.",
        provider=job.provider,
        job_id=job.id,
        task_id=task_id,
    )


async def resend(house: House, job: Job) -> Job:
    """Let the very same bytes go out once more: on a person's word it may be paid twice.

    Refused while the process that sent it may still be alive.
    """
    _check_uncertain(job)
    submissions = await house.store.submissions(job.id)
    last = submissions[-1] if submissions else None
    # This very process may be sending: it lost the job while it waits for the answer.
    here = last is not None and last.outcome is None and last.owner == house.owner
    if last is not None and (here or not await sender_is_gone(house, last)):
        raise SubmissionUncertain(
            f"The process that sent job {job.id} ({last.owner}) may still be alive, "
            "and may still send it.",
            next_step="End that process first, then run the command again.",
            job_id=job.id,
            provider=job.provider,
        )
    at = house.clock.now()
    return await _apply(
        house,
        Change(
            job_id=job.id,
            to="queued",
            expect=frozenset({"uncertain"}),
            fields={"next_at": at, "error": None},
            data={"message": "sent again on its user's word"},
            at=at,
        ),
    )


async def give_up(house: House, job: Job) -> Job:
    """End a job without knowing: what was set aside is booked as taken, which it may have been."""
    _check_uncertain(job)
    at = house.clock.now()
    entries: tuple[Entry, ...] = ()
    if job.credits.reserved:
        entries = (
            Entry(
                job_id=job.id,
                at=at,
                kind="charge",
                credits=job.credits.reserved,
                source="assumed",
                note="given up by its user while uncertain",
            ),
        )
    given_up = SubmissionUncertain(
        f"Given up by its user; nobody knows whether {job.provider} created this task.",
        next_step=f"A task that turns up can be adopted: rushes jobs adopt {job.provider} TASK_ID",
        billed="unknown",
    )
    return await _apply(
        house,
        Change(
            job_id=job.id,
            to="failed",
            expect=frozenset({"uncertain"}),
            fields={"finished_at": at, "error": given_up.as_dict()},
            entries=entries or money.release(job, at, "given up by its user"),
            data={"message": "given up by its user"},
            at=at,
        ),
    )


def _check_uncertain(job: Job) -> None:
    if job.state == "uncertain":
        return
    message = f"Job {job.id} is {job.state}: only an uncertain job needs a decision."
    raise InvalidPayload(
        message,
        problems=[Problem("job", message, job.id)],
        next_step=f"See it with: rushes jobs show {job.id}",
        job_id=job.id,
        provider=job.provider,
    )


async def _apply(house: House, change: Change) -> Job:
    try:
        return await house.store.apply(change)
    except Stale as stale:
        _check_uncertain(stale.job)
        raise
