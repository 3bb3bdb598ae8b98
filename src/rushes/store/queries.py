"""What is read from the store: jobs by id, fragment and filter, and what belongs to them."""

from collections.abc import Collection
from typing import Any

import apsw

from rushes.errors import JobNotFound
from rushes.store import rows
from rushes.store.job import ACTIVE, Entry, Event, Job, State, Submission
from rushes.store.protocol import Filter

SHORTEST_FRAGMENT = 4


def find(connection: apsw.Connection, fragment: str) -> Job:
    """Return the job whose id is, or alone begins or ends with, a fragment."""
    found = [
        name for (name,) in connection.execute("SELECT id FROM jobs WHERE id = ?", (fragment,))
    ]
    if not found and len(fragment) < SHORTEST_FRAGMENT:
        raise JobNotFound(
            f"There is no job {fragment!r}; of a longer id at least"
            f" {SHORTEST_FRAGMENT} characters are needed.",
            next_step="List them: rushes jobs",
        )
    if not found:
        found = _ending(connection, fragment)
    if not found:
        raise JobNotFound(
            f"No job's id is, begins or ends with {fragment!r}.",
            next_step="List them: rushes jobs",
        )
    if len(found) > 1:
        shown = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        raise JobNotFound(
            f"{fragment!r} could be one of several jobs: {shown}.",
            next_step="Give more of the id.",
        )
    return rows.load(connection, found[0])[1]


def _ending(connection: apsw.Connection, fragment: str) -> list[str]:
    """List, newest first, up to six ids that begin or end with a fragment."""
    return [
        name
        for (name,) in connection.execute(
            "SELECT id FROM jobs WHERE (id >= ?1 AND id < ?1 || char(0x10FFFF))"
            " OR substr(id, -length(?1)) = ?1 ORDER BY seq DESC LIMIT 6",
            (fragment,),
        )
    ]


def jobs(connection: apsw.Connection, wanted: Filter) -> list[Job]:
    """List jobs, newest first. Raises JobNotFound for an unknown cursor."""
    where, values = _where(connection, wanted)
    found = connection.execute(
        f"{rows.SELECT_JOB} WHERE {where} ORDER BY seq DESC LIMIT ?", (*values, wanted.limit)
    ).fetchall()
    return rows.with_outputs(connection, found)


def count(connection: apsw.Connection, wanted: Filter) -> dict[State, int]:
    """Count jobs by state."""
    where, values = _where(connection, wanted)
    found: list[tuple[Any, ...]] = connection.execute(
        f"SELECT state, count(*) FROM jobs WHERE {where} GROUP BY state",  # noqa: S608 - ours
        tuple(values),
    ).fetchall()
    return dict(found)


def _where(connection: apsw.Connection, wanted: Filter) -> tuple[str, list[Any]]:
    """Return the condition of a filter, and its values.

    A `+` keeps SQLite from an index that would give it most of the table to sort: only a few
    jobs are active, most have ended.
    """
    terms: list[str] = ["true"]
    values: list[Any] = []

    def add(term: str, *given: Any) -> None:
        terms.append(term)
        values.extend(given)

    if wanted.states is not None:
        column = "state" if wanted.states <= ACTIVE else "+state"
        listed = "IN (SELECT value FROM json_each(?))"
        add(f"{column} {listed}", rows.to_list(wanted.states))
    for column in ("provider", "model", "sandbox", "credential"):
        value = getattr(wanted, column)
        if value is not None:
            add(f"{column} = ?", value)
    if wanted.task_id is not None:
        other = "SELECT job FROM submissions WHERE task_id = ?"
        add(f"(task_id = ? OR seq IN ({other}))", wanted.task_id, wanted.task_id)
    if wanted.since is not None:
        add("+created_at >= ?", wanted.since)
    if wanted.expires_before is not None:
        add("expires_at < ?", wanted.expires_before)
    if wanted.before is not None:
        cursor, _ = rows.load(connection, wanted.before)
        add("seq < ?", cursor)
    return " AND ".join(terms), values


def events(
    connection: apsw.Connection, *, after: int, job_id: str | None, limit: int
) -> list[Event]:
    """List events with a greater number, oldest first."""
    select = "SELECT e.seq, j.id, e.at, e.kind, e.state, e.data FROM events e JOIN jobs j"
    if job_id is None:
        found = connection.execute(
            f"{select} ON j.seq = e.job WHERE e.seq > ? ORDER BY e.seq LIMIT ?", (after, limit)
        )
    else:
        found = connection.execute(
            f"{select} ON j.seq = e.job WHERE j.id = ? AND e.seq > ? ORDER BY e.seq LIMIT ?",
            (job_id, after, limit),
        )
    return [rows.to_event(row) for row in found]


def submissions(connection: apsw.Connection, job_id: str) -> list[Submission]:
    """List a job's submissions, first first."""
    return [
        rows.to_submission(record, body)
        for record, body in connection.execute(
            "SELECT s.record, s.body FROM submissions s JOIN jobs j ON j.seq = s.job"
            " WHERE j.id = ? ORDER BY s.attempt",
            (job_id,),
        )
    ]


def entries(connection: apsw.Connection, job_id: str) -> list[Entry]:
    """List a job's ledger entries, oldest first."""
    return [
        Entry(seq=seq, job_id=job_id, at=at, kind=kind, credits=credits_, source=source, note=note)
        for seq, at, kind, credits_, source, note in connection.execute(
            "SELECT l.seq, l.at, l.kind, l.credits, l.source, l.note"
            " FROM ledger l JOIN jobs j ON j.seq = l.job WHERE j.id = ? ORDER BY l.seq",
            (job_id,),
        )
    ]


def tasks_owned(connection: apsw.Connection, provider: str, task_ids: Collection[str]) -> set[str]:
    """Return those of the task ids that belong to a job or a submission."""
    return {
        task_id
        for (task_id,) in connection.execute(
            "SELECT task_id FROM jobs WHERE provider = ?1"
            " AND task_id IN (SELECT value FROM json_each(?2))"
            " UNION SELECT s.task_id FROM submissions s JOIN jobs j ON j.seq = s.job"
            " WHERE j.provider = ?1 AND s.task_id IN (SELECT value FROM json_each(?2))",
            (provider, rows.to_list(task_ids)),
        )
    }
