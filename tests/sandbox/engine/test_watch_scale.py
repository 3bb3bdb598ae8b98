"""Many tasks of one key: whose turn it is, and that nobody is forgotten."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from rushes.client.job import AsyncJob
from rushes.engine.virtual import VirtualClock

from .lab import VIDEO, Client, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}
ENDLESS = 1e6


async def running(client: Client, count: int) -> list[AsyncJob]:
    """Ask for so many videos, and wait until each has its task."""
    jobs = [await client.generate(VIDEO, f"boat {number}", **CLIP) for number in range(count)]
    for job in jobs:
        await job.wait_submitted()
    return jobs


def busiest(times: list[float]) -> int:
    return max(sum(start <= at < start + 60.0 for at in times) for start in times)


@asynchronous
async def test_hidden_tasks_are_asked_for_in_turn(lab: Lab) -> None:
    """A list of 10 and 40 tasks: all 30 others get equal numbers of looks, within the budget."""
    lab.sandbox.set(video_seconds=ENDLESS, list_cap=10)
    async with lab.client() as client:
        jobs = await running(client, 40)
        hidden = {(await client.stored(job)).task_id for job in jobs[:30]}
        before = len(lab.sandbox.requests())
        await client.session.clock.sleep(400.0)
        looks = [one for one in lab.sandbox.requests()[before:] if one.action == "query"]
        asked = Counter(one.task for one in looks)
        assert set(asked) == hidden
        assert min(asked.values()) >= 4
        assert max(asked.values()) - min(asked.values()) <= 1
        queries = [one.at for one in lab.sandbox.requests() if one.action in ("query", "list")]
        assert busiest(queries) <= 30


@asynchronous
async def test_a_hidden_task_that_ends_is_found_within_one_turn(lab: Lab) -> None:
    """However many never end: its delay is bounded by the looks at all others."""
    lab.sandbox.set(video_seconds=ENDLESS, list_cap=5)
    async with lab.client() as client:
        await running(client, 10)
        lab.sandbox.set(video_seconds=30.0)
        (ending,) = await running(client, 1)
        lab.sandbox.set(video_seconds=ENDLESS)
        await running(client, 15)
        began = client.session.clock.now()
        await ending.wait()
        seen = next(one for one in await client.events_of(ending) if one.kind == "archiving")
        assert is_whole(ending)
        assert seen.at - began <= 30.0 + 21 * (60.0 / 29) * 1.1 + 3 * (60.0 / 29)


@asynchronous
async def test_a_list_that_shows_nothing_new_is_not_written_down(lab: Lab) -> None:
    """Each status is recorded once for each job, and no task that a list shows is asked by id."""
    lab.sandbox.set(queued_seconds=20.0, video_seconds=ENDLESS)
    async with lab.client() as client:
        jobs = await running(client, 60)
        await client.session.clock.sleep(300.0)
        for job in jobs:
            words = [
                event.data["status"]
                for event in await client.events_of(job)
                if event.kind == "looked"
            ]
            assert words[-1] == "PROGRESS"
            assert len(words) == len(set(words))
        assert lab.seen("query") == 0
        assert lab.seen("list") >= 20


@pytest.mark.parametrize("effect", ["not-json", "status:status=500", "drop-answer"])
@asynchronous
async def test_a_list_that_never_comes_hides_no_task(lab: Lab, effect: str) -> None:
    """While the list is unreadable, or lost again and again, tasks are asked for by id."""
    lab.sandbox.fault(f"list:{effect}")
    async with lab.client() as client:
        jobs = await running(client, 3)
        await asyncio.gather(*(job.wait() for job in jobs))
        assert all(is_whole(job) for job in jobs)
        assert lab.seen("query") >= 3


@asynchronous
async def test_all_that_pass_the_deadline_are_marked_though_hidden(lab: Lab) -> None:
    """A task whose turn has not come yet is timed out by our own clock."""
    lab.sandbox.set(video_seconds=ENDLESS, list_cap=1)
    async with lab.client() as client:
        jobs = await running(client, 20)
        assert isinstance(client.session.clock, VirtualClock)
        client.leap(3700.0)
        for job in jobs:
            await client.until(job, lambda record: record.state == "timed_out")
