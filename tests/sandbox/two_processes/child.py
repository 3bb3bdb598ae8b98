"""A process that works on a store, in one of several ways: `python child.py`, a command on stdin.

The command is a JSON object: `url`, `home`, a `name`, and `way`:

- `watch`: asks for `request`, and stops (SIGSTOP) when its task runs.
- `before-check`: stops after the intent is on record, before the claim is checked once more.
- `before-send`: stops after that check, before the request goes out.
- `before-record`: stops when the answer has come, before it is on record.
- `work`: takes up whatever can be taken up, for `seconds`.
- `write`: asks for `jobs` jobs in a row and works on them, for `seconds`.
- `ask`: asks for jobs and lists them in turn, for `seconds`; its jobs are worked on too.

Whoever stops waits, once woken, until what it learned is on record. The last line on stdout is
what was measured.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rushes.client.aio import AsyncRushes
from rushes.client.session import Session
from rushes.engine.transport import Transport
from rushes.providers.base import Answer, Call
from rushes.store.job import Change, Job, Owner
from rushes.store.sqlite import SqliteStore


class Stop:
    """Stops this process until somebody wakes it; a file tells that it is about to."""

    def __init__(self, command: dict[str, Any]) -> None:
        self._way = command["way"]
        name = str(command["name"]).replace("/", "-")
        self._told = Path(command["home"], f"{name}.stopped")

    def reach(self, way: str) -> None:
        if way == self._way:
            self._way = "woken"
            self._told.touch()
            os.kill(os.getpid(), signal.SIGSTOP)


class StoppingTransport(Transport):
    """HTTP that stops the process around its first paid call."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self._stop = stop

    async def send(
        self, base_url: str, call: Call, *, key: tuple[str, str] | None = None
    ) -> Answer:
        if call.paid:
            self._stop.reach("before-send")
        answer = await super().send(base_url, call, key=key)
        if call.paid:
            self._stop.reach("before-record")
        return answer


class WatchedStore(SqliteStore):
    """The store, with a stop behind the intent, and how long writes and heartbeats took."""

    stop: Stop
    longest = 0.0
    heartbeats = 0

    async def apply(self, change: Change) -> Job:
        began = time.monotonic()
        job = await super().apply(change)
        self.longest = max(self.longest, time.monotonic() - began)
        if change.to == "submitting":
            self.stop.reach("before-check")
        return job

    async def register(self, owner: Owner) -> None:
        began = time.monotonic()
        await super().register(owner)
        self.longest = max(self.longest, time.monotonic() - began)
        self.heartbeats += 1


async def obey(command: dict[str, Any]) -> dict[str, Any]:
    """Do what the command says; return what was measured."""
    home, url, way = command["home"], command["url"], command["way"]
    client = AsyncRushes(
        home=home, base_urls={"mediaio": url, "aivideomaker": url}, allow_unpriced=True
    )
    async with client:
        session = client.session
        store = session.store
        store.__class__ = WatchedStore
        assert isinstance(store, WatchedStore)
        store.stop = stop = Stop(command)
        session.house._make_transport = lambda: StoppingTransport(stop)
        if way in ("work", "write", "ask"):
            return await _for_a_while(client, store, command)
        job = await client.generate(**command["request"])
        await _until_past(session, job.id)
        stop.reach("watch")
        await job.refresh()
        return {"state": job.status, "task": job.task_id}


async def _until_past(session: Session, job_id: str) -> None:
    """Wait until a task is known, or nothing is under way."""
    async with asyncio.timeout(60):
        async for record in session.changes(job_id):
            if record.task_id is not None or record.ended:
                return


async def _for_a_while(
    client: AsyncRushes, store: WatchedStore, command: dict[str, Any]
) -> dict[str, Any]:
    end = time.monotonic() + command["seconds"]
    done: list[float] = []
    await client.session.work_on(sandbox=False)
    way, number = command["way"], 0
    while time.monotonic() < end and not Path(command["home"], "enough").exists():
        if way == "work":
            await asyncio.sleep(0.1)
            continue
        together = 8 if way == "write" else 1
        await asyncio.gather(
            *(
                client.generate(**command["request"] | {"idempotency_key": f"{way}-{number + one}"})
                for one in range(together)
            )
        )
        if way == "ask":
            await client.jobs(limit=50)
        number += together
        done.append(time.monotonic())
    gaps = [later - earlier for earlier, later in itertools.pairwise(done)]
    return {
        "asked": number,
        "longest_write": store.longest,
        "longest_gap": max(gaps, default=0.0),
        "heartbeats": store.heartbeats,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(obey(json.loads(sys.stdin.readline())))), flush=True)  # noqa: T201
