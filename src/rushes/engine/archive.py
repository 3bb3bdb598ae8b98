"""Brings all outputs of a finished task into the archive, and ends the job."""

import asyncio
from pathlib import Path

import msgspec

from rushes.engine.compare import differences
from rushes.engine.credentials import Credential
from rushes.engine.exchange import query
from rushes.engine.fetch import LinkGone, TryLater, adopt, fetch
from rushes.engine.house import House
from rushes.engine.sidecar import sidecar
from rushes.engine.view import no_output
from rushes.errors import OutputExpired, OutputInvalid, RushesError
from rushes.providers.base import Task
from rushes.store.job import Change, Job, Output
from rushes.store.protocol import Stale


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
            later = error
        except Stale as stale:
            return stale.job
    if later is not None:
        raise later
    job = msgspec.structs.replace(job, outputs=tuple(outputs))
    with house.clock.hold():
        job = await asyncio.to_thread(_shelve, house, job)
    return await _end(house, job)


async def _one(house: House, job: Job, output: Output, credential: Credential) -> Output:
    if output.archived_at is not None and await adopt(house, output):
        return output
    try:
        return await _fetch_or_ask_anew(house, job, output, credential)
    except LinkGone as gone:
        error: RushesError = OutputExpired(
            f"Output {output.position + 1} of task {job.task_id} can no longer be had: {gone}.",
            next_step="Where the provider still shows it, try: rushes jobs resume " + job.id,
        )
    except OutputInvalid as invalid:
        error = invalid
    return msgspec.structs.replace(output, problem=error.as_dict(), archived_at=None)


async def _fetch_or_ask_anew(
    house: House, job: Job, output: Output, credential: Credential
) -> Output:
    """Fetch; where the link is dead or leads nowhere, once more with a fresh one."""
    try:
        return await fetch(house, job, output, credential)
    except (LinkGone, TryLater) as first:
        fresh = await _fresh_link(house, job, output, credential)
        if fresh is None or fresh.url == output.url:
            raise first from None
        return await fetch(house, job, fresh, credential)


async def _fresh_link(
    house: House, job: Job, output: Output, credential: Credential
) -> Output | None:
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
    for output in job.outputs:
        if output.archived_at is None or output.file is None or output.media_type is None:
            copies.append(output)
            continue
        kept = house.archive.folder / output.file
        house.files.link(kept, house.archive.named(job, output.position, output.media_type))
        if job.output_dir is not None:
            copies.append(_copy(house, job, output))
        else:
            copies.append(output)
    job = msgspec.structs.replace(job, outputs=tuple(copies))
    house.files.write_whole(house.archive.shelf(job) / "job.json", sidecar(house, job))
    return job


def _copy(house: House, job: Job, output: Output) -> Output:
    kept = house.archive.folder / str(output.file)
    name = house.archive.copy_name(job, output.position, str(output.media_type))
    made = house.files.copy(kept, Path(str(job.output_dir)) / name)
    return msgspec.structs.replace(output, copy=str(made))


async def _end(house: House, job: Job) -> Job:
    at = house.clock.now()
    problems = [output.problem for output in job.outputs if output.problem is not None]
    if not job.outputs:
        problems.append(no_output(job).as_dict())
    found = differences(house.model(job), job.request, job.outputs)
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to="failed" if problems else "succeeded",
                expect=frozenset({"archiving"}),
                fence=house.fence(job),
                fields={
                    "error": problems[0] if problems else None,
                    "differences": found,
                    "finished_at": at,
                },
                outputs=job.outputs,
                data={
                    "outputs": len(job.outputs) - len(problems),
                    "differences": len(found),
                },
                at=at,
            )
        )
    except Stale as stale:
        return stale.job
