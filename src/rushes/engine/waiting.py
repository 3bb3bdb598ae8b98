"""Waiting for whichever comes first, and taking turns by urgency."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator

from rushes.engine.clock import Clock


async def until(clock: Clock, event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so long; returns whether it came, and clears it."""
    if not event.is_set() and seconds > 0:
        waits = [
            asyncio.ensure_future(event.wait()),
            asyncio.ensure_future(clock.sleep(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
    came = event.is_set()
    event.clear()
    return came


class Gate:
    """Lets at most `places` through at once; of those who wait, the most urgent first."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._order = itertools.count()
        self._queue: list[tuple[float, int, asyncio.Future[None]]] = []

    @contextlib.asynccontextmanager
    async def turn(self, urgency: float) -> AsyncIterator[None]:
        """Hold a place; a smaller `urgency` goes first."""
        await self._enter(urgency)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, urgency: float) -> None:
        if self._free > 0:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (urgency, next(self._order), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        while self._queue:
            _, _, place = heapq.heappop(self._queue)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
