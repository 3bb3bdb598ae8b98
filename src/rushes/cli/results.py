"""What a finished job looks like on stdout, and what is said beside it."""

from typing import TYPE_CHECKING

from rushes.cli.failures import DETACHED, exit_code, job_exit_code, show_error
from rushes.cli.output import amount, line, near_path, print_json, size, span
from rushes.cli.running import Face
from rushes.client.job import AsyncJob
from rushes.errors import MissingCredential, RushesError, WaitTimeout

if TYPE_CHECKING:
    from rushes.client.records import Output
    from rushes.store.job import Job


async def wait_and_tell(face: Face, jobs: list[AsyncJob], seconds: float | None) -> int:
    """Wait for jobs, show each as it ends, and return the exit code of the first that failed."""
    import asyncio

    from rushes.cli.progress import following

    face.jobs = jobs
    codes: dict[str, int] = {}
    error: RushesError | None = None

    async def one(job: AsyncJob) -> None:
        codes[job.id] = await _wait(face, job, seconds)

    async with following(face, jobs):
        if len(jobs) == 1:
            codes[jobs[0].id], error = await _waited(face, jobs[0], seconds)
        else:
            await asyncio.gather(*(one(job) for job in jobs))
    if len(jobs) == 1:
        _tell(face, jobs[0], error)
    if face.common.json:
        shown = [job.as_dict() for job in jobs]
        print_json(shown if face.many else shown[0])
    return next((codes[job.id] for job in jobs if codes[job.id]), 0)


async def _wait(face: Face, job: AsyncJob, seconds: float | None) -> int:
    code, error = await _waited(face, job, seconds)
    face.clear()
    _tell(face, job, error)
    return code


async def _waited(
    face: Face, job: AsyncJob, seconds: float | None
) -> tuple[int, RushesError | None]:
    if (missing := await _missing_key(face, job)) is not None:
        return exit_code(missing), missing
    try:
        await job.wait(timeout=seconds)
    except WaitTimeout as error:
        return DETACHED, error
    except RushesError as error:
        return job_exit_code(job.record) or exit_code(error), error
    return 0, None


async def _missing_key(face: Face, job: AsyncJob) -> RushesError | None:
    """Return why nobody can work on a job: its key is not here, and no other process has it."""
    session = face.client.session
    if job.done or job.needs_decision:
        return None
    await session.work_on(sandbox=job.record.sandbox)
    if session.house.credentials.by_fingerprint(job.record.credential) is not None:
        return None
    now = session.clock.now()
    if job.record.owner in {
        one.id for one in await session.store.owners() if one.lease_until > now
    }:
        face.note(f"Another process works on job {job.id}; its key is not here.")
        return None
    if job.record.sandbox:
        return MissingCredential(
            f"Job {job.id} belongs to another sandbox than the one that would be asked now.",
            next_step="Set RUSHES_SANDBOX as it was when the job was made, and wait again.",
        )
    from rushes.client.missing import missing

    return (await missing(session, [job.record])).get(job.id)


def _tell(face: Face, job: AsyncJob, error: RushesError | None) -> None:
    if error is not None:
        show_error(error, job=job)
    elif not face.common.json:
        print_files(job)
    tell_differences(face, job)


def print_files(job: AsyncJob) -> None:
    """Print a line for each file: where it is, what it is, and what the job cost."""
    last = len(job.outputs) - 1
    for number, output in enumerate(job.outputs):
        facts = file_facts(output)
        if number == last:
            facts.append(paid_words(job.record))
        line(f"{near_path(output.path)}  {', '.join(facts)}")


def file_facts(output: "Output") -> list[str]:
    """Return size, duration and kind of a file, in words."""
    facts = []
    if output.width and output.height:
        facts.append(f"{output.width}x{output.height}")
    if output.seconds is not None and output.media_type.startswith(("video/", "audio/")):
        facts.append(f"{output.seconds:.1f} s")
        if output.has_audio is not None:
            facts.append("with sound" if output.has_audio else "silent")
    facts.append(size(output.bytes_count))
    return facts


def paid_words(job: "Job") -> str:
    """Say what a job has cost; what nobody has said is not shown as a figure."""
    of = " (sandbox)" if job.sandbox else ""
    paid = job.credits
    if paid.charged is None:
        if paid.reserved:
            return f"{amount(paid.reserved)} set aside{of}"
        if job.quote.credits is None and not job.ended:
            return f"price unknown{of}"
        return f"nothing charged{of}" if job.state != "succeeded" else f"credits unknown{of}"
    back = f", {paid.refunded} given back" if paid.refunded else ""
    return f"{amount(paid.charged)}{of}{back}"


def tell_differences(face: Face, job: AsyncJob) -> None:
    """Say on stderr what came otherwise than asked."""
    for row in job.differences:
        which = "" if row.get("output") is None else f" (file {int(row['output']) + 1})"
        if row["what"] == "copy":
            face.note(f"not copied to {row['asked']}{which}: {row['why']}", fg="yellow")
            continue
        face.note(
            f"differs: {row['what']} was asked as {_value(row['asked'])} and came as "
            f"{_value(row['came'])}{which}",
            fg="yellow",
        )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return span(value) if value >= 60 else f"{value:g}"
    return str(value)
