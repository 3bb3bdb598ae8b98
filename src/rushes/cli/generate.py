"""`rushes generate`."""

import asyncio
import contextlib
import sys
from typing import Any

import click

from rushes.cli.asking import read_request, request_options
from rushes.cli.failures import DETACHED, job_exit_code, say, show_error
from rushes.cli.lazy import Command
from rushes.cli.options import check_folder, common, plain_interrupt
from rushes.cli.output import moment, print_json
from rushes.cli.running import Face, how_it_goes_on, run
from rushes.client.job import AsyncJob
from rushes.errors import Unpriced

ALLOW = "--allow-unpriced"
"""Named by the next step where a word is enough; under a cap it is not."""


@click.command(
    short_help="Ask for an image or a video, and wait for the file.",
    examples=(
        'rushes generate "a paper boat in a storm" --model imagen-4 --sandbox',
        'rushes generate "a paper boat in a storm" --model wan-2.6 --duration 5 --sandbox',
        'rushes generate "a paper boat" --model t2v-v3 -d 5 -a 16:9 -o films --sandbox',
    ),
    cls=Command,
)
@request_options
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    callback=check_folder,
    help="Put a copy of each file here, under a readable name.",
)
@click.option(
    "--max-credits",
    metavar="NUMBER",
    type=click.IntRange(min=0),
    help="Refuse when it would cost more; what to set aside where the price is unknown. "
    "[RUSHES_MAX_CREDITS]",
)
@click.option(
    "--request-id",
    metavar="ID",
    help="Your own id: the same id and request is the same job, never paid for twice.",
)
@click.option(
    "--allow-unpriced",
    is_flag=True,
    default=None,
    help="Go on where nobody publishes a price. [RUSHES_ALLOW_UNPRICED]",
)
@click.option("--no-wait", is_flag=True, help="Return once the provider has taken the request.")
@click.option(
    "--wait-seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="Wait at most so long; the job goes on.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@common
@click.pass_context
def generate(ctx: click.Context, /, **given: Any) -> None:
    """Ask for an image or a video, and wait for the file.

    PROMPT is the text; `-` reads it from stdin. Several PROMPTs are the segments of a long
    video. The request is checked whole before anything is sent; the job is stored before it is
    paid for, and survives whatever happens to this command.

    See what a model takes: rushes models show MODEL
    """
    model, prompt, parameters = read_request(given)
    options = _Options(**given)
    if options.dry_run:
        from rushes.cli.dry_run import dry_run

        run(ctx, lambda face: dry_run(face, model, prompt, parameters, options.max_credits))
    run(ctx, lambda face: _generate(face, model, prompt, parameters, options))


class _Options:
    """The options that are not part of the request."""

    def __init__(
        self,
        *,
        output: str | None,
        max_credits: int | None,
        request_id: str | None,
        allow_unpriced: bool | None,
        no_wait: bool,
        wait_seconds: float | None,
        dry_run: bool,
    ) -> None:
        self.output = output
        self.max_credits = max_credits
        self.request_id = request_id
        self.allow_unpriced = allow_unpriced or None
        self.no_wait = no_wait
        self.wait_seconds = wait_seconds
        self.dry_run = dry_run


async def _generate(
    face: Face,
    model: str,
    prompt: str | list[str] | None,
    parameters: dict[str, Any],
    options: _Options,
) -> int:
    face.asks = True
    face.when_stopped = ("Stopped; nothing was asked for.", DETACHED)
    job = await _ask(face, model, prompt, parameters, options)
    face.jobs = [job]
    if not job.new:
        face.note(f"This request id is known: it is job {job.id}, {job.status}.")
    if options.no_wait:
        return await _no_wait(face, job, options.wait_seconds)
    from rushes.cli.results import wait_and_tell

    return await wait_and_tell(face, [job], options.wait_seconds)


async def _ask(
    face: Face,
    model: str,
    prompt: str | list[str] | None,
    parameters: dict[str, Any],
    options: _Options,
) -> AsyncJob:
    async def ask(allow_unpriced: bool | None) -> AsyncJob:
        return await face.client.generate(
            model,
            prompt,
            output=options.output,
            max_credits=options.max_credits,
            idempotency_key=options.request_id,
            allow_unpriced=allow_unpriced,
            **parameters,
        )

    try:
        job = await ask(options.allow_unpriced)
    except Unpriced as unpriced:
        if not _may_ask(face) or ALLOW not in unpriced.next_step:
            raise
        with plain_interrupt():
            agreed = click.confirm(
                f"{unpriced.message}\nGenerate anyway? (asked once for this model and key)",
                err=True,
            )
        if not agreed:
            raise
        job = await ask(True)
    for warning in job.warnings:
        face.note(f"warning: {warning}", fg="yellow")
    return job


def _may_ask(face: Face) -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and not face.common.json


async def _no_wait(face: Face, job: AsyncJob, seconds: float | None) -> int:
    from rushes.cli.progress import following

    sent = False
    async with following(face, [job]):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await job.wait_submitted()
                sent = True
    if face.common.json:
        print_json(job.as_dict())
    if not sent:
        say(how_it_goes_on(job))
        return DETACHED
    error = job.error
    if error is not None:
        show_error(error, job=job)
        return job_exit_code(job.record)
    if job.done:
        from rushes.cli.results import print_files

        if not face.common.json:
            print_files(job)
        return job_exit_code(job.record)
    if not face.common.json:
        click.echo(f"{job.id}  {job.status}  task {job.task_id}")
    kept = job.record.expires_at
    until = (
        f"{job.provider} keeps the outputs until {moment(kept)}."
        if kept
        else f"{job.provider} does not say for how long it keeps the outputs: fetch them soon."
    )
    face.note(f"{until}\nFetch them: rushes jobs wait {job.id}")
    return 0
