"""The stored keys together with the jobs under way of each: replaced and removed with care."""

import contextlib
import time
from typing import Self

from rushes.catalog import load
from rushes.config import Config
from rushes.engine import absence, keyring
from rushes.engine.credentials import fingerprint_of
from rushes.errors import RushesError
from rushes.store.sqlite import SqliteStore


class Keyring:
    """An asynchronous context manager. A store that does not exist yet is not made."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._path = config.home / "rushes.sqlite3"
        self._store: SqliteStore | None = None

    async def __aenter__(self) -> Self:
        if self._path.exists():
            store = SqliteStore(self._path)
            await store.open()
            self._store = store
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._store is not None:
            await self._store.close()

    async def jobs(self, provider: str, secret: str) -> int:
        """Count the unfinished jobs of a key."""
        if self._store is None:
            return 0
        fingerprint = fingerprint_of(await self._store.secret(), provider, secret)
        found = await self._store.in_flight(now=time.time())
        return sum(one.jobs for one in found if one.credential == fingerprint)

    async def put(self, provider: str, name: str, secret: str) -> str | None:
        """Store a key under a name. The one that had it is kept while it may have jobs.

        Returns the name under which it is kept, or None where it is not.
        """
        old = self._config.stored_keys().get(provider, {}).get(name)
        if self._store is None or old is None or old == secret:
            self._config.store_key(provider, secret, name)
            return None
        kept_as = self._config.keys.rotate(provider, name, secret)
        fingerprint = fingerprint_of(await self._store.secret(), provider, old)
        if kept_as is not None:
            await self._store.remember(keyring.named(fingerprint), kept_as)
        # Any process that works now may be about to make a job with the key that it knows.
        working = any(one.lease_until > time.time() for one in await self._store.owners())
        if not working and not await self.jobs(provider, old):
            self._config.keys.drop(provider, old)
            return None
        return kept_as

    async def jobs_without(self, provider: str, name: str) -> int:
        """Count the unfinished jobs that would wait for their key if this one were removed."""
        secret = self._config.stored_keys().get(provider, {}).get(name)
        if secret is None or self._is_elsewhere(provider, name, secret):
            return 0
        return await self.jobs(provider, secret)

    async def remove(self, provider: str, name: str) -> bool:
        """Remove a stored key; says whether it was there. Its jobs wait until it is back."""
        secret = self._config.stored_keys().get(provider, {}).get(name)
        if secret is None:
            return False
        waiting = await self.jobs_without(provider, name)
        self._config.store_key(provider, None, name)
        if self._store is not None and waiting:
            fingerprint = fingerprint_of(await self._store.secret(), provider, secret)
            await absence.begin(self._store, fingerprint, time.time())
        return True

    def _is_elsewhere(self, provider: str, name: str, secret: str) -> bool:
        others = [one for one in self._config.named_keys(provider) if one.name != name]
        names = load(self._config.home).provider(provider).auth.environment
        with contextlib.suppress(RushesError):
            if (own := self._config.environment_key(provider, names)) is not None:
                others.append(own)
        return any(one.secret == secret for one in others)
