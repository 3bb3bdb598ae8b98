"""Runs a command's coroutine over an open client, and lets go of it on Ctrl-C."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import click

from rushes.cli.common import Common
from rushes.cli.failures import DETACHED, job_exit_code, say
from rushes.cli.logs import told_once
from rushes.cli.notice import show_expiring
from rushes.cli.output import moment, print_json
from rushes.client.aio import AsyncRushes
from rushes.client.job import AsyncJob
from rushes.errors import JobNotFound

ANSWER_SECONDS = 40
"""How long at most an answer in flight is waited for: connecting, then reading."""

LAST = "last"
"""The newest job; no part of an id can be that word."""

Command = Callable[["Face"], Coroutine[Any, Any, "int | None"]]


class Face:
    """What a command works with: the client, the common options, and the jobs it waits for."""

    def __init__(self, client: AsyncRushes, common: Common) -> None:
        self.client = client
        self.common = common
        self.jobs: list[AsyncJob] = []
        self.many = False
        """Whether `--json` prints a list even of one job."""
        self.clear: Callable[[], None] = lambda: None
        """Takes a live line off the terminal."""
        self.asks = False
        """Whether the command makes a job, which a signal may find just stored."""
        self.when_stopped: tuple[str, int] = ("Stopped.", DETACHED)
        """What is said when a signal ends a command that waits for no job, and its exit code."""

    def clear_line(self) -> None:
        """Take a live line off the terminal, whoever draws it by now."""
        self.clear()

    def job_ids(self) -> set[str]:
        """Return the ids of the jobs that the command waits for."""
        return {job.id for job in self.jobs}

    def note(self, text: str, **style: Any) -> None:
        """Tell something on the side, unless `--quiet`."""
        if not self.common.quiet:
            self.clear()
            say(text, **style)


async def find_job(face: Face, name: str) -> AsyncJob:
    """Find a job by its id, a part of it, or `last`. Raises JobNotFound."""
    if name.casefold() == LAST:
        newest = await face.client.jobs(limit=1)
        if not newest:
            raise JobNotFound("There is no job yet.", next_step="Ask for one: rushes generate")
        return newest[0]
    return await face.client.job(name)


def run(ctx: click.Context, command: Command) -> None:
    """Run a command and end with its exit code. RushesErrors go through."""
    common = Common.of(ctx)
    show_expiring(common)
    ctx.exit(asyncio.run(_run(common, command)))


async def _run(common: Common, command: Command) -> int:
    stop = asyncio.Event()
    with _signals(stop):
        client = AsyncRushes(home=common.home, sandbox=common.sandbox_argument())
        face = Face(client, common)
        with told_once(face.clear_line, face.job_ids, quiet=common.quiet):
            async with client:
                work = asyncio.create_task(command(face))
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
                if not work.done():
                    work.cancel()
                    face.clear()
                    await asyncio.gather(work, return_exceptions=True)
                if work.cancelled():
                    return await _let_go(face)
                return work.result() or 0


async def _let_go(face: Face) -> int:
    """Wait for answers in flight, then say how each job goes on without us."""
    jobs = face.jobs or (await _just_stored(face.client) if face.asks else [])
    if not jobs:
        words, code = face.when_stopped
        say(words)
        if face.common.json and code:
            print_json({"error": {"code": "CANCELED", "message": "Stopped by a signal."}})
        return code
    if any([(await job.refresh()).status == "submitting" for job in jobs]):
        face.note(
            "Waiting for the answer to the create, so that it is not paid for twice "
            f"(at most {ANSWER_SECONDS} s)."
        )
    runner = face.client.session.runner
    if runner.running:
        await runner.stop()
    for job in jobs:
        await job.refresh()
        say(how_it_goes_on(job))
    if face.common.json:
        shown = [job.as_dict() for job in jobs]
        print_json(shown if face.many else shown[0])
    if all(job.done for job in jobs):
        return max(job_exit_code(job.record) for job in jobs)
    return DETACHED


async def _just_stored(client: AsyncRushes) -> list[AsyncJob]:
    """Find a job that was stored just before its caller was stopped."""
    session = client.session
    if not session.runner.running:
        return []
    await session.store.secret()
    owner = session.house.owner
    return [job for job in await client.jobs(unfinished=True) if job.record.owner == owner]


def how_it_goes_on(job: AsyncJob) -> str:
    """Say what becomes of a job that nobody waits for any more."""
    if job.done:
        return f"Job {job.id} is {job.status}. See: rushes jobs show {job.id}"
    if job.status == "queued":
        return (
            f"Job {job.id} is stored and not sent yet. "
            f"Send it and wait: rushes jobs wait {job.id}   Or drop it: rushes jobs cancel {job.id}"
        )
    if job.status == "uncertain":
        return (
            f"Job {job.id} is uncertain: nobody knows whether a task was created. "
            f"See: rushes jobs show {job.id}"
        )
    kept = job.record.expires_at
    until = f" Its outputs are kept there until {moment(kept)}." if kept else ""
    return f"Job {job.id} goes on at {job.provider}.{until}\nWait for it: rushes jobs wait {job.id}"


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` at the first SIGINT or SIGTERM; explain at the second; give up at the third."""
    loop = asyncio.get_running_loop()
    times = 0

    def interrupted() -> None:
        nonlocal times
        times += 1
        if times == 1:
            stop.set()
        elif times == 2:
            say("Still letting go. Once more leaves at once, and a create in flight uncertain.")
        else:
            os._exit(DETACHED)

    handled = []
    for one in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(one, interrupted)
            handled.append(one)
    try:
        yield
    finally:
        for one in handled:
            loop.remove_signal_handler(one)
