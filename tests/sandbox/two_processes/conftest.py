import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rushes.sandbox import Sandbox, Settings
from rushes.store.job import Job
from rushes.store.protocol import Filter
from rushes.store.sqlite import SqliteStore

KEY = "key-of-two-processes"


def jobs_of(home: Path) -> list[Job]:
    """Read the store as it stands."""

    async def read() -> list[Job]:
        store = SqliteStore(home / "rushes.sqlite3")
        await store.open()
        try:
            return await store.jobs(Filter(limit=100_000))
        finally:
            await store.close()

    return asyncio.run(read())


class Process:
    """A process that works on a store; see child.py."""

    def __init__(self, command: dict[str, Any], environment: dict[str, str]) -> None:
        self.name = command["name"]
        self._home = Path(command["home"])
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()

    def until_stopped(self) -> None:
        """Wait until it has stopped itself."""
        told = self._home / f"{self.name.replace('/', '-')}.stopped"
        while not told.exists() or self._state() != "T":
            assert self._process.poll() is None, f"{self.name} ended by itself"
            time.sleep(0.02)

    def _state(self) -> str:
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0]

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def result(self) -> dict[str, Any]:
        """Wait for its end, and return what it measured."""
        said, _ = self._process.communicate(timeout=60)
        assert self._process.returncode == 0
        answer: dict[str, Any] = json.loads(said.splitlines()[-1])
        return answer

    def end(self) -> None:
        self._process.kill()
        if self._process.stdout is not None and not self._process.stdout.closed:
            self._process.communicate()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    settings = Settings(
        queued_seconds=0.2, image_seconds=1.0, video_seconds=4.0, jitter=0.0, default_credits=10**7
    )
    with Sandbox(settings) as sandbox:
        yield sandbox


@pytest.fixture
def start(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start processes that work on one store."""
    plain = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment = plain | {"MEDIAIO_API_KEY": KEY, "AIVIDEO_API_KEY": KEY}
    (tmp_path / "home").mkdir()
    begun: list[Process] = []

    def start(way: str, **more: Any) -> Process:
        command = {
            "way": way,
            "name": way,
            "home": str(tmp_path / "home"),
            "url": sandbox.url,
            **more,
        }
        begun.append(Process(command, environment))
        return begun[-1]

    yield start
    for process in begun:
        process.end()
