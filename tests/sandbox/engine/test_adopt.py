"""Taking over a task that another tool created: watched and archived, never created."""

import asyncio
import json
import urllib.request
from typing import Any

import pytest

from rushes.catalog import load
from rushes.errors import InvalidPayload, TaskNotFound
from rushes.requests import to_wire

from .lab import IMAGE, KEY, VIDEO, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"prompt": "a boat", "duration": 5, "aspect_ratio": "16:9"}


def create_elsewhere(lab: Lab, full_id: str, values: dict[str, Any]) -> str:
    """Create a task as another tool would; returns its id."""
    catalog = load()
    model = catalog.model(full_id)
    header = catalog.provider(model.provider).auth.header
    params = to_wire(model, values)
    body = {"data": params} if model.provider == "mediaio" else params
    request = urllib.request.Request(
        lab.sandbox.url + model.path,
        json.dumps(body).encode(),
        {header: KEY, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    return str(answer["data"]["task_id"] if "data" in answer else answer["taskId"])


@asynchronous
async def test_a_task_of_aivideomaker_is_taken_over_whole(lab: Lab) -> None:
    """Model and request are read from the task; its file arrives, and nothing is created."""
    task_id = create_elsewhere(lab, VIDEO, CLIP)
    async with lab.client() as client:
        job = await client.adopt("aivideomaker", task_id)
        await job.wait()
        assert is_whole(job)
        assert (lab.posts(), lab.sandbox.creates()) == (1, 1)
        assert (job.model, job.task_id) == (VIDEO, task_id)
        assert job.request["prompt"] == "a boat"
        assert "submitting" not in await client.kinds(job)


@asynchronous
async def test_a_task_of_mediaio_needs_its_model_named(lab: Lab) -> None:
    """Media.io does not show it: the error names the models, and nothing is stored."""
    task_id = create_elsewhere(lab, IMAGE, {"prompt": "a boat"})
    async with lab.client() as client:
        with pytest.raises(InvalidPayload, match="--model"):
            await client.adopt("mediaio", task_id)
        assert await client.jobs() == []
        job = await client.adopt("mediaio", task_id, model="imagen-4")
        await job.wait()
        assert is_whole(job)
        assert lab.sandbox.creates() == 1


@asynchronous
async def test_a_task_is_adopted_once(lab: Lab) -> None:
    """Again, or by several at once, it is the same job; a task of our own is its own job."""
    task_id = create_elsewhere(lab, IMAGE, {"prompt": "a boat"})
    async with lab.client() as one, lab.client() as two:
        jobs = await asyncio.gather(
            *(client.adopt("mediaio", task_id, model="imagen-4") for client in (one, two) * 3)
        )
        assert len({job.id for job in jobs}) == 1
        own = await one.generate(IMAGE, "mine")
        await own.wait()
        again = await two.adopt("mediaio", str(own.task_id), model="imagen-4")
        assert again.id == own.id
        await jobs[0].wait()
        assert lab.sandbox.creates() == 2


@asynchronous
async def test_a_job_that_another_process_works_on_stays_with_it(lab: Lab) -> None:
    """Adopting its task shows the job; it is watched by one process only."""
    lab.sandbox.set(image_seconds=60.0)
    clock = lab.clock()
    async with lab.client(clock=clock) as one, lab.client(clock=clock) as two:
        own = await one.generate(IMAGE, "mine")
        await own.wait_submitted()
        again = await two.adopt("mediaio", str(own.task_id), model="imagen-4")
        await clock.sleep(20.0)
        assert two.session.runner._watches == {}
        assert (await two.stored(again)).owner == one.session.ownership.id
        await again.wait()
        assert lab.seen("download") == 1


@asynchronous
async def test_a_task_that_nobody_knows_is_not_adopted(lab: Lab) -> None:
    """TaskNotFound from the provider that says so; nothing is stored."""
    async with lab.client() as client:
        with pytest.raises(TaskNotFound):
            await client.adopt("aivideomaker", "ck00000000000000000000000000000000", model=VIDEO)
        assert await client.jobs() == []


@asynchronous
async def test_an_adopted_job_is_never_one_that_could_be_submitted(lab: Lab) -> None:
    """From its first commit on it has its task: a death in between cannot create another."""
    task_id = create_elsewhere(lab, IMAGE, {"prompt": "a boat"})
    async with lab.client() as client:
        job = await client.adopt("mediaio", task_id, model="imagen-4")
        first = (await client.events_of(job))[0]
        assert first.state == "running"
