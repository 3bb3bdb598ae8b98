"""`rushes jobs wait`, `resume`, `cancel`, `open` and `adopt`."""

import click

from rushes.cli.failures import FAILED, say
from rushes.cli.lazy import Command
from rushes.cli.options import (
    check_folder,
    common,
    complete_jobs,
    complete_models,
    complete_providers,
)
from rushes.cli.output import print_json
from rushes.cli.results import wait_and_tell
from rushes.cli.running import Face, find_job, how_it_goes_on, run
from rushes.store.job import ACTIVE

_WAIT_SECONDS = click.option(
    "--wait-seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="Wait at most so long; the jobs go on.",
)
_JOB = click.argument("job", metavar="JOB", shell_complete=complete_jobs)


@click.command(
    short_help="Wait for jobs, and get their files.",
    examples=(
        'rushes generate "a boat" -m imagen-4 --no-wait --sandbox',
        "rushes jobs wait last",
    ),
    cls=Command,
)
@click.argument("names", metavar="JOB...", nargs=-1, required=True, shell_complete=complete_jobs)
@_WAIT_SECONDS
@common
@click.pass_context
def wait(ctx: click.Context, names: tuple[str, ...], wait_seconds: float | None) -> None:
    """Wait for jobs, and get their files. With one JOB `--json` prints an object, else a list."""

    async def waiting(face: Face) -> int:
        face.many = len(names) > 1
        found = {job.id: job for job in [await find_job(face, name) for name in names]}
        return await wait_and_tell(face, list(found.values()), wait_seconds)

    run(ctx, waiting)


@click.command(
    short_help="Take up unfinished jobs, and wait for them.",
    examples=("rushes jobs resume",),
    cls=Command,
)
@click.argument("name", metavar="[JOB]", required=False, shell_complete=complete_jobs)
@_WAIT_SECONDS
@common
@click.pass_context
def resume(ctx: click.Context, name: str | None, wait_seconds: float | None) -> None:
    """Take up all unfinished jobs, or one, and wait until they have ended.

    A JOB that failed because its file could not be had or was bad is fetched once more.
    """

    async def resuming(face: Face) -> int:
        face.many = name is None
        found = await face.client.resume(name)
        asleep = [job for job in found if job.needs_decision]
        for job in asleep if name is None else []:
            face.note(how_it_goes_on(job), fg="yellow")
        waited = [job for job in found if name is not None or job not in asleep]
        if not waited:
            face.note("Nothing to resume.")
            if face.common.json:
                print_json([])
            return 0
        return await wait_and_tell(face, waited, wait_seconds)

    run(ctx, resuming)


@click.command(
    short_help="Wish for a job's cancel.", examples=("rushes jobs cancel --help",), cls=Command
)
@_JOB
@common
@click.pass_context
def cancel(ctx: click.Context, job: str) -> None:
    """Wish for a job's cancel.

    A queued job ends at once. Else the provider is asked; the job is canceled only when it says
    so, and a task that completes anyway is fetched. Where a provider cannot cancel, the command
    says so, and the job goes on. For example: rushes jobs cancel last
    """

    async def canceling(face: Face) -> int:
        found = await (await find_job(face, job)).cancel()
        if face.common.json:
            print_json(found.as_dict())
        elif found.status == "canceled":
            click.echo(f"{found.id}  canceled")
        else:
            click.echo(f"{found.id}  {found.status}")
            face.note(
                "The wish is on record; it is canceled when the provider says so. "
                f"See how it ends: rushes jobs wait {found.id}"
            )
        return 0

    run(ctx, canceling)


@click.command(
    "open",
    short_help="Open a job's file with your program for it.",
    examples=(
        'rushes generate "a boat" -m imagen-4 --sandbox',
        "rushes jobs open --print last",
    ),
    cls=Command,
)
@_JOB
@click.option("--print", "print_", is_flag=True, help="Print the files' paths instead.")
@common
@click.pass_context
def open_(ctx: click.Context, job: str, print_: bool) -> None:
    """Open a job's first file with your program for it."""

    async def opening(face: Face) -> int:
        found = await find_job(face, job)
        if face.common.json:
            print_json([str(output.path) for output in found.outputs])
        if not found.outputs:
            say(f"Job {found.id} is {found.status} and has no file here.", fg="red")
            if found.status in ACTIVE:
                say(f"Wait for it: rushes jobs wait {found.id}")
            return FAILED
        if face.common.json:
            return 0
        if print_:
            for output in found.outputs:
                click.echo(str(output.path))
            return 0
        path = found.outputs[0].path
        if click.launch(str(path)) != 0:
            click.echo(str(path))
            say("No program for it was found; this is where it lies.")
            return FAILED
        return 0

    run(ctx, opening)


@click.command(
    short_help="Take over a task that another tool created.",
    cls=Command,
)
@click.argument("provider", shell_complete=complete_providers)
@click.argument("task_id", metavar="TASK")
@click.option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=complete_models,
    help="The task's model, where the provider does not show it.",
)
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    callback=check_folder,
    help="Put a copy of each file here.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait for the files.")
@_WAIT_SECONDS
@common
@click.pass_context
def adopt(
    ctx: click.Context,
    provider: str,
    task_id: str,
    model: str | None,
    output: str | None,
    no_wait: bool,
    wait_seconds: float | None,
) -> None:
    """Take over a task that another tool created: wait for it and fetch it. Nothing is created.

    For example: rushes jobs adopt mediaio 254154889ccc --model imagen-4
    """

    async def adopting(face: Face) -> int:
        job = await face.client.adopt(provider, task_id, model=model, output=output)
        face.jobs = [job]
        if not no_wait:
            return await wait_and_tell(face, [job], wait_seconds)
        if face.common.json:
            print_json(job.as_dict())
        else:
            click.echo(f"{job.id}  {job.status}  task {job.task_id}")
            face.note(f"Fetch it: rushes jobs wait {job.id}")
        return 0

    run(ctx, adopting)
