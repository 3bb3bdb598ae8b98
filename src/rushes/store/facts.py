"""Small facts that all processes share: query budgets, times of tasks, a person's word."""

import secrets

import apsw

from rushes.store.protocol import Sample

KEPT_SAMPLES = 2000
"""More than begin together: the last to end of those are the slow ones, and would be all."""

_MICRO = 1_000_000


def take_query(connection: apsw.Connection, key: str, *, now: float, per_minute: int) -> float:
    """Take the next free place for a query; returns the seconds until it.

    Places lie evenly, a hair more than a minute / `per_minute` apart, so that rounding never
    puts one too many into a minute. Raises ValueError when `per_minute` is not positive.
    """
    if per_minute < 1:
        raise ValueError(f"per_minute must be at least 1, not {per_minute}")
    row = connection.execute(
        "SELECT free_at, blocked_until FROM queries WHERE name = ?", (key,)
    ).fetchone()
    free_at, blocked_until = row or (0, 0)
    asked = round(now * _MICRO)
    place = max(asked, free_at, blocked_until)
    gap = -(-60 * _MICRO // per_minute) + 1
    connection.execute(
        "INSERT INTO queries (name, free_at, blocked_until) VALUES (?, ?, 0)"
        " ON CONFLICT DO UPDATE SET free_at = excluded.free_at",
        (key, place + gap),
    )
    return (place - asked) / _MICRO


def block_queries(connection: apsw.Connection, key: str, *, until: float) -> None:
    """Let nobody query before `until`; a longer block stays."""
    connection.execute(
        "INSERT INTO queries (name, free_at, blocked_until) VALUES (?, 0, ?)"
        " ON CONFLICT DO UPDATE SET blocked_until = max(blocked_until, excluded.blocked_until)",
        (key, round(until * _MICRO)),
    )


def blocked_until(connection: apsw.Connection, key: str) -> float:
    """Return until when nobody may query; 0 where nobody was ever told to wait."""
    until = connection.execute("SELECT blocked_until FROM queries WHERE name = ?", (key,)).get
    return (until or 0) / _MICRO


def add_sample(connection: apsw.Connection, sample: Sample) -> None:
    """Remember a sample, and forget all but the newest of its model."""
    connection.execute(
        "INSERT INTO samples (model, sandbox, unfinished, finished, at) VALUES (?, ?, ?, ?, ?)",
        (sample.model, sample.sandbox, sample.unfinished, sample.finished, sample.at),
    )
    connection.execute(
        "DELETE FROM samples WHERE seq IN (SELECT seq FROM samples"
        " WHERE model = ? AND sandbox = ? ORDER BY at DESC, seq DESC LIMIT -1 OFFSET ?)",
        (sample.model, sample.sandbox, KEPT_SAMPLES),
    )


def samples(connection: apsw.Connection, model: str, *, sandbox: bool) -> list[Sample]:
    """Return a model's samples, newest first."""
    return [
        Sample(model=model, sandbox=sandbox, unfinished=unfinished, finished=finished, at=at)
        for unfinished, finished, at in connection.execute(
            "SELECT unfinished, finished, at FROM samples"
            " WHERE model = ? AND sandbox = ? ORDER BY at DESC, seq DESC",
            (model, sandbox),
        )
    ]


def allow_unpriced(connection: apsw.Connection, model: str, credential: str) -> None:
    """Remember a person's word for a model and credential."""
    connection.execute(
        "INSERT INTO unpriced (model, credential) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (model, credential),
    )


def is_unpriced_allowed(connection: apsw.Connection, model: str, credential: str) -> bool:
    """Say whether that word has been given."""
    return bool(
        connection.execute(
            "SELECT count(*) FROM unpriced WHERE model = ? AND credential = ?", (model, credential)
        ).get
    )


def remember(connection: apsw.Connection, name: str, value: str) -> None:
    """Keep a fact under its name, in the place of an older one."""
    connection.execute(
        "INSERT INTO meta (name, value) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (f"fact {name}", value.encode()),
    )


def recall(connection: apsw.Connection, name: str) -> str | None:
    """Return the fact of that name, or None."""
    value = connection.execute("SELECT value FROM meta WHERE name = ?", (f"fact {name}",)).get
    return None if value is None else bytes(value).decode()


def recall_all(connection: apsw.Connection, prefix: str) -> dict[str, str]:
    """Return the facts whose names begin so, by the rest of their names."""
    start = f"fact {prefix}"
    found = connection.execute(
        "SELECT name, value FROM meta WHERE name >= ?1 AND name < ?1 || char(0x10FFFF)"
        " ORDER BY name",
        (start,),
    )
    return {name.removeprefix(start): bytes(value).decode() for name, value in found}


def secret(connection: apsw.Connection) -> bytes:
    """Return the store's own 32 random bytes, made on the first call."""
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING",
        (secrets.token_bytes(32),),
    )
    return bytes(connection.execute("SELECT value FROM meta WHERE name = 'secret'").get)
