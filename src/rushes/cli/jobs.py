"""`rushes jobs`: the list, and one job with all that happened to it."""

import shlex
import time
from typing import Any, get_args

import click

from rushes.cli.lazy import Entry, LazyGroup
from rushes.cli.options import common, complete_models, complete_providers
from rushes.cli.output import NUMBER, ago, print_json, print_table, short
from rushes.cli.running import Face, run
from rushes.cli.waiting import missing_keys, tell_missing, waits_as_dict
from rushes.store.job import Job, State

_ACTIONS = "rushes.cli.job_actions"
SECTIONS = {
    "Commands": {
        "show": Entry("rushes.cli.job_page:show", "Everything about a job."),
        "wait": Entry(f"{_ACTIONS}:wait", "Wait for jobs, and get their files."),
        "resume": Entry(f"{_ACTIONS}:resume", "Take up unfinished jobs, and wait for them."),
        "cancel": Entry(f"{_ACTIONS}:cancel", "Wish for a job's cancel."),
        "open": Entry(f"{_ACTIONS}:open_", "Open a job's file with your program for it."),
        "resolve": Entry("rushes.cli.resolve:resolve", "Decide about a job that is uncertain."),
        "verify": Entry(
            "rushes.cli.verify:verify", "Check the files in the archive, and mend them."
        ),
        "adopt": Entry(f"{_ACTIONS}:adopt", "Take over a task that another tool created."),
    }
}


@click.group(
    examples=(
        "rushes jobs",
        "rushes jobs --unfinished --provider aivideomaker",
    ),
    cls=LazyGroup,
    sections=SECTIONS,
    stray=lambda word: f"To see a job: rushes jobs show {shlex.quote(word)}",
    invoke_without_command=True,
    short_help="List jobs; show, wait, resume, cancel, open, resolve, verify, adopt.",
)
@click.option("--status", type=click.Choice(get_args(State)), help="Only jobs with this status.")
@click.option(
    "--provider",
    metavar="PROVIDER",
    shell_complete=complete_providers,
    help="Only this provider's jobs.",
)
@click.option("--model", metavar="MODEL", shell_complete=complete_models, help="Only its jobs.")
@click.option("--unfinished", is_flag=True, help="Only jobs that have not ended.")
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="At most so many.",
)
@common
@click.pass_context
def jobs(
    ctx: click.Context,
    status: State | None,
    provider: str | None,
    model: str | None,
    unfinished: bool,
    limit: int,
) -> None:
    """List jobs, newest first, or do something with one.

    A job is named by its id, by the beginning or end of it that fits no other, or by `last`.
    """
    if ctx.invoked_subcommand is not None:
        return

    async def listing(face: Face) -> int:
        found = await face.client.jobs(
            status=status, provider=provider, model=model, unfinished=unfinished, limit=limit
        )
        missing = await missing_keys(face, found)
        if face.common.json:
            print_json([job.as_dict() | waits_as_dict(missing.get(job.id)) for job in found])
        elif found:
            now = time.time()
            print_table(
                ["job", "status", "model", f"age{NUMBER}", f"credits{NUMBER}", "prompt"],
                [_row(job.record, now) for job in found],
                wrap=False,
            )
            tell_missing(face, missing)
        else:
            face.note("No jobs. Ask for something with: rushes generate PROMPT --model MODEL")
        return 0

    run(ctx, listing)


def _row(job: Job, now: float) -> list[str]:
    model = f"{job.model} (sandbox)" if job.sandbox else job.model
    return [job.id, job.state, model, ago(job.created_at, now), _credits(job), prompt_of(job)]


def _credits(job: Job) -> str:
    paid = job.credits
    if paid.charged is None:
        return f"({paid.reserved})" if paid.reserved else "-"
    return str(paid.charged - paid.refunded)


def prompt_of(job: Job) -> str:
    """Return a job's prompt on one line."""
    prompt: Any = job.request.get("prompt") or ""
    text = " / ".join(prompt) if isinstance(prompt, list) else str(prompt)
    return short(text, 48)
