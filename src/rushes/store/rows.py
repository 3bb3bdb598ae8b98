"""Turns records into rows and back: a column for what is asked for, JSON for the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

import apsw
import msgspec

from rushes.errors import JobNotFound
from rushes.store.job import Credits, Entry, Event, Job, Output, Quote, Submission

JOB_FIELDS = tuple(name for name in Job.__struct_fields__ if name not in {"outputs", "credits"})
"""The fields of Job that are columns of their own."""

_SUMS = ("reserved", "charged", "refunded")
_JSON: dict[str, msgspec.json.Decoder[Any]] = {
    "request": msgspec.json.Decoder(dict[str, Any]),
    "quote": msgspec.json.Decoder(Quote),
    "error": msgspec.json.Decoder(dict[str, Any]),
    "differences": msgspec.json.Decoder(tuple[dict[str, Any], ...]),
}
_DATA = msgspec.json.Decoder(dict[str, Any])
_OUTPUT = msgspec.json.Decoder(Output)
_SUBMISSION = msgspec.json.Decoder(Submission)
_encode = msgspec.json.encode

SELECT_JOB = "SELECT seq, " + ", ".join(JOB_FIELDS + _SUMS) + " FROM jobs"  # noqa: S608 - our names
_INSERT_JOB = (
    f"INSERT INTO jobs ({', '.join(JOB_FIELDS + _SUMS)})"  # noqa: S608 - our names
    f" VALUES ({', '.join('?' * len(JOB_FIELDS + _SUMS))})"
)


def to_column(name: str, value: Any) -> Any:
    """Return what stands in a column of `jobs` for a field's value."""
    return _encode(value).decode() if name in _JSON and value is not None else value


def to_job(row: tuple[Any, ...], outputs: tuple[Output, ...] = ()) -> Job:
    """Build a job from a row of SELECT_JOB."""
    values: dict[str, Any] = dict(zip(JOB_FIELDS, row[1:-3], strict=True))
    for name, decoder in _JSON.items():
        if values[name] is not None:
            values[name] = decoder.decode(values[name])
    values["sandbox"] = bool(values["sandbox"])
    reserved, charged, refunded = row[-3:]
    credits_ = Credits(reserved=reserved, charged=charged, refunded=refunded)
    return Job(**values, outputs=outputs, credits=credits_)


def with_outputs(connection: apsw.Connection, rows: list[tuple[Any, ...]]) -> list[Job]:
    """Build the jobs of some rows, each with its outputs."""
    if not rows:
        return []
    found: dict[int, list[Output]] = {}
    for seq, record in connection.execute(
        "SELECT job, record FROM outputs WHERE job IN (SELECT value FROM json_each(?))"
        " ORDER BY job, position",
        (to_list(row[0] for row in rows),),
    ):
        found.setdefault(seq, []).append(_OUTPUT.decode(record))
    return [to_job(row, tuple(found.get(row[0], ()))) for row in rows]


def to_list(values: Iterable[Any]) -> str:
    """Return values as the JSON that `json_each` unfolds: one statement for lists of any length."""
    return _encode(list(values)).decode()


def load(connection: apsw.Connection, job_id: str) -> tuple[int, Job]:
    """Return a job with its row number. Raises JobNotFound."""
    row = connection.execute(f"{SELECT_JOB} WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise JobNotFound(
            f"There is no job {job_id}.", next_step="List them: rushes jobs", job_id=job_id
        )
    outputs = tuple(
        _OUTPUT.decode(record)
        for (record,) in connection.execute(
            "SELECT record FROM outputs WHERE job = ? ORDER BY position", (row[0],)
        )
    )
    return row[0], to_job(row, outputs)


def add_job(connection: apsw.Connection, job: Job) -> int:
    """Insert a job's row; returns its number."""
    sums = (job.credits.reserved, job.credits.charged, job.credits.refunded)
    connection.execute(
        _INSERT_JOB, tuple(to_column(name, getattr(job, name)) for name in JOB_FIELDS) + sums
    )
    return connection.last_insert_rowid()


def update_job(connection: apsw.Connection, seq: int, columns: Mapping[str, Any]) -> None:
    """Set some of a job's columns."""
    assignments = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(
        f"UPDATE jobs SET {assignments} WHERE seq = ?",  # noqa: S608 - names were checked
        (*(to_column(name, value) for name, value in columns.items()), seq),
    )


def add_event(connection: apsw.Connection, seq: int, event: Event) -> None:
    """Insert an event; the table numbers it."""
    connection.execute(
        "INSERT INTO events (job, at, kind, state, data) VALUES (?, ?, ?, ?, ?)",
        (seq, event.at, event.kind, event.state, _encode(event.data).decode()),
    )


def to_event(row: tuple[Any, ...]) -> Event:
    """Build an event from (seq, job id, at, kind, state, data)."""
    seq, job_id, at, kind, state, data = row
    return Event(seq=seq, job_id=job_id, at=at, kind=kind, state=state, data=_DATA.decode(data))


def add_entry(connection: apsw.Connection, seq: int, entry: Entry) -> None:
    """Insert a ledger entry; the table numbers it."""
    connection.execute(
        "INSERT INTO ledger (job, at, kind, credits, source, note) VALUES (?, ?, ?, ?, ?, ?)",
        (seq, entry.at, entry.kind, entry.credits, entry.source, entry.note),
    )


def put_submission(connection: apsw.Connection, seq: int, submission: Submission) -> None:
    """Insert a submission, or replace the one of the same attempt."""
    record = _encode(msgspec.structs.replace(submission, body=b"")).decode()
    connection.execute(
        "INSERT INTO submissions (job, attempt, task_id, record, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET task_id = excluded.task_id, record = excluded.record,"
        " body = excluded.body",
        (seq, submission.attempt, submission.task_id, record, submission.body),
    )


def to_submission(record: str, body: bytes) -> Submission:
    """Build a submission from its row."""
    return msgspec.structs.replace(_SUBMISSION.decode(record), body=body)


def put_output(connection: apsw.Connection, seq: int, output: Output) -> None:
    """Insert an output, or replace the one in the same position."""
    connection.execute(
        "INSERT INTO outputs (job, position, record) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET record = excluded.record",
        (seq, output.position, _encode(output).decode()),
    )
