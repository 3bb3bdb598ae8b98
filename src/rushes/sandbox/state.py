"""The world's memory: one SQLite database, its transactions, and what is set in it.

A world in memory belongs to one sandbox. A world in a file may be open in several processes at
once; settings, clock and faults are shared by all of them. It holds no real money, so commits
are not synced.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec

from rushes.errors import StoreError

from .faults import Fault, Met, met
from .settings import Settings

__all__ = ["Clock", "State", "fingerprint"]

_BUSY_MILLISECONDS = 20_000
_VERSION = 1

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    balance INTEGER NOT NULL,
    created REAL NOT NULL,
    UNIQUE (provider, fingerprint)
);
-- `due` is when credits next move; `moved` counts the moves made: 1 charged, 2 given back.
CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    account INTEGER NOT NULL,
    model TEXT NOT NULL,
    params BLOB NOT NULL,
    outputs INTEGER NOT NULL,
    other INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    created REAL NOT NULL,
    starts REAL,
    ends REAL,
    fate TEXT NOT NULL,
    reason TEXT NOT NULL,
    canceled REAL,
    wants INTEGER NOT NULL,
    looks INTEGER NOT NULL DEFAULT 0,
    credits INTEGER NOT NULL,
    on_completion INTEGER NOT NULL,
    refunds INTEGER NOT NULL,
    retention REAL NOT NULL,
    charged_at REAL,
    refunded_at REAL,
    due REAL,
    moved INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    callback TEXT,
    called INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tasks_by_account ON tasks (account, number);
CREATE INDEX tasks_due ON tasks (account, due) WHERE due IS NOT NULL;
CREATE INDEX tasks_to_call ON tasks (ends) WHERE callback IS NOT NULL AND called = 0;
CREATE TABLE keys (
    account INTEGER NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    task INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;
CREATE TABLE uses (name TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX uses_by_name ON uses (name, at);
CREATE TABLE faults (number INTEGER PRIMARY KEY, fault BLOB, seen INTEGER, used INTEGER);
CREATE TABLE requests (number INTEGER PRIMARY KEY, entry BLOB NOT NULL);
"""
_TABLES = ("accounts", "tasks", "keys", "uses", "faults", "requests", "meta")


class Clock(msgspec.Struct, frozen=True):
    """The world's time: the machine's with an offset, or standing still at `frozen`."""

    offset: float = 0.0
    frozen: float | None = None

    def now(self) -> float:
        """Seconds since 1970, in the world."""
        return time.time() + self.offset if self.frozen is None else self.frozen

    def moved(self, seconds: float) -> "Clock":
        """Return the clock `seconds` later."""
        if self.frozen is None:
            return Clock(self.offset + seconds)
        return Clock(self.offset, self.frozen + seconds)

    def freeze(self, frozen: bool) -> "Clock":
        """Return the clock standing still at its time, or going on from there."""
        now = self.now()
        return Clock(self.offset, now) if frozen else Clock(now - time.time())


def fingerprint(key: str) -> str:
    """Return what stands for a key in the world, its record and its answers."""
    import hashlib

    return hashlib.sha256(f"rushes sandbox {key}".encode("utf-8", "replace")).hexdigest()[:16]


