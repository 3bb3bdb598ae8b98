"""The process that is killed: it asks for all jobs and settles what only a person can.

Started again it goes on: each job has a request id, so asking again makes no second job.
"""

import argparse
import asyncio
import contextlib
import json
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.soak.clock import SharedClock
from rushes.client.aio import AsyncRushes
from rushes.engine import runner
from rushes.errors import RushesError
from rushes.store.job import ACTIVE, NEVER, Job
from rushes.store.protocol import Filter

IN_FLIGHT = 200
TOGETHER = 16
LOOK_EVERY = 2.0
SETTLE_EVERY = 120.0
REFUNDS_WITHIN = 6 * 3600.0


def request(number: int) -> dict[str, Any]:
    """Return what the job of that number asks for: three images of four, else a clip.

    Prompts are few, because the sandbox draws each once.
    """
    name = f"soak-{number:06d}"
    if number % 4:
        prompt = f"a paper boat in a storm, number {number % 64}"
        return {"model": "mediaio/imagen-4", "prompt": prompt, "idempotency_key": name}
    prompt = f"a paper boat, take {number // 4 % 4}"
    values = {"prompt": prompt, "duration": 5, "aspect_ratio": "16:9"}
    return {"model": "aivideomaker/t2v-v3", "idempotency_key": name, **values}


async def work(home: Path, url: str, jobs: int) -> None:
    """Bring all jobs to their end."""
    runner.CLAIM_EVERY = 30.0  # No other process is there to take jobs from.
    clock = SharedClock(url)
    client = AsyncRushes(
        home=home,
        base_urls={"mediaio": url, "aivideomaker": url},
        allow_unpriced=True,
        clock=clock,
    )
    async with client:
        store = client.session.store
        known = await store.jobs(Filter(limit=10**9))
        ended = {job.request_id for job in known if job.ended}
        left = [request(number) for number in range(jobs)]
        left = [one for one in left if one["idempotency_key"] not in ended]
        left.reverse()
        await client.session.work_on(sandbox=False)
        settling = asyncio.create_task(_settle(client, url))
        try:
            while True:
                active = sum((await store.count(Filter(states=ACTIVE))).values())
                if not left and not active:
                    break
                for _ in range(0, IN_FLIGHT - active, TOGETHER):
                    some = [left.pop() for _ in range(min(TOGETHER, len(left)))]
                    await asyncio.gather(*(client.generate(**one) for one in some))
                if settling.done():
                    settling.result()
                await clock.sleep(LOOK_EVERY)
        finally:
            settling.cancel()
        until = clock.now() + REFUNDS_WITHIN
        while clock.now() < until and await _open_refunds(client):
            await clock.sleep(60.0)


async def _settle(client: AsyncRushes, url: str) -> None:
    """Now and then decide about what needs a decision, from the sandbox's own books."""
    clock, store = client.session.clock, client.session.store
    while True:
        await clock.sleep(SETTLE_EVERY)
        # The books first: a task that is in them has by now told its job, or is still in doubt.
        with clock.hold():
            books = await asyncio.to_thread(_tasks, url)
        known = await store.jobs(Filter(limit=10**9))
        owned = {job.task_id for job in known}
        sending = {name_of(job) for job in known if job.state == "submitting"}
        uncertain = [job for job in known if job.state == "uncertain" and job.next_at >= NEVER]
        for record in uncertain:
            name = name_of(record)
            if name in sending:
                continue
            free = [task for task in books.get(name, []) if task not in owned]
            job = await client.job(record.id)
            # The answer to our question may be lost too: then at the next time.
            with contextlib.suppress(RushesError):
                if free:
                    owned.add(free[0])
                    await job.resolve(found=free[0])
                else:
                    await job.resolve(resend=True)
                    sending.add(name)


def _tasks(url: str) -> dict[str, list[str]]:
    with urllib.request.urlopen(f"{url}/_sandbox/tasks") as answer:
        tasks = json.loads(answer.read())["tasks"]
    found: dict[str, list[str]] = {}
    for task in tasks:
        found.setdefault(name_of_task(task), []).append(task["id"])
    return found


def name_of(job: Job) -> str:
    """Return by what the sandbox's books know a job's task: its key, or what it asks for."""
    return job.idempotency_key if job.provider == "aivideomaker" else str(job.request["prompt"])


def name_of_task(task: dict[str, Any]) -> str:
    """Return by what the books know a task."""
    if task["provider"] == "aivideomaker":
        return str(task["idempotency_key"])
    params = task["params"]
    return str(params.get("data", params)["prompt"])


async def _open_refunds(client: AsyncRushes) -> bool:
    failed = await client.session.store.jobs(Filter(states=frozenset({"failed"}), limit=10**9))
    return any((job.credits.charged or 0) > job.credits.refunded for job in failed if job.task_id
               and job.provider == "aivideomaker")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("url")
    parser.add_argument("jobs", type=int)
    given = parser.parse_args()
    asyncio.run(work(given.home, given.url, given.jobs))
