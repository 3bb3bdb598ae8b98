"""Who works on a job when its process lets go, dies, hangs or forks."""

import asyncio
import os
import threading
from typing import Any

import pytest

from rushes.errors import ForkedClient, SubmissionUncertain
from rushes.store.job import Change

from .lab import IMAGE, VIDEO, Client, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}


def drop(client: Client) -> None:
    """Let a client's engine vanish as death does: lock free, nothing released or finished."""
    runner = client.session.runner
    for task in [
        *runner._driving.values(),
        *runner._loops,
        *(task for _, task in runner._watches.values()),
    ]:
        task.cancel()
    ownership = client.session.ownership
    assert ownership._lock is not None
    os.close(ownership._lock)
    ownership._lock = None


@pytest.mark.parametrize("state", ["running", "archiving"])
@asynchronous
async def test_a_client_that_closes_leaves_jobs_for_the_next(lab: Lab, state: str) -> None:
    """The next one that resumes brings them to their files, without another create."""
    if state == "archiving":
        lab.sandbox.fault("download:status:status=503:times=9")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await client.until(job, lambda record: record.state == state)
    async with lab.client() as other:
        assert (await other.stored(job)).owner is None
        await other.resume()
        again = await other.job(job.id)
        await again.wait()
        assert is_whole(again)
        assert (lab.posts(), lab.strays()) == (1, [])


@asynchronous
async def test_a_job_that_was_never_sent_is_sent_by_the_next(lab: Lab) -> None:
    """Queued when its client closed: one create, by the client that took it up."""
    lab.sandbox.fault("create:status:status=429:retry_after=30:times=1")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await client.until_kind(job, "queued", times=2)
    async with lab.client() as other:
        again = await other.job(job.id)
        await again.wait()
        assert is_whole(again)
        assert (lab.posts(), lab.sandbox.creates()) == (2, 1)


@asynchronous
async def test_closing_waits_for_the_create_in_flight(lab: Lab) -> None:
    """Its answer is on record when the client has closed: no task is forgotten."""
    lab.sandbox.fault("create:slow:seconds=0.15")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await client.until(job, lambda record: record.state == "submitting")
    async with lab.client() as other:
        record = await other.stored(job)
        assert (record.state, record.task_id is not None) == ("running", True)
        assert lab.posts() == 1


@asynchronous
async def test_the_jobs_of_a_living_process_are_left_alone(lab: Lab) -> None:
    """Another client that works on everything takes none of them, however long it looks."""
    lab.sandbox.set(image_seconds=100.0)
    clock = lab.clock()
    async with lab.client(clock=clock) as one, lab.client(clock=clock) as two:
        job = await one.generate(IMAGE, "a boat")
        await one.until(job, lambda record: record.state == "running")
        await two.resume()
        await clock.sleep(60.0)
        record = await one.stored(job)
        assert (record.owner, record.claim) == (one.session.ownership.id, 1)
        await (await two.job(job.id)).wait()
        assert (await one.stored(job)).claim == 1


@asynchronous
async def test_the_jobs_of_a_dead_process_are_taken_at_once(lab: Lab) -> None:
    """Its lock is free, so nobody waits for its lease."""
    lab.sandbox.set(image_seconds=100.0)
    clock = lab.clock()
    async with lab.client(clock=clock) as one, lab.client(clock=clock) as two:
        job = await one.generate(IMAGE, "a boat")
        await one.until(job, lambda record: record.state == "running")
        drop(one)
        before = clock.now()
        await two.resume()
        record = await two.until(job, lambda record: record.owner == two.session.ownership.id)
        assert clock.now() - before < 10.0
        assert record.claim == 2
        again = await two.job(job.id)
        await again.wait()
        assert is_whole(again)


@asynchronous
async def test_a_create_whose_process_died_is_uncertain_and_not_sent_again(lab: Lab) -> None:
    """Between intent and outcome nobody knows: Media.io's waits for a person."""
    clock = lab.clock()
    lab.sandbox.fault("create:slow:seconds=0.3")
    async with lab.client(clock=clock) as one, lab.client(clock=clock) as two:
        job = await one.generate(IMAGE, "a boat", max_credits=10)
        await one.until(job, lambda record: record.state == "submitting")
        drop(one)
        again = await two.job(job.id)
        with pytest.raises(SubmissionUncertain):
            await again.wait()
        assert again.credits.reserved == 10
        assert lab.posts() <= 1


