"""Opens the SQLite file: its settings, its layout, and what SQLite's errors mean to a person."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import apsw

from rushes.errors import StoreError

OLDEST_SQLITE = (3, 51, 3)
"""The first release whose write-ahead log cannot be reset under a reader, losing commits."""

APPLICATION = int.from_bytes(b"RUSH")
BUSY_SECONDS = 10.0

DISK_ERRORS = (
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.ProtocolError,
)
"""After one of these nothing of the transaction may be kept."""

T = TypeVar("T")


def translate(error: Exception, path: Path) -> Exception:
    """Return the error that a caller should see, its cause set; our own errors come back as is."""
    if isinstance(error, apsw.ConstraintError | apsw.MismatchError):
        return _with_cause(ValueError(f"the store refuses this value: {error}"), error)
    if not isinstance(error, apsw.Error | OSError):
        return error
    told, next_step = _explain(error, path)
    return _with_cause(StoreError(f"{told} ({error})", next_step=next_step), error)


def _with_cause(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def _explain(error: Exception, path: Path) -> tuple[str, str]:
    if isinstance(error, apsw.FullError):
        return (
            f"The disk is full: nothing was written to {path}.",
            f"Free some space (df -h {path.parent}), then run the command again.",
        )
    if isinstance(error, apsw.BusyError | apsw.LockedError | apsw.ProtocolError):
        return (
            f"Another process has kept {path} locked for {BUSY_SECONDS:.0f} seconds.",
            f"See which one (fuser {path}), end it or wait for it, then run the command again.",
        )
    if isinstance(error, apsw.NotADBError):
        return (
            f"{path} is not a SQLite database.",
            "Move it away, or set RUSHES_HOME to another folder.",
        )
    if isinstance(error, apsw.CorruptError):
        return (
            f"{path} is damaged.",
            f"Copy it, then save what can be saved: sqlite3 {path} .recover > saved.sql",
        )
    if isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError | apsw.PermissionsError | OSError):
        return (
            f"{path} cannot be opened for writing.",
            f"Make {path.parent} writable for you, or set RUSHES_HOME to a folder that is.",
        )
    if isinstance(error, apsw.IOError):
        return (
            f"The disk under {path} failed: nothing was written.",
            f"Check the disk and its free space (df -h {path.parent}), then run the command again.",
        )
    return (f"SQLite failed on {path}.", "Run: rushes doctor")


def check_library(version: str | None = None) -> None:
    """Raise StoreError when the SQLite library is too old to be trusted with a WAL file."""
    version = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(
            f"SQLite {version} can lose commits; {oldest} or newer is needed.",
            next_step=f'Run: pip install --upgrade "apsw>={oldest}"',
        )


def load_migrations() -> tuple[str, ...]:
    """Return the packaged migrations; the first makes layout 1, the second 2, and so on."""
    folder = files("rushes.store").joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(folder.joinpath(name).read_text("utf-8") for name in names)


def create_file(path: Path) -> None:
    """Make the folder (0700) and an empty file (0600), where they do not exist yet."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def connect(path: Path, *, read_only: bool = False) -> apsw.Connection:
    """Open one connection with the store's settings. The file must exist."""
    connection = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
        if not read_only:
            _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").get)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except Exception:
        connection.close(force=True)
        raise
    return connection


def _patiently(attempt: Callable[[], T]) -> T:
    """Try again for a while: the change to WAL fails at once when somebody else has the file."""
    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return attempt()
        except apsw.BusyError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.005)


def migrate(connection: apsw.Connection, path: Path, migrations: Sequence[str]) -> None:
    """Bring the file's layout up to date, each step in a transaction of its own.

    Raises StoreError for a newer layout, and for a database of something else.
    """
    newest = len(migrations)
    with _transaction(connection, "BEGIN"):
        version = _layout(connection, path, newest=newest)
    while version < newest:
        with _transaction(connection, "BEGIN IMMEDIATE"):
            # Another process may have taken the step meanwhile.
            version = _layout(connection, path, newest=newest)
            if version < newest:
                connection.execute(migrations[version])
                version += 1
                connection.execute(f"PRAGMA user_version = {version}")


@contextlib.contextmanager
def _transaction(connection: apsw.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _layout(connection: apsw.Connection, path: Path, *, newest: int) -> int:
    version = int(connection.execute("PRAGMA user_version").get)
    application = int(connection.execute("PRAGMA application_id").get)
    empty = version == 0 and not connection.execute("SELECT count(*) FROM sqlite_schema").get
    if application != APPLICATION and not empty:
        raise StoreError(
            f"{path} is a database, but not a store of Rushes.",
            next_step="Move it away, or set RUSHES_HOME to another folder.",
        )
    if version > newest:
        raise StoreError(
            f"{path} was written by a newer Rushes (layout {version}; this one knows {newest}).",
            next_step="Run: pip install --upgrade rushes",
        )
    return version
