"""The one thread that writes: it commits all that waits in one group."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import apsw

from rushes.errors import StoreError
from rushes.store.database import DISK_ERRORS, translate
from rushes.store.protocol import CommitHook

LARGEST_GROUP = 128
BREATH_SECONDS = 0.001
"""Another process asks for the lock once a millisecond; between groups it must find it free."""

SHARED_SECONDS = 30.0
"""For so long after another process has committed, every group is followed by a breath."""

BREATH_EVERY = 16
"""Without a sign of another process only each 16th group is: a first commit must come through."""

T = TypeVar("T")
Operation = Callable[[apsw.Connection], T]


class _Waiting(NamedTuple):
    operation: Operation[Any]
    future: asyncio.Future[Any]


class _Outcome(NamedTuple):
    future: asyncio.Future[Any]
    result: Any
    error: Exception | None


class Writer:
    """Runs operations in groups: one transaction each, one savepoint for each operation.

    An operation that raises is undone alone, and its caller gets the exception. When the
    transaction itself fails, nothing of the group is kept and every caller gets StoreError. A
    caller that stops waiting does not stop its operation.
    """

    def __init__(
        self, connection: apsw.Connection, path: Path, *, on_commit: CommitHook | None = None
    ) -> None:
        self._connection = connection
        self._path = path
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._wake = threading.Condition()
        self._first: deque[_Waiting] = deque()
        self._queue: deque[_Waiting] = deque()
        self._stopping = False
        self._groups = 0
        self._version = 0
        self._shared_until = 0.0
        self._thread = threading.Thread(target=self._run, name="rushes-store-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[T], *, first: bool = False) -> asyncio.Future[T]:
        """Queue an operation, `first` before all that are not; its future tells the outcome."""
        waiting = _Waiting(operation, self._loop.create_future())
        with self._wake:
            if self._stopping:
                raise StoreError("The store is closed.", next_step="Open it again.")
            (self._first if first else self._queue).append(waiting)
            self._wake.notify()
        return waiting.future

    def stop(self) -> None:
        """Finish what is queued, then close the connection. Blocks; may be called again."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()
        # What was committed is safe in the write-ahead log, whatever closing meets.
        with contextlib.suppress(apsw.Error):
            self._connection.close()

    def _run(self) -> None:
        while group := self._take():
            outcomes = self._commit(group)
            # The loop may be gone; the commit stands all the same.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_deliver, outcomes)
            self._breathe()

    def _take(self) -> list[_Waiting]:
        """Wait for work, and take what waits, up to a bound; empty when there is no more."""
        with self._wake:
            while not (self._first or self._queue or self._stopping):
                self._wake.wait()
            group = list(self._first)
            self._first.clear()
            while self._queue and len(group) < LARGEST_GROUP:
                group.append(self._queue.popleft())
            return group

    def _commit(self, group: list[_Waiting]) -> list[_Outcome]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._notice_others()
            outcomes = [self._perform(waiting) for waiting in group]
            self._call_hook("before")
            self._connection.execute("COMMIT")
            self._call_hook("after")
        except Exception as error:  # noqa: BLE001 - each caller gets it
            self._roll_back()
            return [
                _Outcome(waiting.future, None, translate(error, self._path)) for waiting in group
            ]
        return outcomes

    def _perform(self, waiting: _Waiting) -> _Outcome:
        self._connection.execute("SAVEPOINT operation")
        try:
            result = waiting.operation(self._connection)
        except DISK_ERRORS:
            raise
        except Exception as error:
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO operation")
            self._connection.execute("RELEASE operation")
            return _Outcome(waiting.future, None, translate(error, self._path))
        self._connection.execute("RELEASE operation")
        return _Outcome(waiting.future, result, None)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):
                self._connection.execute("ROLLBACK")

    def _call_hook(self, moment: str) -> None:
        if self._on_commit is not None:
            self._on_commit(moment)

    def _notice_others(self) -> None:
        """The number changes when another connection has committed: only other processes write."""
        version = self._connection.execute("PRAGMA data_version").get
        if self._version not in (0, version):
            self._shared_until = time.monotonic() + SHARED_SECONDS
        self._version = version

    def _breathe(self) -> None:
        self._groups += 1
        if time.monotonic() < self._shared_until or self._groups % BREATH_EVERY == 0:
            time.sleep(BREATH_SECONDS)


def _deliver(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
