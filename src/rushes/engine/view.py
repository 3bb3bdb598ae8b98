"""What one look at a task means for its job."""

from rushes.engine import money
from rushes.engine.credentials import Credential
from rushes.engine.exchange import ask
from rushes.engine.house import House
from rushes.errors import (
    Billed,
    GenerationFailed,
    OutputInvalid,
    RushesError,
    TaskNotFound,
    TimedOut,
    error_class,
)
from rushes.providers.base import CancelAccepted, NoTask, Task, Trouble
from rushes.store.job import Change, Job, Output, State
from rushes.store.protocol import Sample, Stale

WATCHED: frozenset[State] = frozenset({"running", "timed_out"})
LOOKED_AT_AFTER_DEADLINE = 24 * 3600.0
"""How long a timed-out task is still looked at where no retention is published."""


async def view(house: House, job: Job, task: Task, *, unfinished_at: float | None = None) -> Job:
    """Record what a look at a job's task showed. Nothing new changes nothing.

    `unfinished_at` is when the task was last seen unfinished.
    """
    change = _change(house, job, task)
    if change is None:
        return job
    try:
        seen = await house.store.apply(change)
    except Stale as stale:
        return stale.job
    if change.to == "archiving":
        await _learn(house, job, unfinished_at)
    return seen


def _change(house: House, job: Job, task: Task) -> Change | None:
    at = house.clock.now()
    match task.phase:
        case "succeeded":
            return _succeeded(job, task, at)
        case "failed" | "timed_out":
            code = task.code or ("TIMED_OUT" if task.phase == "timed_out" else "GENERATION_FAILED")
            error = _failure(job, code, task)
            return _over(job, task, "failed", error.as_dict(), at)
        case "canceled":
            return _over(job, task, "canceled", None, at)
        case "queued" | "running" | "unknown":
            if task.status == job.status:
                return None
            return Change(
                job_id=job.id,
                expect=WATCHED,
                fields={"status": task.status, "seen_at": at},
                kind="looked",
                data={"status": task.status, "phase": task.phase},
                at=at,
            )


def _succeeded(job: Job, task: Task, at: float) -> Change:
    if not task.outputs:
        error = no_output(job)
        return _over(job, task, "failed", error.as_dict(), at, charged=True)
    outputs = tuple(
        Output(position=position, url=remote.url) for position, remote in enumerate(task.outputs)
    )
    return Change(
        job_id=job.id,
        to="archiving",
        expect=WATCHED,
        fields={"status": task.status, "seen_at": at, "next_at": at, "error": None},
        entries=money.charge(job, task.credits_charged, at),
        outputs=outputs,
        data={"status": task.status, "outputs": len(outputs)},
        at=at,
    )


def no_output(job: Job) -> OutputInvalid:
    """The error of a task that is done and shows no output."""
    return OutputInvalid(
        f"{job.provider} says that task {job.task_id} is done, and shows no output.",
        next_step=f"Look again with: rushes jobs resume {job.id}",
        task_id=job.task_id,
    )


def _over(
    job: Job,
    task: Task,
    to: State,
    error: dict[str, object] | None,
    at: float,
    *,
    charged: bool = False,
) -> Change:
    """End a job without outputs: what is still set aside is released, what was taken is noted."""
    if charged or (task.credits_charged and job.credits.charged is None):
        entries = money.charge(job, task.credits_charged, at)
    else:
        entries = money.release(job, at, f"the task ended as {task.status}")
    return Change(
        job_id=job.id,
        to=to,
        expect=WATCHED,
        fields={"status": task.status, "seen_at": at, "finished_at": at, "error": error},
        entries=entries,
        refunded=task.credits_refunded,
        data={"status": task.status, "message": task.message},
        at=at,
    )


