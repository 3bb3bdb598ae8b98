"""Brings all outputs of a finished task into the archive, and ends the job."""

from pathlib import Path
from typing import Any

import msgspec

from rushes.engine import prices
from rushes.engine.compare import differences
from rushes.engine.credentials import Credential
from rushes.engine.exchange import query
from rushes.engine.fetch import LinkGone, TryLater, adopt, fetch
from rushes.engine.house import House
from rushes.engine.sidecar import sidecar
from rushes.engine.view import no_output
from rushes.errors import InvalidModel, OutputExpired, OutputInvalid, RushesError, StoreError
from rushes.providers.base import Task
from rushes.store.job import Change, Job, Output
from rushes.store.ledger import book
from rushes.store.protocol import Stale

HOPE = 3600.0
"""Seconds after the provider's retention for which a link that cannot be reached is still tried."""

UNKNOWN_RETENTION = 48 * 3600.0


async def archive(house: House, job: Job) -> Job:
    """Archive what is still missing of a job, then end it: succeeded, or failed with why.

    Raises TryLater when a file may still be had later: the job stays `archiving`.
    """
    credential = house.credential(job)
    if not job.outputs:
        job = msgspec.structs.replace(job, outputs=await _shown_now(house, job, credential))
    if not job.outputs:
        return await _end(house, job)
    outputs: list[Output] = []
    later: TryLater | None = None
    for output in job.outputs:
        try:
            outputs.append(await _one(house, job, output, credential))
        except TryLater as error:
            if house.clock.now() < _hopeless_at(job):
                later = error
            else:
                outputs.append(_lost(job, output, error))
        except Stale as stale:
            return stale.job
    if later is not None:
        raise later
    return await _end(house, msgspec.structs.replace(job, outputs=tuple(outputs)))


def _hopeless_at(job: Job) -> float:
    """Until when a link that cannot be reached is tried: beyond that the provider keeps nothing."""
    if job.expires_at is not None:
        return job.expires_at + HOPE
    return (job.submitted_at or job.created_at) + UNKNOWN_RETENTION


async def _one(house: House, job: Job, output: Output, credential: Credential) -> Output:
    if output.archived_at is not None and await adopt(house, output):
        return output
    try:
        return await _fetch_or_ask_anew(house, job, output, credential)
    except LinkGone as gone:
        return _lost(job, output, gone)
    except OutputInvalid as invalid:
        return _without(output, invalid)


def _lost(job: Job, output: Output, why: Exception) -> Output:
    error = OutputExpired(
        f"Output {output.position + 1} of task {job.task_id} can no longer be had: {why}.",
        next_step="Where the provider still shows it, try: rushes jobs resume " + job.id,
    )
    return _without(output, error)


def _without(output: Output, error: RushesError) -> Output:
    return msgspec.structs.replace(output, problem=error.as_dict(), archived_at=None)


async def _fetch_or_ask_anew(
    house: House, job: Job, output: Output, credential: Credential
) -> Output:
    """Fetch; where the link is dead or leads nowhere, once more with a fresh one."""
    try:
        return await fetch(house, job, output, credential)
    except (LinkGone, TryLater) as first:
        fresh = await fresh_link(house, job, output, credential)
        if fresh is None or fresh.url == output.url:
            raise first from None
        return await fetch(house, job, fresh, credential)


async def fresh_link(
    house: House, job: Job, output: Output, credential: Credential
) -> Output | None:
    """Ask the provider for an output's link anew; None where it shows none."""
    if job.task_id is None:
        return None
    task = await query(house, credential, credential.adapter.query(job.task_id))
    if not isinstance(task, Task) or output.position >= len(task.outputs):
        return None
    return msgspec.structs.replace(output, url=task.outputs[output.position].url)


async def _shown_now(house: House, job: Job, credential: Credential) -> tuple[Output, ...]:
    """Ask for the outputs of a task that was done and showed none."""
    task = await query(house, credential, credential.adapter.query(str(job.task_id)))
    if not isinstance(task, Task):
        return ()
    return tuple(
        Output(position=position, url=remote.url) for position, remote in enumerate(task.outputs)
    )


def _shelve(house: House, job: Job) -> Job:
    """Put links and a sidecar where a person finds them, and the user's own copies."""
    copies: list[Output] = []
    uncopied: list[dict[str, Any]] = []
    for output in job.outputs:
        if output.archived_at is None or output.file is None or output.media_type is None:
            copies.append(output)
            continue
        kept = house.archive.folder / output.file
        house.files.link(kept, house.archive.named(job, output.position, output.media_type))
        try:
            copies.append(output if job.output_dir is None else _copy(house, job, output))
        except StoreError as error:
            # The file is here and paid for; a folder that cannot be written to changes neither.
            copies.append(output)
            uncopied.append(_no_copy(job, output, error))
    rows = (*job.differences, *uncopied)
    job = msgspec.structs.replace(job, outputs=tuple(copies), differences=rows)
    house.files.write_whole(house.archive.shelf(job) / "job.json", sidecar(house, job))
    return job


def _copy(house: House, job: Job, output: Output) -> Output:
    kept = house.archive.folder / str(output.file)
    name = house.archive.copy_name(job, output.position, str(output.media_type))
    made = house.files.copy(kept, Path(str(job.output_dir)) / name)
    return msgspec.structs.replace(output, copy=str(made))


def _no_copy(job: Job, output: Output, error: StoreError) -> dict[str, Any]:
    return {
        "what": "copy",
        "asked": job.output_dir,
        "came": None,
        "output": output.position,
        "why": error.message,
    }


async def _end(house: House, job: Job) -> Job:
    """Put the files where people look for them, then end the job."""
    problems = [output.problem for output in job.outputs if output.problem is not None]
    if not job.outputs:
        problems.append(no_output(job).as_dict())
    # Before the end is told: whoever waits for it may close this process at once.
    charge = () if problems else await prices.after(house, job, house.credential(job))
    at = house.clock.now()
    job = msgspec.structs.replace(
        job,
        state="failed" if problems else "succeeded",
        error=problems[0] if problems else None,
        differences=_differences(house, job),
        finished_at=at,
        credits=book(job.credits, charge),
    )
    job = await house.work(_shelve, house, job)
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to=job.state,
                expect=frozenset({"archiving"}),
                fence=house.fence(job),
                fields={
                    "error": job.error,
                    "differences": job.differences,
                    "finished_at": at,
                },
                entries=charge,
                outputs=job.outputs,
                data={
                    "outputs": sum(output.problem is None for output in job.outputs),
                    "differences": len(job.differences),
                },
                at=at,
            )
        )
    except Stale as stale:
        return stale.job


def _differences(house: House, job: Job) -> tuple[dict[str, Any], ...]:
    try:
        return differences(house.model(job), job.request, job.outputs)
    except InvalidModel:
        # The catalog has lost the model; the files are good all the same.
        return ()
