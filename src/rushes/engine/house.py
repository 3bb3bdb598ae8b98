"""What every step of the engine works with, in one place."""

import asyncio
import functools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from rushes.catalog import Catalog
from rushes.catalog.schema import Model
from rushes.config import Config
from rushes.engine.archive_layout import ArchiveLayout
from rushes.engine.clock import Clock
from rushes.engine.credentials import Credential, Credentials
from rushes.engine.files import Files
from rushes.errors import MissingCredential
from rushes.store.job import Job
from rushes.store.protocol import Store

if TYPE_CHECKING:
    from rushes.engine.transport import Transport

P = ParamSpec("P")
T = TypeVar("T")


THREADS = 4
"""For what blocks: decoding leaves each thread with some megabytes that it never gives back."""


class House:
    """The three seams (store, transport, files), the clock, and who is who.

    `owner` is this process' name in the store; `is_alive` says whether it still holds its
    lock, without which it may send nothing that costs money. The transport is made when it is
    first used: loading HTTP takes longer than all that a listing of jobs needs.
    """

    def __init__(
        self,
        *,
        config: Config,
        catalog: Catalog,
        store: Store,
        make_transport: Callable[[], "Transport"],
        files: Files,
        clock: Clock,
        credentials: Credentials,
        owner: str,
        is_alive: Callable[[], bool],
        chance: random.Random | None = None,
    ) -> None:
        self.config = config
        self.catalog = catalog
        self.store = store
        self._make_transport = make_transport
        self._transport: Transport | None = None
        self.files = files
        self.clock = clock
        self.credentials = credentials
        self.owner = owner
        self.is_alive = is_alive
        self.chance = chance or random.Random()
        self.skews: dict[str, float] = {}
        """Each credential's provider's clock less ours, in seconds, as last seen."""
        self.archive = ArchiveLayout(config.archive)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rushes-work")

    @property
    def transport(self) -> "Transport":
        """The only way to the network."""
        if self._transport is None:
            self._transport = self._make_transport()
        return self._transport

    async def close(self) -> None:
        """Close the transport, if it was ever used, and let the threads go."""
        self._threads.shutdown(wait=False)
        if self._transport is not None:
            await self._transport.close()

    async def work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what blocks in a thread, while no virtual time passes.

        A cancellation waits for the thread: nothing is changed on the disk after it.
        """
        with self.clock.hold():
            call = functools.partial(function, *args, **kwargs)
            running = asyncio.get_running_loop().run_in_executor(self._threads, call)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait([running])
                if not running.cancelled():
                    running.exception()
                raise

    def model(self, job: Job) -> Model:
        """Return the catalog's record of a job's model."""
        return self.catalog.model(job.model)

    def credential(self, job: Job) -> Credential:
        """Return a job's credential. Raises MissingCredential."""
        found = self.credentials.by_fingerprint(job.credential)
        if found is None:
            raise MissingCredential(
                f"The key that job {job.id} belongs to is not here.",
                next_step=f"Set that key again, under any name (rushes keys set {job.provider} "
                f"--name NAME), then run: rushes jobs resume {job.id}",
                provider=job.provider,
                job_id=job.id,
            )
        return found

    def fence(self, job: Job) -> tuple[str, int]:
        """What must still hold for a step of ours to be recorded."""
        return self.owner, job.claim