def _failure(job: Job, code: str, task: Task) -> RushesError:
    said = f": {task.message}" if task.message else "."
    steps = {
        "CONTENT_REFUSED": "Change the prompt or the input.",
        "TIMED_OUT": "Run the command again when the provider is less busy.",
    }
    made = error_class(code)(
        f"{job.provider} ended task {task.id} as {task.status}{said}",
        next_step=steps.get(code, "Change the request, or run the command again."),
        task_id=task.id,
        trace_id=task.trace_id,
        provider_code=task.status,
        billed=_billed(job, task),
    )
    return made if made.code != "UNKNOWN_ERROR" else GenerationFailed(made.message)


def _billed(job: Job, task: Task) -> Billed:
    """`no` only on the provider's word: refunded in full, or a figure of nothing charged."""
    charged = task.credits_charged if task.credits_charged is not None else job.credits.charged
    if charged == 0:
        return "no"
    if charged is not None and (task.credits_refunded or 0) >= charged:
        return "no"
    return "unknown"


async def _learn(house: House, job: Job, unfinished_at: float | None) -> None:
    if job.submitted_at is None:
        return
    last_unfinished = unfinished_at if unfinished_at is not None else job.submitted_at
    await house.store.add_sample(
        Sample(
            model=job.model,
            sandbox=job.sandbox,
            unfinished=max(0.0, last_unfinished - job.submitted_at),
            finished=house.clock.now() - job.submitted_at,
            at=house.clock.now(),
        )
    )


async def absent(house: House, job: Job, answer: NoTask) -> Job:
    """Judge a job whose task the provider does not know: nothing changes before the deadline."""
    at = house.clock.now()
    if job.deadline_at is None or at < job.deadline_at:
        return job
    error = TaskNotFound(
        f"{job.provider} knows no task {job.task_id} any more.",
        next_step=f"See: rushes jobs show {job.id}",
        task_id=job.task_id,
        billed="unknown",
    )
    return await _end(house, job, error, at)


async def overdue(house: House, job: Job) -> Job:
    """Mark a job that has passed its deadline, and end it when its retention has passed too."""
    at = house.clock.now()
    if job.deadline_at is None or at < job.deadline_at:
        return job
    last = job.expires_at or 0.0
    if at >= max(last, job.deadline_at + LOOKED_AT_AFTER_DEADLINE):
        error = TimedOut(
            f"{job.provider} has not ended task {job.task_id} in the time for which it keeps "
            "outputs.",
            next_step=f"See: rushes jobs show {job.id}",
            task_id=job.task_id,
        )
        return await _end(house, job, error, at)
    if job.state != "running":
        return job
    error = TimedOut(
        f"Task {job.task_id} has not ended before its deadline; it is still looked at.",
        next_step=f"Wait on with: rushes jobs wait {job.id}",
        task_id=job.task_id,
    )
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to="timed_out",
                expect=frozenset({"running"}),
                fields={"error": error.as_dict()},
                at=at,
            )
        )
    except Stale as stale:
        return stale.job


async def _end(house: House, job: Job, error: RushesError, at: float) -> Job:
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to="failed",
                expect=WATCHED,
                fields={"error": error.as_dict(), "finished_at": at},
                entries=money.release(job, at, error.message),
                at=at,
            )
        )
    except Stale as stale:
        return stale.job


async def ask_cancel(house: House, credential: Credential, job: Job) -> tuple[Job, bool]:
    """Carry a recorded wish to the provider; its answer is recorded, the state is not changed.

    Returns the job, and whether the provider answered: else the wish is to be carried again.
    """
    if job.task_id is None:
        return job, False
    answer = await ask(house, credential, credential.adapter.cancel(job.task_id))
    if isinstance(answer, Trouble | NoTask):
        return job, False
    accepted = isinstance(answer, CancelAccepted)
    message = "" if accepted else getattr(answer, "message", "")
    try:
        recorded = await house.store.apply(
            Change(
                job_id=job.id,
                expect=WATCHED,
                fields={} if accepted else {"cancel_wished_at": None},
                kind="cancel-asked" if accepted else "not-cancelable",
                data={"message": message},
                at=house.clock.now(),
            )
        )
    except Stale as stale:
        recorded = stale.job
    return recorded, True
