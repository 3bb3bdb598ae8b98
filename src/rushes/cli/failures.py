"""What an error looks like to a person and to a script, and the exit code of each."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from rushes.errors import RushesError

if TYPE_CHECKING:
    from rushes.client.job import AsyncJob
    from rushes.store.job import Job

DONE = 0
FAILED = 1
WRONG = 2
UNCERTAIN = 3
MONEY = 4
KEY = 5
PROVIDER = 6
DETACHED = 130

MEANINGS = {
    DONE: "done",
    FAILED: "the generation failed, timed out, was canceled, or its output is bad",
    WRONG: "the request, a setting or an argument is wrong; nothing was sent",
    UNCERTAIN: "nobody knows whether a task was created: it needs your decision",
    MONEY: "money: too few credits, over a limit of yours, or no known price",
    KEY: "a key is missing or refused",
    PROVIDER: "the network or the provider failed",
    DETACHED: "the command stopped waiting (Ctrl-C, --wait-seconds); the job goes on",
}

EXIT_CODES = {
    "INVALID_MODEL": WRONG,
    "INVALID_PAYLOAD": WRONG,
    "INVALID_MEDIA": WRONG,
    "IDEMPOTENCY_CONFLICT": WRONG,
    "JOB_NOT_FOUND": WRONG,
    "INVALID_SETTING": WRONG,
    "INVALID_CATALOG": WRONG,
    "FORKED_CLIENT": WRONG,
    "MISSING_CREDENTIAL": KEY,
    "AUTH_FAILED": KEY,
    "INSUFFICIENT_CREDITS": MONEY,
    "BUDGET_EXCEEDED": MONEY,
    "UNPRICED": MONEY,
    "RATE_LIMITED": PROVIDER,
    "NETWORK_ERROR": PROVIDER,
    "TASK_NOT_FOUND": PROVIDER,
    "NOT_CANCELABLE": PROVIDER,
    "UNKNOWN_ERROR": PROVIDER,
    "SUBMISSION_UNCERTAIN": UNCERTAIN,
    "CONTENT_REFUSED": FAILED,
    "GENERATION_FAILED": FAILED,
    "TIMED_OUT": FAILED,
    "OUTPUT_EXPIRED": FAILED,
    "OUTPUT_INVALID": FAILED,
    "CANCELED": FAILED,
    "STORE_FAILED": FAILED,
    "WAIT_TIMEOUT": DETACHED,
}


def exit_code(error: RushesError) -> int:
    """Return the exit code of an error; a code from elsewhere counts as the provider's."""
    return EXIT_CODES.get(error.code, PROVIDER)


def job_exit_code(job: "Job") -> int:
    """Return the exit code of a job as it stands; one that goes on has none of its own."""
    if job.state == "uncertain":
        return UNCERTAIN
    if job.state == "canceled":
        return FAILED
    if job.state in ("failed", "timed_out"):
        return EXIT_CODES.get(str((job.error or {}).get("code")), FAILED)
    return DONE


def clean(text: str) -> str:
    """Take control characters out: what a provider says must not steer a terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def say(text: str, **style: Any) -> None:
    """Write a line to stderr, in colour where a terminal shows it."""
    text = clean(text)
    plain = not style or bool(os.environ.get("NO_COLOR")) or not sys.stderr.isatty()
    click.echo(text if plain else click.style(text, **style), err=True)


def show_error(error: RushesError, *, job: "AsyncJob | None" = None) -> None:
    """Say what is wrong, then the next step on a line of its own."""
    if error.code == "WAIT_TIMEOUT":
        say(error.message)
    else:
        say(f"error {error.code}: {error.message}", fg="red")
    if error.next_step:
        say(error.next_step)
    if job is not None and job.id not in f"{error.message} {error.next_step}":
        say(f"See: rushes jobs show {job.id}")


def as_json(error: RushesError) -> dict[str, Any]:
    """Return what stands on stdout when there is no job to show."""
    return {"error": error.as_dict()}
