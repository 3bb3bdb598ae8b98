"""Runs generations that kill themselves: `python tests/kill/child.py`, commands on stdin.

Each line is a JSON object: `url`, `home`, `request` (arguments of generate) and `die_at`, the
number of the point at which the process kills itself, 0 for never. A point lies before and after
each durable effect: a commit of the store, an exchange of the transport, a change of a file. Each
command runs in a fork of this process, which has everything loaded; its answer is a line:
`{"died": bool, "points": {seam: count}}`, without points where it died.
"""

import asyncio
import contextlib
import functools
import http.client
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import av  # noqa: F401 - loaded here once, not in each fork
import PIL.Image  # noqa: F401

from rushes.catalog import load
from rushes.client.aio import AsyncRushes
from rushes.client.session import Session
from rushes.engine import runner
from rushes.engine.files import Files
from rushes.engine.transport import Transport
from rushes.engine.virtual import VirtualClock
from rushes.errors import GenerationFailed, SubmissionUncertain
from rushes.providers import adapter_for

EFFECTS = (
    "open_part",
    "write",
    "sync",
    "place",
    "sync_folder",
    "remove",
    "link",
    "copy",
    "write_whole",
)


class Points:
    """Counts points, and ends the process at one of them as a power cut would."""

    def __init__(self, die_at: int) -> None:
        self._die_at = die_at
        self.counts = {"store": 0, "transport": 0, "files": 0}
        self._lock = threading.Lock()

    def reach(self, seam: str) -> None:
        with self._lock:
            self.counts[seam] += 1
            if sum(self.counts.values()) == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalFiles(Files):
    """The file system with a point before and after each change."""

    def __init__(self, points: Points) -> None:
        for name in EFFECTS:
            setattr(self, name, self._wrapped(getattr(self, name), points))

    def _wrapped(self, effect: Any, points: Points) -> Any:
        @functools.wraps(effect)
        def between(*args: Any, **given: Any) -> Any:
            points.reach("files")
            result = effect(*args, **given)
            points.reach("files")
            return result

        return between


class MortalTransport(Transport):
    """HTTP with a point before and after each exchange, and around each opened download."""

    def __init__(self, points: Points, **given: Any) -> None:
        super().__init__(**given)
        self._points = points

    async def send(self, *args: Any, **given: Any) -> Any:
        self._points.reach("transport")
        answer = await super().send(*args, **given)
        self._points.reach("transport")
        return answer

    @contextlib.asynccontextmanager
    async def download(self, *args: Any, **given: Any) -> AsyncIterator[Any]:
        self._points.reach("transport")
        async with super().download(*args, **given) as download:
            self._points.reach("transport")
            yield download
        self._points.reach("transport")


class Mortal(AsyncRushes):
    """A client all of whose durable effects pass a point."""

    def __init__(self, points: Points, **given: Any) -> None:
        super().__init__(**given)
        self._points = points

    async def __aenter__(self) -> Self:
        clock = self._clock
        assert clock is not None
        session = Session(
            self.config,
            clock=clock,
            files=MortalFiles(self._points),
            transport=MortalTransport(self._points, hold=clock.hold, clock=clock.now),
            on_commit=lambda _: self._points.reach("store"),
        )
        await session.open()
        self._session = session
        return self


class SharedClock(VirtualClock):
    """The sandbox's time: it begins there, and the sandbox's clock goes along."""

    def __init__(self, url: str) -> None:
        super().__init__(on_advance=self._tell)
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._now = self._ask({})

    def _tell(self, seconds: float) -> None:
        self._ask({"advance": seconds})

    def _ask(self, change: dict[str, float]) -> float:
        self._connection.request("POST", "/_sandbox/clock", json.dumps(change))
        now: float = json.loads(self._connection.getresponse().read())["now"]
        return now


async def generate(command: dict[str, Any], points: Points) -> None:
    """Run one generation to its end."""
    url = command["url"]
    client = Mortal(
        points,
        home=command["home"],
        base_urls={"mediaio": url, "aivideomaker": url},
        allow_unpriced=True,
        clock=SharedClock(url),
    )
    async with client:
        job = await client.generate(
            output=Path(command["home"]).parent / "out", **command["request"]
        )
        with contextlib.suppress(SubmissionUncertain, GenerationFailed):
            await job.wait()


def obey(command: dict[str, Any]) -> dict[str, Any]:
    """Run a generation in a fork; say how it went."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            points = Points(command["die_at"])
            asyncio.run(generate(command, points))
            os.write(writing, json.dumps(points.counts).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        counts = told.read()
    _, status = os.waitpid(child, 0)
    died = os.WIFSIGNALED(status)
    if not died and os.waitstatus_to_exitcode(status) != 0:
        sys.exit("a generation failed without being killed")
    return {"died": died, "points": json.loads(counts or "{}")}


def main() -> None:
    """Obey the commands until there are no more."""
    runner.CLAIM_EVERY = 30.0
    for provider in load().providers:
        adapter_for(load(), provider)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(obey(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
