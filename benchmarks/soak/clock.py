"""Time that passes by itself, shared with a sandbox in another process."""

import asyncio
import http.client
import json
import math
from urllib.parse import urlsplit

from rushes.engine.virtual import VirtualClock

GRID = 0.5
"""Sleepers wake at whole multiples of so many seconds: fewer jumps for many jobs."""


class SharedClock(VirtualClock):
    """Begins at the sandbox's time, and takes the sandbox's clock along."""

    def __init__(self, url: str) -> None:
        super().__init__(on_advance=self._advance)
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._now = self._tell({})

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake = math.ceil((self._elapsed + seconds) / GRID) * GRID
        await super().sleep(wake - self._elapsed)

    def _advance(self, seconds: float) -> None:
        self._tell({"advance": seconds})

    def _tell(self, change: dict[str, float]) -> float:
        self._connection.request("POST", "/_sandbox/clock", json.dumps(change))
        now: float = json.loads(self._connection.getresponse().read())["now"]
        return now
