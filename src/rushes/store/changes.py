"""The two ways in which a job changes: it is inserted, and a Change is applied to it.

Each function runs inside one transaction of the writer and leaves nothing behind when it raises.
"""

from collections.abc import Sequence
from typing import Any

import apsw
from msgspec.structs import replace

from rushes.errors import IdempotencyConflict, StoreError
from rushes.store import ledger, rows
from rushes.store.job import ENDED, MUTABLE, Cap, Change, Credits, Entry, Event, Job, is_arrow
from rushes.store.protocol import Inserted, Stale


def insert(
    connection: apsw.Connection, job: Job, entries: Sequence[Entry], caps: Sequence[Cap]
) -> Inserted:
    """Insert a job, or find the one that its request id stands for."""
    _check_ours(job.id, entries)
    twin = _twin(connection, job)
    if twin is not None:
        return Inserted(job=twin, new=False)
    job = replace(job, credits=ledger.book(Credits(), entries))
    if connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).get:
        raise StoreError(
            f"The job id {job.id} is taken.",
            next_step="Run the command again: it makes a new id.",
            job_id=job.id,
        )
    ledger.check_caps(connection, job, caps)
    seq = rows.add_job(connection, job)
    event = Event(job_id=job.id, at=job.created_at, kind=job.state, state=job.state)
    rows.add_event(connection, seq, event)
    for entry in entries:
        rows.add_entry(connection, seq, entry)
    for output in job.outputs:
        rows.put_output(connection, seq, output)
    ledger.move(connection, None, job)
    return Inserted(job=job, new=True)


def _twin(connection: apsw.Connection, job: Job) -> Job | None:
    if job.request_id is None:
        return None
    twin_id = connection.execute(
        "SELECT id FROM jobs WHERE sandbox = ? AND request_id = ?", (job.sandbox, job.request_id)
    ).get
    if twin_id is None:
        return None
    _, twin = rows.load(connection, twin_id)
    if twin.digest != job.digest:
        raise IdempotencyConflict(
            f"The request id {job.request_id!r} belongs to job {twin.id},"
            " which asks for something else.",
            next_step=f"Use a new request id, or see that job: rushes jobs show {twin.id}",
            job_id=twin.id,
            provider=job.provider,
            model=job.model,
        )
    return twin


def apply(connection: apsw.Connection, change: Change) -> Job:
    """Apply a change whole, and return the job as it then stands. Raises Stale when it misfits."""
    _check_ours(change.job_id, change.entries)
    columns = _checked_fields(change)
    seq, before = rows.load(connection, change.job_id)
    _check_fit(connection, seq, before, change)

    state = change.to or before.state
    columns["state"] = state
    if state in ENDED:
        columns["owner"] = None
    entries = ledger.with_refund(before, change)
    sums = ledger.book(before.credits, entries)
    by_position = {output.position: output for output in (*before.outputs, *change.outputs)}
    after = replace(
        before,
        **columns,
        credits=sums,
        outputs=tuple(by_position[position] for position in sorted(by_position)),
    )

    if sums != before.credits:
        columns |= {"reserved": sums.reserved, "charged": sums.charged, "refunded": sums.refunded}
    rows.update_job(connection, seq, columns)
    kind = change.kind or change.to
    if kind is not None:
        event = Event(job_id=before.id, at=change.at, kind=kind, state=state, data=change.data)
        rows.add_event(connection, seq, event)
    for entry in entries:
        rows.add_entry(connection, seq, entry)
    if change.submission is not None:
        rows.put_submission(connection, seq, change.submission)
    for output in change.outputs:
        rows.put_output(connection, seq, output)
    if (before.credits, before.credential) != (after.credits, after.credential):
        ledger.move(connection, before, after)
    return after


def _check_ours(job_id: str, entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.job_id != job_id:
            raise ValueError(f"an entry of job {entry.job_id} in a change of job {job_id}")


def _checked_fields(change: Change) -> dict[str, Any]:
    unknown = sorted(change.fields.keys() - MUTABLE)
    if unknown:
        raise ValueError(
            f"a change cannot set {', '.join(unknown)}; it can set {', '.join(sorted(MUTABLE))}"
        )
    if change.fields.get("owner") is not None:
        raise ValueError("a change can only let a job go (owner None); claim() takes one")
    if change.submission is not None and change.submission.job_id != change.job_id:
        raise ValueError(
            f"a submission of job {change.submission.job_id} in a change of job {change.job_id}"
        )
    return dict(change.fields)


def _check_fit(connection: apsw.Connection, seq: int, job: Job, change: Change) -> None:
    error_code = job.error.get("code") if job.error else None
    fits = (
        (change.fence is None or change.fence == (job.owner, job.claim))
        and (change.expect is None or job.state in change.expect)
        and (change.to is None or is_arrow(job.state, change.to, error_code=error_code))
        and (change.free_task is None or _is_free(connection, seq, job, change.free_task))
    )
    if not fits:
        raise Stale(job)


def _is_free(connection: apsw.Connection, seq: int, job: Job, task_id: str) -> bool:
    taken = connection.execute(
        "SELECT 1 FROM jobs WHERE task_id = ?1 AND provider = ?2 AND sandbox = ?3 AND seq <> ?4"
        " UNION ALL SELECT 1 FROM submissions s JOIN jobs j ON j.seq = s.job"
        " WHERE s.task_id = ?1 AND j.provider = ?2 AND j.sandbox = ?3 AND j.seq <> ?4 LIMIT 1",
        (task_id, job.provider, job.sandbox, seq),
    ).get
    return taken is None
