"""A client with its seams open, both providers on real sockets, and time that passes by itself."""

import asyncio
import functools
import hashlib
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self

from rushes.client.aio import AsyncRushes
from rushes.client.job import AsyncJob
from rushes.client.session import Session
from rushes.engine.clock import Clock
from rushes.engine.virtual import VirtualClock
from rushes.sandbox import Sandbox
from rushes.store.job import Change, Entry, Event, Job, Submission

KEY = "canary-key-1f4c9d27a8"
"""The key of the real providers in these tests; it may turn up nowhere."""

IMAGE = "mediaio/imagen-4"
VIDEO = "aivideomaker/t2v-v3"
SECONDS_AT_MOST = 20.0


def asynchronous(
    test: Callable[..., Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Run a test on a loop of its own, for a bounded time."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(SECONDS_AT_MOST):
                await test(*args, **kwargs)

        asyncio.run(bounded())

    return run


class Client(AsyncRushes):
    """The asynchronous client with other seams than the usual ones."""

    def __init__(self, *, seams: dict[str, Any], **given: Any) -> None:
        super().__init__(**given)
        self._seams = seams

    async def __aenter__(self) -> Self:
        session = Session(self.config, clock=self._clock, **self._seams)
        await session.open()
        self._session = session
        return self

    # What tests ask the store.

    async def stored(self, job: AsyncJob) -> Job:
        return await self.session.store.job(job.id)

    async def entries(self, job: AsyncJob) -> list[Entry]:
        return await self.session.store.entries(job.id)

    async def moves(self, job: AsyncJob) -> list[tuple[str, int, str]]:
        """The job's ledger: kind, credits, source."""
        return [(one.kind, one.credits, one.source) for one in await self.entries(job)]

    async def submissions(self, job: AsyncJob) -> list[Submission]:
        return await self.session.store.submissions(job.id)

    async def events_of(self, job: AsyncJob) -> list[Event]:
        return await self.session.store.events(job_id=job.id)

    async def kinds(self, job: AsyncJob) -> list[str]:
        return [event.kind for event in await self.events_of(job)]

    async def set(self, job: AsyncJob, **fields: Any) -> Job:
        """Set columns of a job, as no engine would."""
        return await self.session.store.apply(
            Change(job_id=job.id, fields=fields, at=self.session.clock.now())
        )

    def leap(self, seconds: float) -> None:
        """Let time pass at once, as when the machine sleeps."""
        assert isinstance(self.session.clock, VirtualClock)
        self.session.clock.leap(seconds)

    async def until(
        self, job: AsyncJob, condition: Callable[[Job], bool], seconds: float = 10.0
    ) -> Job:
        """Follow the job until it is so, for a bounded real time."""
        async with asyncio.timeout(seconds):
            async for record in self.session.changes(job.id):
                if condition(record):
                    break
        await job.refresh()
        return record

    async def until_kind(self, job: AsyncJob, kind: str, times: int = 1) -> None:
        """Follow the job until an event of that kind has been recorded."""
        async with asyncio.timeout(10.0):
            async for _ in self.session.changes(job.id):
                if (await self.kinds(job)).count(kind) >= times:
                    break
        await job.refresh()


class Lab:
    """One home folder, and both providers."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.home = home

    def clock(self) -> VirtualClock:
        """Time that the sandbox shares."""
        return VirtualClock(on_advance=lambda seconds: void(self.sandbox.advance(seconds)))

    def client(
        self,
        *,
        real: bool = True,
        clock: Clock | None = None,
        home: Path | None = None,
        url: str | None = None,
        seams: dict[str, Any] | None = None,
        **given: Any,
    ) -> Client:
        """Make a client: the sandbox as the real providers, or (`real=False`) as a sandbox."""
        url = url or self.sandbox.url
        where: dict[str, Any] = {"sandbox": url}
        if real:
            where = {"base_urls": {"mediaio": url, "aivideomaker": url}, "sandbox": False}
            given.setdefault("allow_unpriced", True)
        return Client(
            seams=seams or {},
            home=home or self.home,
            clock=clock or self.clock(),
            **where,
            **given,
        )

    # What the provider saw.

    def seen(self, action: str) -> int:
        """How many requests of that kind the provider was sent."""
        return len(self.sandbox.requests(action=action))

    def posts(self) -> int:
        """How many creates were sent, accepted or not."""
        return self.seen("create")

    def files(self) -> list[Path]:
        """All files of the archive."""
        return sorted(path for path in (self.home / "archive").rglob("*") if path.is_file())

    def strays(self) -> list[Path]:
        """Temporary files that somebody left behind."""
        return sorted(self.home.parent.rglob("*.part"))


def void(_: object) -> None:
    """Forget a value."""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_whole(job: AsyncJob) -> bool:
    """Whether each file of a job is on disk with the hash on record."""
    return bool(job.outputs) and all(sha256(one.path) == one.sha256 for one in job.outputs)


logging.getLogger("asyncio").setLevel(logging.WARNING)
