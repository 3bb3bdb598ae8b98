"""Opens and closes what a client works with: store, transport, sandbox, engine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from rushes.catalog import Catalog, load
from rushes.config import Config
from rushes.engine.clock import Clock, SystemClock
from rushes.engine.credentials import Credentials
from rushes.engine.files import Files
from rushes.engine.house import House
from rushes.engine.ownership import Ownership
from rushes.engine.runner import Runner
from rushes.errors import SetupError
from rushes.store.job import ACTIVE, Job
from rushes.store.protocol import CommitHook, Filter
from rushes.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from rushes.engine.transport import Transport
    from rushes.sandbox import Sandbox

LOOK_EVERY = 1.0


class Session:
    """An open client: its house, and the runner that starts when there is work."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        files: Files | None = None,
        transport: "Transport | None" = None,
        on_commit: CommitHook | None = None,
    ) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.catalog: Catalog = load(config.home)
        self._sandbox: Sandbox | None = None
        self._bells: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        self._started = asyncio.Lock()
        self._closed = False
        self.store = SqliteStore(
            config.home / "rushes.sqlite3",
            on_commit=on_commit,
            on_job=self._ring,
            hold=self.clock.hold,
        )
        self._files = files or Files()
        self._transport = transport

    def _make_transport(self) -> "Transport":
        from rushes.engine.transport import Transport

        return self._transport or Transport(hold=self.clock.hold, clock=self.clock.now)

    async def open(self) -> None:
        """Open the store; nothing is contacted, and no job is taken up yet."""
        await self.store.open()
        self.ownership = Ownership(self.config.home / "run", self.store, self.clock)
        self.house = House(
            config=self.config,
            catalog=self.catalog,
            store=self.store,
            make_transport=self._make_transport,
            files=self._files,
            clock=self.clock,
            credentials=Credentials(
                self.config,
                self.catalog,
                await self.store.secret(),
                start_sandbox=self._start_sandbox,
            ),
            owner=self.ownership.id,
            is_alive=self.ownership.is_alive,
        )
        self.runner = Runner(self.house, self.ownership)

    async def close(self) -> None:
        """Wait for answers in flight, then let go of everything; jobs stay in the store."""
        self._closed = True
        async with contextlib.AsyncExitStack() as last:
            if self._sandbox is not None:
                last.push_async_callback(asyncio.to_thread, self._sandbox.close)
            last.push_async_callback(self.store.close)
            last.push_async_callback(self.house.close)
            if self.runner.running:
                await self.runner.stop()

    async def start_engine(self) -> None:
        """Register this process as one that works on jobs, and begin."""
        if self._closed:
            raise SetupError(
                "The client is closed.", next_step="Make a new one; jobs are found by their id."
            )
        self.ownership.check_fork()
        async with self._started:
            if not self.runner.running:
                await self.ownership.take()
                await self.runner.start()

    async def work_on(self, *, sandbox: bool) -> None:
        """Start the engine, for the real providers' jobs or for the sandbox's."""
        await self.start_engine()
        self.serve(sandbox=sandbox)

    def serve(self, *, sandbox: bool) -> None:
        """Let the engine take up all jobs of the real providers, or of the sandbox."""
        self.runner.serve_all(sandbox=sandbox)

    async def serve_what_waits(self) -> None:
        """Let the engine take up every unfinished job, the sandbox's too if it has some."""
        self.serve(sandbox=False)
        if any((await self.store.count(Filter(sandbox=True, states=ACTIVE))).values()):
            self.serve(sandbox=True)

    async def changes(self, job_id: str) -> AsyncIterator[Job]:
        """Yield a job now and after each change, whichever process makes it. Never ends."""
        while True:
            bell = self._bells.setdefault(job_id, asyncio.Event())
            yield await self.store.job(job_id)
            ring = asyncio.ensure_future(bell.wait())
            late = asyncio.ensure_future(self.clock.sleep(LOOK_EVERY))
            try:
                await asyncio.wait({ring, late}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in (ring, late):
                    wait.cancel()
                await asyncio.gather(ring, late, return_exceptions=True)

    def _ring(self, job: Job) -> None:
        if (bell := self._bells.pop(job.id, None)) is not None:
            bell.set()

    def _start_sandbox(self) -> str:
        """Return the address of the sandbox, starting the one in this process if need be."""
        if isinstance(self.config.sandbox, str):
            return self.config.sandbox
        if self._sandbox is None:
            from rushes.sandbox import Sandbox

            folder = self.config.home / "sandbox"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sandbox = Sandbox(path=folder / "world.sqlite3", catalog=self.catalog)
            sandbox.start()
            self._sandbox = sandbox
        return self._sandbox.url
