"""Who works on what: leases, and jobs taken under them."""

from collections.abc import Collection

import apsw

from rushes.store import rows
from rushes.store.job import ACTIVE, Job, Owner, State
from rushes.store.protocol import InFlight

_DEAD = """
WITH RECURSIVE holder (id) AS (
    SELECT min(owner) FROM jobs
    UNION ALL
    SELECT (SELECT min(owner) FROM jobs WHERE owner > holder.id) FROM holder
    WHERE holder.id IS NOT NULL
)
SELECT id FROM holder WHERE id IS NOT NULL AND id <> ?1
AND NOT EXISTS (SELECT 1 FROM owners WHERE owners.id = holder.id AND lease_until > ?2)
"""
"""Steps through the index from holder to holder, however many jobs each has."""

_DUE = """
SELECT seq, expires_at, next_at FROM jobs
WHERE owner IS ?1 AND state IN (SELECT value FROM json_each(?2)) AND next_at <= ?3
AND credential IN (SELECT value FROM json_each(?4))
ORDER BY expires_at IS NULL, expires_at, next_at, seq LIMIT ?5
"""


def claim(
    connection: apsw.Connection,
    owner: str,
    *,
    now: float,
    states: Collection[State],
    credentials: Collection[str],
    limit: int,
) -> list[Job]:
    """Take due jobs that no living owner holds; soonest to expire first, then soonest due."""
    dead = [holder for (holder,) in connection.execute(_DEAD, (owner, now))]
    due: list[tuple[float, float, int]] = []
    for holder in (None, *dead):
        found = connection.execute(
            _DUE, (holder, rows.to_list(states), now, rows.to_list(credentials), limit)
        )
        due += [
            (float("inf") if expires_at is None else expires_at, next_at, seq)
            for seq, expires_at, next_at in found
        ]
    taken = rows.to_list(seq for _, _, seq in sorted(due)[:limit])
    if taken == "[]":
        return []
    connection.execute(
        "UPDATE jobs SET owner = ?, claim = claim + 1"
        " WHERE seq IN (SELECT value FROM json_each(?))",
        (owner, taken),
    )
    found_rows = connection.execute(
        f"{rows.SELECT_JOB} WHERE seq IN (SELECT value FROM json_each(?))"  # noqa: S608 - ours
        " ORDER BY expires_at IS NULL, expires_at, next_at, seq",
        (taken,),
    ).fetchall()
    return rows.with_outputs(connection, found_rows)


def register(connection: apsw.Connection, owner: Owner) -> None:
    """Add an owner, or renew its lease."""
    connection.execute(
        "INSERT INTO owners (id, host, pid, lock, lease_until) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET host = excluded.host, pid = excluded.pid,"
        " lock = excluded.lock, lease_until = excluded.lease_until",
        (owner.id, owner.host, owner.pid, owner.lock, owner.lease_until),
    )


def owners(connection: apsw.Connection) -> list[Owner]:
    """List all owners, the latest lease first."""
    return [
        Owner(id=id_, host=host, pid=pid, lock=lock, lease_until=lease_until)
        for id_, host, pid, lock, lease_until in connection.execute(
            "SELECT id, host, pid, lock, lease_until FROM owners ORDER BY lease_until DESC, id"
        )
    ]


def release(connection: apsw.Connection, owner: str) -> int:
    """Forget an owner and free all its jobs; returns how many."""
    connection.execute("DELETE FROM owners WHERE id = ?", (owner,))
    connection.execute("UPDATE jobs SET owner = NULL WHERE owner = ?", (owner,))
    return connection.changes()


def in_flight(connection: apsw.Connection, now: float) -> list[InFlight]:
    """Count the jobs that have not ended by credential, and those that no living owner has."""
    return [
        InFlight(
            credential=credential,
            provider=provider,
            sandbox=bool(sandbox),
            jobs=jobs,
            unheld=unheld,
        )
        for credential, provider, sandbox, jobs, unheld in connection.execute(
            "SELECT credential, provider, sandbox, count(*), sum(owner IS NULL OR NOT EXISTS"
            " (SELECT 1 FROM owners o WHERE o.id = jobs.owner AND o.lease_until > ?))"
            " FROM jobs WHERE state IN (SELECT value FROM json_each(?))"
            " GROUP BY credential, provider, sandbox ORDER BY provider, credential",
            (now, rows.to_list(ACTIVE)),
        )
    ]