class State:
    """The open database, and what of it is read so often that a copy is kept.

    All use is inside `writing()`, which is one transaction and one thread at a time.
    """

    def __init__(self, path: Path | None, settings: Settings | None) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._seen_version = -1
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self.db = apsw.Connection(":memory:" if path is None else str(path))
            self.db.set_busy_timeout(_BUSY_MILLISECONDS)
            self._open()
        except (apsw.Error, OSError) as error:
            raise StoreError(
                f"The sandbox's world {path} cannot be opened: {error}.",
                next_step=f"Remove {path} to begin a new world.",
            ) from error
        with self.writing():
            if settings is not None:
                self.set_settings(settings)

    def _open(self) -> None:
        if self.path is not None:
            self.db.pragma("journal_mode", "wal")
        self.db.pragma("synchronous", 1)
        with self._transaction():
            version = self.db.pragma("user_version")
            if version == 0:
                self.db.execute(_SCHEMA)
                self.db.pragma("user_version", _VERSION)
            elif version != _VERSION:
                raise apsw.Error(f"it is of version {version}, this is for version {_VERSION}")
            if self.meta("secret") is None:
                self.set_meta("secret", secrets.token_bytes(32))

    def close(self) -> None:
        """Close the database; nothing may be asked of it afterwards."""
        with self._lock:
            self.db.close()

    @contextmanager
    def writing(self) -> Iterator["State"]:
        """Hold one transaction; an error inside undoes all of it."""
        with self._lock:
            if self._depth:
                yield self
                return
            with self._transaction():
                self._refresh()
                self._depth = 1
                try:
                    yield self
                finally:
                    self._depth = 0

    def refresh(self) -> None:
        """See what another process has set since, without holding a transaction."""
        with self._lock:
            if not self._depth:
                self._refresh()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._seen_version = -1
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def _refresh(self) -> None:
        """Read again what another process, or an undone transaction, may have left different."""
        if self.path is None and self._seen_version != -1:
            return
        version = self.db.pragma("data_version")
        if version == self._seen_version:
            return
        self._seen_version = version
        raw = self.meta("settings")
        self.settings = Settings() if raw is None else msgspec.json.decode(raw, type=Settings)
        raw = self.meta("clock")
        self.clock = Clock() if raw is None else msgspec.json.decode(raw, type=Clock)
        self.secret: bytes = self.meta("secret") or b""
        self._read_faults()

    def ask(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """Return the rows of a query."""
        return self.db.execute(sql, values).fetchall()

    def meta(self, name: str) -> Any:
        """Return a value of the world, or None."""
        rows = self.ask("SELECT value FROM meta WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def set_meta(self, name: str, value: bytes) -> None:
        """Keep a value of the world."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def set_settings(self, settings: Settings) -> None:
        """Make the settings hold, for every process that has this world open."""
        self.settings = settings
        self.set_meta("settings", msgspec.json.encode(settings))

    def set_clock(self, clock: Clock) -> None:
        """Set the time; it never goes back (ValueError)."""
        # A clock that is stopped was read a moment before; on a busy machine that can be long.
        if clock.now() < self.clock.now() - 1.0:
            raise ValueError("the clock only goes forward; reset begins a new world")
        self.clock = clock
        self.set_meta("clock", msgspec.json.encode(clock))

    def reset(self) -> None:
        """Begin a new world: no account, task, fault or record; the settings and media stay."""
        secret = self.secret
        for table in _TABLES:
            self.db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        self.set_meta("secret", secret)
        self.set_settings(self.settings)
        self.clock = Clock()
        self._read_faults()

    def _read_faults(self) -> None:
        rows = self.ask("SELECT number, fault FROM faults ORDER BY number")
        self.faults = [(number, msgspec.json.decode(raw, type=Fault)) for number, raw in rows]

    def add_fault(self, fault: Fault) -> int:
        """Add a fault, and return its number. A key in it is kept only as its fingerprint."""
        if fault.key is not None:
            fault = msgspec.structs.replace(fault, key=fingerprint(fault.key))
        raw = msgspec.json.encode(fault)
        self.db.execute("INSERT INTO faults (fault, seen, used) VALUES (?, 0, 0)", (raw,))
        self._read_faults()
        return int(self.db.last_insert_rowid())

    def fault_counts(self) -> list[tuple[int, Fault, int, int]]:
        """List the faults: number, fault, requests met, requests it held for."""
        rows = self.ask("SELECT number, seen, used FROM faults")
        counts = {number: (seen, used) for number, seen, used in rows}
        return [(number, fault, *counts[number]) for number, fault in self.faults]

    def drop_faults(self, number: int | None = None) -> None:
        """Remove one fault, or all."""
        which = -1 if number is None else number
        self.db.execute("DELETE FROM faults WHERE ? IN (number, -1)", (which,))
        self._read_faults()

    def choose_fault(self, request: Met) -> Fault | None:
        """Count the request with every fault that meets it, and return the first that holds."""
        chosen = None
        for number, fault in self.faults:
            if not met(fault, request):
                continue
            seen, used = self.ask("SELECT seen, used FROM faults WHERE number = ?", (number,))[0]
            holds = chosen is None and fault.chooses(seen + 1, used)
            if holds:
                chosen = fault
            self.db.execute(
                "UPDATE faults SET seen = ?, used = ? WHERE number = ?",
                (seen + 1, used + holds, number),
            )
        return chosen