@asynchronous
async def test_a_paused_sender_that_wakes_up_sends_nothing(lab: Lab) -> None:
    """Its claim is gone when it looks once more before the send; the other one settles the job."""
    clock = lab.clock()
    async with lab.client(clock=clock) as one, lab.client(clock=clock) as two:
        store, paused, go = one.session.store, asyncio.Event(), asyncio.Event()
        apply = store.apply

        async def pausing(change: Change) -> Any:
            job = await apply(change)
            if change.to == "submitting":
                paused.set()
                await go.wait()
            return job

        store.apply = pausing  # type: ignore[method-assign]
        job = await one.generate(IMAGE, "a boat")
        await paused.wait()
        one.session.runner._loops[0].cancel()
        await two.resume()
        await two.until_kind(job, "needs-decision")
        go.set()
        await two.until(job, lambda record: record.state != "uncertain")
        again = await two.job(job.id)
        await again.wait()
        assert is_whole(again)
        assert (lab.posts(), lab.sandbox.creates()) == (1, 1)
        outcomes = [one.outcome for one in await two.submissions(job)]
        assert outcomes == ["not-created", "created"]


@asynchronous
async def test_an_answer_that_comes_after_a_takeover_is_still_evidence(lab: Lab) -> None:
    """The paused sender had sent: its task id settles the job that another now holds."""
    clock = lab.clock()
    async with lab.client(clock=clock) as one, lab.client(clock=clock) as two:
        transport, paused, go = one.session.house.transport, asyncio.Event(), asyncio.Event()
        send = transport.send

        async def pausing(*args: Any, **given: Any) -> Any:
            answer = await send(*args, **given)
            if args[1].paid:
                paused.set()
                await go.wait()
            return answer

        transport.send = pausing  # type: ignore[method-assign]
        job = await one.generate(IMAGE, "a boat", max_credits=10)
        await paused.wait()
        one.session.runner._loops[0].cancel()
        await two.resume()
        await two.until_kind(job, "needs-decision")
        go.set()
        again = await two.job(job.id)
        await two.until(job, lambda record: record.task_id is not None)
        await again.wait()
        assert is_whole(again)
        assert (lab.posts(), lab.sandbox.creates()) == (1, 1)


@asynchronous
async def test_two_who_download_the_same_output_do_not_spoil_it(lab: Lab) -> None:
    """One that lost the job in the middle of a download writes into a file of its own."""
    async with lab.client() as one, lab.client() as two:
        files, paused, go = one.session.house.files, asyncio.Event(), threading.Event()
        loop, write = asyncio.get_running_loop(), files.write

        def pausing(file: Any, data: bytes) -> None:
            write(file, data[:100])
            file.flush()
            loop.call_soon_threadsafe(paused.set)
            go.wait(10)
            write(file, data[100:])

        files.write = pausing  # type: ignore[method-assign]
        job = await one.generate(IMAGE, "a boat")
        await paused.wait()
        again = await two.job(job.id)
        await again.wait()
        assert is_whole(again)
        go.set()
        await two.session.clock.sleep(60.0)
        await one.session.clock.sleep(60.0)
        assert is_whole(again)
        assert (lab.posts(), lab.strays()) == (1, [])


@asynchronous
async def test_after_a_fork_the_client_refuses(lab: Lab) -> None:
    """In the child every use raises ForkedClient and names the remedy; the parent goes on."""
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        client.session.ownership._pid -= 1
        with pytest.raises(ForkedClient, match="AsyncRushes"):
            await client.generate(IMAGE, "a boat")
        with pytest.raises(ForkedClient):
            await client.resume()
        assert not client._session.house.is_alive()  # type: ignore[union-attr]
        client._session.ownership._pid += 1  # type: ignore[union-attr]
        await job.wait()


@asynchronous
async def test_a_video_goes_on_in_another_process_with_its_charge(lab: Lab) -> None:
    """Charged once, whoever saw the create and whoever sees the end."""
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await job.wait_submitted()
    async with lab.client() as other:
        again = await other.job(job.id)
        await again.wait()
        assert await other.moves(again) == [("reserve", 20, "quote"), ("charge", 20, "provider")]
