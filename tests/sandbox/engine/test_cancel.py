"""A cancel is a recorded wish: `canceled` is said only on the provider's word."""

from typing import Any

import pytest

from rushes.errors import JobCanceled, NotCancelable, SubmissionUncertain

from .lab import IMAGE, VIDEO, Client, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}


async def ask(client: Client, prompt: str = "a boat") -> Any:
    return await client.generate(VIDEO, prompt, **CLIP)


@asynchronous
async def test_a_queued_job_ends_at_once(lab: Lab) -> None:
    """Nothing more is sent, and what was set aside is released."""
    lab.sandbox.fault("create:status:status=429:retry_after=3000")
    async with lab.client() as client:
        job = await ask(client)
        await client.until_kind(job, "queued", times=2)
        await job.cancel()
        assert job.status == "canceled"
        assert [kind for kind, _, _ in await client.moves(job)] == ["reserve", "release"]
        with pytest.raises(JobCanceled):
            await job.wait()
        client.leap(4000.0)
        await client.session.clock.sleep(5.0)
        assert (lab.posts(), lab.sandbox.creates()) == (1, 0)


@asynchronous
async def test_a_queued_task_is_canceled_on_the_providers_word(lab: Lab) -> None:
    """Accepted first, canceled when the provider shows it; the refund is in the ledger."""
    lab.sandbox.set(queued_seconds=1e6)
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "running")
        await job.cancel()
        assert job.status in ("running", "canceled")
        with pytest.raises(JobCanceled):
            await job.wait()
        assert lab.seen("cancel") == 1
        assert await client.moves(job) == [
            ("reserve", 20, "quote"),
            ("charge", 20, "provider"),
            ("refund", 20, "provider"),
        ]
        assert lab.sandbox.charged() == 0


@asynchronous
async def test_a_task_that_is_worked_on_cannot_be_canceled(lab: Lab) -> None:
    """NotCancelable, and the job goes on to its file; the provider is asked once."""
    lab.sandbox.set(queued_seconds=0.0, video_seconds=60.0)
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.status == "PROGRESS")
        with pytest.raises(NotCancelable):
            await job.cancel()
        await job.wait()
        assert is_whole(job)
        assert lab.seen("cancel") == 1
        assert job.record.cancel_wished_at is None


@asynchronous
async def test_mediaio_never_cancels(lab: Lab) -> None:
    """NotCancelable without a call, and the job goes on to its file."""
    lab.sandbox.set(image_seconds=60.0)
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await client.until(job, lambda record: record.state == "running")
        with pytest.raises(NotCancelable):
            await job.cancel()
        await job.wait()
        assert is_whole(job)


@asynchronous
async def test_an_ended_job_is_not_canceled(lab: Lab) -> None:
    """NotCancelable, whatever its end; nothing changes."""
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await job.wait()
        with pytest.raises(NotCancelable, match="succeeded already"):
            await job.cancel()
        assert (await job.refresh()).status == "succeeded"


@asynchronous
async def test_a_wish_during_the_send_is_carried_once_the_task_is_known(lab: Lab) -> None:
    """Recorded while submitting; the task that comes is canceled at the provider."""
    lab.sandbox.set(queued_seconds=1e6)
    lab.sandbox.fault("create:slow:seconds=0.1")
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "submitting")
        await job.cancel()
        assert job.status == "submitting"
        with pytest.raises(JobCanceled):
            await job.wait()
        assert (lab.posts(), lab.seen("cancel")) == (1, 1)


@asynchronous
async def test_a_wish_during_a_send_that_is_put_off_ends_the_job(lab: Lab) -> None:
    """429 says that nothing was created: nothing more is sent, and nothing stays set aside."""
    lab.sandbox.fault("create:status:status=429:retry_after=600:seconds=0.1")
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "submitting")
        await job.cancel()
        with pytest.raises(JobCanceled):
            await job.wait()
        assert lab.posts() == 1
        assert job.credits.reserved == 0


@asynchronous
async def test_a_wish_for_an_uncertain_job_is_carried_when_its_task_is_found(lab: Lab) -> None:
    """Nothing is sent again; the task that the list shows is canceled."""
    lab.sandbox.set(queued_seconds=1e6, list_delay_seconds=30.0)
    lab.sandbox.fault("create:drop-answer:times=1")
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "uncertain")
        await job.cancel()
        with pytest.raises(JobCanceled):
            await job.wait()
        assert (lab.posts(), lab.sandbox.creates(), lab.sandbox.charged()) == (1, 1, 0)


@asynchronous
async def test_a_wish_for_what_nobody_can_settle_stays_a_wish(lab: Lab) -> None:
    """Nobody knows whether there is a task, so nobody says canceled; the reservation is held."""
    lab.sandbox.fault("create:drop-answer")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat", max_credits=30)
        with pytest.raises(SubmissionUncertain):
            await job.wait()
        await job.cancel()
        assert (await job.refresh()).status == "uncertain"
        assert job.credits.reserved == 30


@asynchronous
async def test_an_answer_to_the_cancel_that_never_came_is_asked_for_again(lab: Lab) -> None:
    """A lost answer leaves the wish, which the watch carries again."""
    lab.sandbox.set(queued_seconds=1e6)
    lab.sandbox.fault("cancel:status:status=503:times=2")
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "running")
        await job.cancel()
        with pytest.raises(JobCanceled):
            await job.wait()
        assert lab.seen("cancel") == 3


@asynchronous
async def test_a_job_queued_to_be_repeated_is_not_canceled_unseen(lab: Lab) -> None:
    """An earlier send may have created a task: it is found and canceled, not forgotten."""
    lab.sandbox.set(queued_seconds=1e6)
    async with lab.client() as client:
        first = await ask(client, "first")
        await first.wait_submitted()
        await client.session.store.remember(
            f"deduplicates {(await client.stored(first)).credential}", "1"
        )
        lab.sandbox.fault("create:drop-answer:nth=1")
        lab.sandbox.fault("create:status:status=429:retry_after=500")
        job = await ask(client, "second")
        await client.until_kind(job, "queued", times=3)
        assert lab.sandbox.creates() == 2
        await job.cancel()
        assert job.status != "canceled"
        with pytest.raises(JobCanceled):
            await job.wait()
        assert job.task_id is not None
        assert lab.seen("cancel") == 1
        assert lab.sandbox.charges()[1].refunded_at is not None
