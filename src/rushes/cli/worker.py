"""`rushes worker`."""

import asyncio
import time

import click

from rushes.cli.failures import UNCERTAIN
from rushes.cli.lazy import Command
from rushes.cli.options import common
from rushes.cli.output import amount, near_path
from rushes.cli.progress import in_words
from rushes.cli.results import file_facts
from rushes.cli.running import Face, run
from rushes.client.job import AsyncJob

LOOK_EVERY = 0.5
ALL_EVERY = 5.0


@click.command(
    short_help="Keep running, and see every job to its end.",
    examples=(
        'rushes generate "a boat" -m imagen-4 --no-wait --sandbox',
        "rushes worker --until-idle",
    ),
    cls=Command,
)
@click.option(
    "--until-idle", is_flag=True, help="End when no job is left that can go on by itself."
)
@common
@click.pass_context
def worker(ctx: click.Context, until_idle: bool) -> None:
    """Keep running, and see every job of this home folder to its end.

    Takes up what other commands have let go of. Says each change on stderr. SIGTERM and Ctrl-C
    end it after the answers in flight; what is unfinished is taken up by the next one.
    """
    run(ctx, lambda face: _work(face, until_idle=until_idle))


async def _work(face: Face, *, until_idle: bool) -> int:
    face.when_stopped = (
        "Stopped. What is unfinished is taken up by the next worker or command.",
        0,
    )
    store = face.client.session.store
    seen = 0
    while batch := await store.events(after=seen):
        seen = batch[-1].seq
    face.note("Working on all jobs here; Ctrl-C or SIGTERM ends it.")
    next_all = 0.0
    while True:
        if time.monotonic() >= next_all:
            # As `resume` does, without its list of what may be thousands of jobs.
            await face.client.session.start_engine()
            await face.client.session.serve_what_waits()
            next_all = time.monotonic() + ALL_EVERY
        seen = await _tell(face, seen)
        if until_idle:
            left = await face.client.jobs(unfinished=True, limit=1000)
            asleep = [job for job in left if not _goes_on(face, job)]
            if len(asleep) == len(left):
                await _tell(face, seen)
                return _idle(face, asleep)
        await asyncio.sleep(LOOK_EVERY)


def _goes_on(face: Face, job: AsyncJob) -> bool:
    if job.needs_decision:
        return False
    credentials = face.client.session.house.credentials
    return credentials.by_fingerprint(job.record.credential) is not None


def _idle(face: Face, asleep: list[AsyncJob]) -> int:
    for job in asleep:
        why = "it needs your decision" if job.needs_decision else "its key is not here"
        face.note(f"Job {job.id} stays {job.status}: {why}. See: rushes jobs show {job.id}")
    face.note("Nothing is left to do.")
    return UNCERTAIN if any(job.needs_decision for job in asleep) else 0


async def _tell(face: Face, seen: int) -> int:
    store = face.client.session.store
    for event in await store.events(after=seen):
        seen = event.seq
        job = await face.client.job(event.job_id)
        clock = time.strftime("%H:%M:%S", time.localtime(event.at))
        told = (await job.history(after=event.seq - 1))[0]
        words = in_words(told) or event.kind
        if event.kind == "succeeded":
            words = f"succeeded, {_files(job)}"
        elif event.kind == "failed" and job.error is not None:
            words = f"failed: {job.error.code}: {job.error.message}"
        face.note(f"{clock}  {event.job_id}  {words}")
    return seen


def _files(job: AsyncJob) -> str:
    shown = [f"{near_path(one.path)} ({', '.join(file_facts(one))})" for one in job.outputs]
    charged = job.credits.charged
    return ", ".join([*shown, *([amount(charged)] if charged is not None else [])])
