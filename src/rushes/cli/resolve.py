"""`rushes jobs resolve`: your decision about an uncertain job."""

import click

from rushes.cli.failures import say
from rushes.cli.lazy import Command
from rushes.cli.options import common, complete_jobs
from rushes.cli.output import print_json
from rushes.cli.running import Face, find_job, run


@click.command(
    short_help="Decide about a job that is uncertain.",
    cls=Command,
)
@click.argument("name", metavar="JOB", shell_complete=complete_jobs)
@click.option("--found", metavar="TASK_ID", help="Its task, which you found at the provider.")
@click.option("--resend", is_flag=True, help="Send the same again; it may then be paid twice.")
@click.option("--give-up", is_flag=True, help="End it as failed; what it may have cost is booked.")
@common
@click.pass_context
def resolve(ctx: click.Context, name: str, found: str | None, resend: bool, give_up: bool) -> None:
    """Decide about a job of which nobody knows whether its task was created.

    `rushes jobs show JOB` tells all that is known: what was sent when, and what came back.
    For example: rushes jobs resolve last --give-up
    """

    async def resolving(face: Face) -> int:
        job = await find_job(face, name)
        await job.resolve(found=found, resend=resend, give_up=give_up)
        if face.common.json:
            print_json(job.as_dict())
        else:
            say(f"Job {job.id} is {job.status}.")
            if not job.done:
                say(f"Wait for it with: rushes jobs wait {job.id}")
        return 0

    run(ctx, resolving)
