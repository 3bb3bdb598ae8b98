"""The providers, in a process of their own: tasks made by real creates, and what was asked."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec

PROMPTS = tuple(
    f"a paper boat in a storm, {kind}, the light is low, the sea is loud, the camera is still"
    for kind in ("oil on canvas", "ink", "wide lens", "seen from above")
)
"""Few, so that the sandbox draws few outputs: it is the watching that is measured."""

KEY = "benchmark-key-0123456789"
AT_ONCE = 32


class Made(NamedTuple):
    """A task as its create's answer tells it."""

    task: str
    prompt: str
    at: float


class World:
    """A sandbox in a process of its own, both providers at one address."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        ready = folder / f"sandbox-{time.monotonic_ns()}.url"
        plain = {"default_credits": 10**9, "record_requests": 10**6, "record_body_bytes": 0}
        command = [sys.executable, "-m", "rushes", "sandbox", "--port", "0", "--quiet"]
        command += ["--ready-file", str(ready)]
        for name, value in (plain | settings).items():
            command += ["--set", f"{name}={value}"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 30
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > give_up:
                sys.exit("The sandbox did not start.")
            time.sleep(0.02)
        self.url = ready.read_text().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def environment(self, home: Path, key: str = KEY) -> dict[str, str]:
        """Return the variables of a process that takes this world for the real providers."""
        plain = {name: value for name, value in os.environ.items() if "RUSHES" not in name}
        return plain | {
            "RUSHES_HOME": str(home),
            "RUSHES_MEDIAIO_BASE_URL": self.url,
            "RUSHES_AIVIDEOMAKER_BASE_URL": self.url,
            "MEDIAIO_API_KEY": key,
            "AIVIDEO_API_KEY": key,
        }

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Use the control API."""
        wait = aiohttp.ClientTimeout(total=300)
        async with (
            aiohttp.ClientSession(timeout=wait) as session,
            session.request(method, f"{self.url}/_sandbox/{path}", json=body) as answer,
        ):
            raw = await answer.read()
            if answer.status != 200:
                raise RuntimeError(raw.decode())
            return msgspec.json.decode(raw)

    async def set(self, **settings: Any) -> None:
        """Change settings for the tasks that come."""
        await self.ask("PATCH", "settings", settings)

    async def ends(self, key: str = KEY) -> dict[str, float]:
        """Return when each task of a key ends."""
        tasks = (await self.ask("GET", f"tasks?key={key}"))["tasks"]
        return {task["id"]: task["ends"] for task in tasks}

    async def queries(self, key: str = KEY) -> list[dict[str, Any]]:
        """Return the record of all queries of a key, oldest first."""
        found = (await self.ask("GET", f"requests?key={key}"))["requests"]
        return [one for one in found if one["action"] in ("query", "list")]

    async def make(self, wire: "Wire", seconds: Sequence[float], key: str = KEY) -> list[Made]:
        """Create a task for each of `seconds`, the time it takes, in this order; 0: as set."""
        made: list[Made] = []
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            start = 0
            while start < len(seconds):
                alike = start
                while alike < len(seconds) and seconds[alike] == seconds[start]:
                    alike += 1
                group = range(start, min(alike, start + AT_ONCE))
                if seconds[start]:
                    await self.set(queued_seconds=0.0, jitter=0.0, video_seconds=seconds[start])
                made += await asyncio.gather(
                    *(self._create(session, wire, key, number) for number in group)
                )
                start = group.stop
        return made

    async def _create(
        self, session: aiohttp.ClientSession, wire: "Wire", key: str, number: int
    ) -> Made:
        prompt = PROMPTS[number % len(PROMPTS)]
        headers = {wire.header: key, "Idempotency-Key": f"benchmark-{number:024d}"}
        body = wire.body(prompt)
        async with session.post(f"{self.url}{wire.path}", json=body, headers=headers) as answer:
            said = await answer.json()
            return Made(wire.task(said), prompt, time.time())


class Wire(NamedTuple):
    """How a model of a provider is asked for."""

    provider: str
    model: str
    path: str
    header: str
    params: dict[str, Any]
    enveloped: bool

    def body(self, prompt: str) -> dict[str, Any]:
        """Return a create's body."""
        params = {"prompt": prompt, **self.params}
        return {"data": params} if self.enveloped else params

    def task(self, said: dict[str, Any]) -> str:
        """Return the id of the task that an answer names."""
        return str(said["data"]["task_id"] if self.enveloped else said["taskId"])


CLIP = Wire(
    "aivideomaker",
    "aivideomaker/t2v-v3",
    "/api/v1/generate/t2v_v3",
    "key",
    {"aspectRatio": "16:9", "duration": "5"},
    False,
)
WAN = Wire(
    "mediaio",
    "mediaio/wan-2.6-text-to-video",
    "/generation/wan/t2v-wan-v2-6",
    "X-API-KEY",
    {"size": "16:9", "duration": "5s", "shot_type": "Multi", "generate_audio": "False"},
    True,
)
PICTURE = Wire(
    "mediaio",
    "mediaio/imagen-4",
    "/generation/imagen/t2i-imagen-4",
    "X-API-KEY",
    {"ratio": "1:1", "counts": "1"},
    True,
)
