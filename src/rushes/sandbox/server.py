"""The sandbox as an object: started in a thread or served in the foreground, asked and set."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rushes.catalog import Catalog, load
from rushes.errors import SetupError

from . import ledger, record
from .app import Context, WorldApp
from .callbacks import Callbacks
from .faults import Fault, parse_fault
from .http import Listener
from .settings import Settings, changed
from .shelf import media_type_of
from .state import State
from .world import World

__all__ = ["Sandbox"]

_START_SECONDS = 20.0


class Sandbox:
    """Both providers as one HTTP server on 127.0.0.1.

    Args:
        settings: how it behaves; None keeps what a world's file says, else the defaults.
        path: the world's file, which may be open in several processes; None: in memory.
        port: 0 takes a free one.
        catalog: the models that it sells; None: those of the package.

    It may be asked and set before it is started, and from any thread. Raises SetupError when the
    port is taken, StoreError when the world's file cannot be used.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        settings: Settings | None = None,
        path: Path | None = None,
        port: int = 0,
        *,
        catalog: Catalog | None = None,
    ) -> None:
        self._state = State(path, settings)
        self._world = World(self._state, load() if catalog is None else catalog)
        self._port = port
        self._bound = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._trouble: BaseException | None = None

    # Life

    def start(self) -> Self:
        """Serve from a thread of its own, and return when requests are taken."""
        if self._thread is not None:
            return self
        ready = threading.Event()

        async def opened() -> None:
            ready.set()

        def run() -> None:
            try:
                asyncio.run(self.serve(opened))
            except BaseException as error:  # noqa: BLE001 - told to the caller of start
                self._trouble = error
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="rushes-sandbox", daemon=True)
        self._thread.start()
        if not ready.wait(_START_SECONDS):
            raise SetupError(f"The sandbox did not start within {_START_SECONDS:g} s.")
        if self._trouble is not None:
            self._thread = None
            trouble, self._trouble = self._trouble, None
            raise trouble
        return self

    def stop(self) -> None:
        """End every connection, the server and its thread; what the world holds can be asked on."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None:
            return
        if loop is not None and stopping is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stopping.set)
        thread.join(_START_SECONDS)
        self._thread = None

    def close(self) -> None:
        """Stop, and close the world."""
        self.stop()
        self._state.close()

    async def serve(self, opened: Callable[[], Awaitable[None]] | None = None) -> None:
        """Serve in the running loop until canceled or stopped; `opened` is called once it can."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        listener: Listener[Context] = Listener(WorldApp(self._world))
        try:
            self._bound = await listener.open(self.host, self._port)
        except OSError as error:
            raise SetupError(
                f"The sandbox cannot listen on {self.host}:{self._port}: {error.strerror}.",
                next_step="Choose another port, or port 0 for a free one.",
            ) from error
        callbacks = asyncio.create_task(Callbacks(self._state).run())
        try:
            if opened is not None:
                await opened()
            await self._stopping.wait()
        finally:
            callbacks.cancel()
            await listener.close()
            self._bound = 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The origin of both providers: `http://127.0.0.1:PORT`. SetupError when not started."""
        if not self._bound:
            raise SetupError("The sandbox is not started.", next_step="Call start() first.")
        return f"http://{self.host}:{self._bound}"

    @property
    def providers(self) -> tuple[str, ...]:
        """The ids of the providers that it imitates."""
        return tuple(self._world.sides)

    def environment(self, key: str = "sandbox-key") -> dict[str, str]:
        """Return the variables that send Rushes to this sandbox, and other clients with `key`.

        Base URLs and keys stand beside `RUSHES_SANDBOX`, so that no real key of the machine is
        used by anything that reads them.
        """
        variables = {"RUSHES_SANDBOX": self.url}
        for provider in self.providers:
            variables[f"RUSHES_{provider.upper()}_BASE_URL"] = self.url
            for name in self._world.catalog.provider(provider).auth.environment[:1]:
                variables[name] = key
        return variables

    # Asking

    def creates(self, key: str | None = None, provider: str | None = None) -> int:
        """Count the paid creates that were accepted; a replayed one is not counted again."""
        with self._state.writing() as state:
            return ledger.created_count(state, key, provider)

    def charged(self, key: str | None = None, provider: str | None = None) -> int:
        """Return the credits taken by now, less those given back by now."""
        with self._state.writing() as state:
            return ledger.net_charged(state, key, provider)

    def charges(
        self, key: str | None = None, provider: str | None = None
    ) -> tuple[ledger.Charge, ...]:
        """List what was taken by now, one entry for each task, in the order of creation."""
        with self._state.writing() as state:
            return tuple(ledger.charges(state, key, provider))

    def balance(self, key: str, provider: str) -> int:
        """Return the credits of a key's account as of now; made if it is not there yet."""
        with self._state.writing() as state:
            return ledger.account_of(state, provider, key).balance

    def requests(
        self,
        key: str | None = None,
        provider: str | None = None,
        action: str | None = None,
        task: str | None = None,
    ) -> tuple[record.Entry, ...]:
        """Return the request record, oldest first; keys in it are masked."""
        with self._state.writing() as state:
            found = record.entries(state, key=key, provider=provider, action=action, task=task)
        return tuple(found)

    def har(self) -> dict[str, Any]:
        """Return the request record as an HTTP archive (HAR 1.2)."""
        return record.har(self.requests())

    def now(self) -> float:
        """Return the world's time, in seconds since 1970."""
        with self._state.writing() as state:
            return state.clock.now()

    @property
    def settings(self) -> Settings:
        """The settings as they hold now."""
        with self._state.writing() as state:
            return state.settings

    # Setting

    def set(self, **settings: Any) -> Settings:
        """Change settings for what comes after; SetupError names what is not allowed."""
        with self._state.writing() as state:
            state.set_settings(changed(state.settings, settings))
            return state.settings

    def fault(self, fault: Fault | str, **options: Any) -> int:
        """Add a fault, and return its number.

        `fault("create:drop-answer:times=2")` and `fault("create:drop-answer", times=2)` are one.
        """
        if isinstance(fault, str):
            fault = parse_fault(fault, **options)
        with self._state.writing() as state:
            return state.add_fault(fault)

    def clear_faults(self) -> None:
        """Remove all faults."""
        with self._state.writing() as state:
            state.drop_faults()

    def advance(self, seconds: float) -> float:
        """Move the clock forward, and return the world's time."""
        with self._state.writing() as state:
            state.set_clock(state.clock.moved(seconds))
            return state.clock.now()

    def freeze(self, frozen: bool = True) -> float:
        """Let the clock stand still (or go on), and return the world's time."""
        with self._state.writing() as state:
            state.set_clock(state.clock.freeze(frozen))
            return state.clock.now()

    def add_credits(self, key: str, amount: int, provider: str | None = None) -> None:
        """Add to (or take from) a key's account with one provider, or with each."""
        with self._state.writing() as state:
            providers = self.providers if provider is None else (provider,)
            ledger.add_credits(state, key, amount, providers)

    def put_media(self, content: bytes) -> str:
        """Put a file on the media host, and return its URL."""
        import hashlib

        name = hashlib.sha256(content).hexdigest()
        if not self._world.media.has(name):
            self._world.media.put(name, content)
        return f"{self.url}/_media/{name}.{media_type_of(content)}"

    def reset(self) -> None:
        """Begin a new world: no account, task, fault or record, real time; settings stay."""
        with self._state.writing() as state:
            state.reset()
