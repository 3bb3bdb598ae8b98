"""A clock for tests: nobody waits, and no time passes while real work is under way."""

import asyncio
import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator

QUIET_ROUNDS = 12
"""Turns of the loop without real work before time jumps: what was woken has gone to sleep again."""

HELD_SECONDS = 0.001


class VirtualClock:
    """Jumps to the next waiting deadline as soon as nothing else happens.

    `on_advance` is told of each jump in seconds, so that a sandbox's clock goes along. Dates
    begin at the real time, so that they fit what other programs write.
    """

    def __init__(self, on_advance: Callable[[float], object] | None = None) -> None:
        self._now = time.time()
        self._elapsed = 0.0
        self._on_advance = on_advance
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._held = 0
        self._lock = threading.Lock()
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Seconds since 1970, virtual."""
        return self._now + self._elapsed

    def elapsed(self) -> float:
        """Virtual seconds since the clock was made."""
        return self._elapsed

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Let no virtual time pass meanwhile. May be entered from any thread."""
        with self._lock:
            self._held += 1
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1

    def leap(self, seconds: float) -> None:
        """Let time pass at once, as when a machine sleeps: who waited is woken once, late."""
        self._elapsed += seconds
        if self._on_advance is not None:
            self._on_advance(seconds)

    async def sleep(self, seconds: float) -> None:
        """Wait until virtual time has come that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), waiter))
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive(), name="virtual-clock")
        await waiter

    async def _drive(self) -> None:
        quiet = 0
        while self._sleepers:
            await asyncio.sleep(HELD_SECONDS if self._held else 0)
            quiet = 0 if self._held else quiet + 1
            if quiet < QUIET_ROUNDS:
                continue
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers:
                return
            deadline, _, waiter = heapq.heappop(self._sleepers)
            jump = max(0.0, deadline - self._elapsed)
            self._elapsed += jump
            if self._on_advance is not None and jump:
                self._on_advance(jump)
            waiter.set_result(None)
            quiet = 0
