"""Which processes work on the store's jobs, and which of them are dead.

Each engine holds an operating system lock on a file of its own: death frees it, a pause does
not. A lease in the store, renewed by a heartbeat, tells other processes that an engine is not
stuck; the lock alone tells that it can never send again.
"""

import contextlib
import fcntl
import os
import secrets
import socket
from pathlib import Path

from rushes.engine.clock import Clock
from rushes.errors import ForkedClient
from rushes.store.job import Owner
from rushes.store.protocol import Store

LEASE = 15.0
HEARTBEAT = 4.0


class Ownership:
    """This process' place among the owners of jobs."""

    def __init__(self, folder: Path, store: Store, clock: Clock) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock
        self._pid = os.getpid()
        self._host = socket.gethostname()
        self.id = f"{self._host}-{self._pid}-{secrets.token_hex(4)}"
        self._path = folder / f"{self.id}.lock"
        self._lock: int | None = None

    async def take(self) -> None:
        """Lock, and register in the store."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        await self.renew()

    async def renew(self) -> None:
        """Renew the lease."""
        await self._store.register(
            Owner(
                id=self.id,
                host=self._host,
                pid=self._pid,
                lock=str(self._path),
                lease_until=self._clock.now() + LEASE,
            )
        )

    def is_alive(self) -> bool:
        """Say whether this process still holds its lock; False in a forked child."""
        return self._lock is not None and os.getpid() == self._pid

    def check_fork(self) -> None:
        """Raise ForkedClient in a child of the process that made the client."""
        if os.getpid() != self._pid:
            raise ForkedClient(
                "This client was made before a fork, and connections and threads do not survive "
                "one.",
                next_step="Make a new client in the child: Rushes() or AsyncRushes().",
            )

    async def bury(self) -> int:
        """Free the jobs of owners on this machine that are dead; returns how many."""
        freed = 0
        for owner in await self._store.owners():
            if owner.id != self.id and owner.host == self._host and _is_free(Path(owner.lock)):
                freed += await self._store.release(owner.id)
                Path(owner.lock).unlink(missing_ok=True)
        return freed

    async def leave(self) -> None:
        """Free all jobs, and the lock."""
        try:
            await self._store.release(self.id)
        finally:
            if self._lock is not None:
                self._path.unlink(missing_ok=True)
                os.close(self._lock)
                self._lock = None


def _is_free(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
    finally:
        os.close(descriptor)
