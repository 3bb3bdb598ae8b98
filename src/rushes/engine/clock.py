"""Time as the engine sees it; tests put a virtual clock in its place."""

import asyncio
import contextlib
import time
from contextlib import AbstractContextManager
from typing import Protocol


class Clock(Protocol):
    """All waiting in the engine goes through `sleep`, all dates come from `now`."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def elapsed(self) -> float:
        """Seconds on a clock that never jumps and goes on while the machine sleeps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def hold(self) -> AbstractContextManager[object]:
        """Mark real work under way (a request, a commit, a file), while no virtual time passes."""
        ...


class SystemClock:
    """The machine's own time."""

    _source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds since the machine started, its sleep included where the system counts it."""
        return time.clock_gettime(self._source)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def hold(self) -> AbstractContextManager[object]:
        """Nothing needs to stand still."""
        return contextlib.nullcontext()
