"""`rushes jobs show`: one job with all that is known of it."""

from typing import Any

import click
import msgspec

from rushes.cli.failures import show_error
from rushes.cli.lazy import Command
from rushes.cli.options import common, complete_jobs
from rushes.cli.output import heading, line, moment, near_path, print_json, print_table, short
from rushes.cli.price_words import drift_words, quoted_words
from rushes.cli.progress import in_words
from rushes.cli.results import file_facts, paid_words, tell_differences
from rushes.cli.running import Face, find_job, run
from rushes.cli.waiting import missing_keys, waits_as_dict
from rushes.client.job import AsyncJob
from rushes.client.records import Event
from rushes.store.job import Entry, Submission

PLAIN = {"output-checked": "a file has come, and is whole"}
"""Events that the progress leaves out, where their kind alone says too little."""


@click.command(
    short_help="Everything about a job.",
    examples=(
        'rushes generate "a boat" -m imagen-4 --request-id boat --sandbox',
        "rushes jobs show last",
    ),
    cls=Command,
)
@click.argument("job", metavar="JOB", shell_complete=complete_jobs)
@common
@click.pass_context
def show(ctx: click.Context, job: str) -> None:
    """Show everything about a job: request, what was sent when and what came back, money, files."""
    run(ctx, lambda face: _show(face, job))


async def _show(face: Face, name: str) -> int:
    job = await find_job(face, name)
    store = face.client.session.store
    submissions = await store.submissions(job.id)
    entries = await store.entries(job.id)
    events = await job.history()
    waits = (await missing_keys(face, [job])).get(job.id)
    if face.common.json:
        print_json(
            job.as_dict()
            | waits_as_dict(waits)
            | {
                "provider_status": job.record.status,
                "request_id": job.record.request_id,
                "max_credits": job.record.max_credits,
                "submissions": [_submission(one) for one in submissions],
                "ledger": [msgspec.to_builtins(entry) for entry in entries],
                "events": [msgspec.to_builtins(event) for event in events],
            }
        )
        return 0
    _print_head(job, entries)
    _print_submissions(submissions)
    _print_ledger(entries)
    _print_events(events)
    _print_files(job)
    tell_differences(face, job)
    if job.error is not None:
        show_error(job.error)
    if waits is not None:
        show_error(waits)
    return 0


def _print_head(job: AsyncJob, entries: list[Entry]) -> None:
    record = job.record
    heading(f"Job {job.id}: {job.status}")
    facts = [
        ("model", job.model + (" (sandbox)" if record.sandbox else "")),
        ("task", f"{job.task_id or '-'}{f' ({record.status})' if record.status else ''}"),
        ("asked", moment(record.created_at)),
        ("finished", moment(record.finished_at)),
        ("kept until", moment(record.expires_at) if not job.done else ""),
        ("request id", record.request_id or ""),
        ("quoted", quoted_words(record)),
        ("cost", paid_words(record)),
        ("", drift_words(record, entries)),
    ]
    for name, text in facts:
        if text and text != "-":
            line(f"  {name:11} {text}")
    line("")
    heading("Request")
    widest = max(map(len, job.request), default=0)
    for name, value in job.request.items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        line(f"  {name:{widest}}  {short(text, 400)}")


def _submission(one: Submission) -> dict[str, Any]:
    """Return what was sent and what came back; a body that is JSON as JSON."""
    table: dict[str, Any] = msgspec.to_builtins(
        msgspec.structs.replace(one, body=b"", headers=one.headers)
    )
    try:
        table["body"] = msgspec.json.decode(one.body) if one.body else None
    except msgspec.DecodeError:
        table["body"] = one.body.decode("utf-8", "replace")
    return table


def _print_submissions(submissions: list[Submission]) -> None:
    for one in submissions:
        line("")
        heading(f"Sent, attempt {one.attempt}")
        line(f"  {moment(one.at)}  {one.method} {one.url}")
        if one.body_file is not None:
            line(f"  body: {one.body_file} in the archive")
        elif one.body:
            line(f"  {short(one.body.decode('utf-8', 'replace'), 400)}")
        line(f"  {moment(one.ended_at)}  {_outcome(one)}")


def _outcome(one: Submission) -> str:
    if one.outcome is None:
        return "no outcome is on record yet"
    facts = [one.outcome.replace("-", " ")]
    if one.task_id:
        facts.append(f"task {one.task_id}")
    if one.status is not None:
        facts.append(f"HTTP {one.status}")
    facts += [text for text in (one.code, one.provider_code, one.message) if text]
    if one.trace_id:
        facts.append(f"trace {one.trace_id}")
    return ", ".join(facts)


def _print_ledger(entries: list[Entry]) -> None:
    if not entries:
        return
    line("")
    heading("Ledger")
    print_table(
        ["", "", ">", "", ""],
        [
            [f"  {moment(one.at)}", one.kind, str(one.credits), f"by {one.source}", one.note]
            for one in entries
        ],
    )


def _print_events(events: list[Event]) -> None:
    line("")
    heading("Events")
    for event in events:
        line(f"  {moment(event.at)}  {in_words(event) or PLAIN.get(event.kind, event.kind)}")


def _print_files(job: AsyncJob) -> None:
    problems = [output for output in job.record.outputs if output.problem is not None]
    if not job.outputs and not problems:
        return
    line("")
    heading("Files")
    for output in job.outputs:
        line(f"  {near_path(output.path)}  {', '.join(file_facts(output))}")
        line(f"    sha256 {output.sha256}")
    for lost in problems:
        problem = lost.problem or {}
        line(f"  file {lost.position + 1}: {problem.get('message')}")
        line(f"    {lost.url}")
