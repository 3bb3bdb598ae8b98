"""What a person may wish for a job: a cancel, or another try at its files."""

from rushes.engine import money, view
from rushes.engine.doubt import in_doubt
from rushes.engine.house import House
from rushes.engine.runner import Runner
from rushes.errors import NotCancelable
from rushes.store.job import REARCHIVABLE, Change, Job
from rushes.store.protocol import Stale

TRIES = 10


async def cancel(house: House, runner: Runner, job: Job) -> Job:
    """Record the wish, and carry it to the provider where there is a task.

    A queued job ends at once. Raises NotCancelable when the job has ended, its files are
    already coming, or the provider refuses.
    """
    for _ in range(TRIES):
        job = await house.store.job(job.id)
        if job.ended or job.state == "archiving":
            raise _not_cancelable(job, f"job {job.id} is {job.state} already")
        doubtful = job.attempt > 0 and in_doubt(await house.store.submissions(job.id))
        try:
            job = await house.store.apply(_wish(house, job, surely_unsent=not doubtful))
        except Stale:
            continue
        if job.state in view.WATCHED:
            return await _ask_provider(house, runner, job)
        return job
    return job


def _wish(house: House, job: Job, *, surely_unsent: bool) -> Change:
    at = house.clock.now()
    if job.state == "queued" and surely_unsent:
        return Change(
            job_id=job.id,
            to="canceled",
            expect=frozenset({"queued"}),
            fields={"cancel_wished_at": at, "finished_at": at},
            entries=money.release(job, at, "canceled before anything was sent"),
            data={"message": "canceled before anything was sent"},
            at=at,
        )
    return Change(
        job_id=job.id,
        expect=frozenset({job.state}),
        fields={"cancel_wished_at": at},
        kind="cancel-wished",
        at=at,
    )


async def _ask_provider(house: House, runner: Runner, job: Job) -> Job:
    credential = house.credential(job)
    asked, answered = await view.ask_cancel(house, credential, job)
    if answered:
        runner.update(asked)
    if asked.state in ("archiving", "succeeded", "failed"):
        raise _not_cancelable(asked, f"job {asked.id} is {asked.state} already")
    if asked.cancel_wished_at is None and not asked.ended:
        raise _not_cancelable(
            asked, f"{job.provider} does not cancel task {job.task_id}; the job goes on"
        )
    return asked


def _not_cancelable(job: Job, why: str) -> NotCancelable:
    return NotCancelable(
        f"{why[0].upper()}{why[1:]}.",
        next_step=f"See it with: rushes jobs show {job.id}",
        job_id=job.id,
        task_id=job.task_id,
        provider=job.provider,
        model=job.model,
    )


async def archive_again(house: House, job: Job) -> Job:
    """Let a job that failed on its output be archived again; any other is returned as it is."""
    if job.state != "failed" or (job.error or {}).get("code") not in REARCHIVABLE:
        return job
    at = house.clock.now()
    return await house.store.apply(
        Change(
            job_id=job.id,
            to="archiving",
            expect=frozenset({"failed"}),
            fields={"finished_at": None, "next_at": at, "error": None},
            at=at,
        )
    )
