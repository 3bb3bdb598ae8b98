"""What becomes of a create whose answer was lost, where the provider lists its tasks."""

import asyncio
import io
from typing import Any

import pytest
from PIL import Image

from rushes.client.job import AsyncJob
from rushes.engine.virtual import VirtualClock
from rushes.errors import SubmissionUncertain

from .lab import VIDEO, Client, Lab, asynchronous, is_whole

HOUR = 3600.0


def noise() -> bytes:
    """A PNG that does not compress."""
    file = io.BytesIO()
    Image.effect_noise((400, 400), 80).convert("RGB").save(file, "PNG")
    return file.getvalue()


async def ask(client: Client, prompt: str) -> AsyncJob:
    """Ask for a video of 20 credits."""
    return await client.generate(VIDEO, prompt, duration=5, aspect_ratio="16:9")


def leap(client: Client, seconds: float) -> None:
    clock = client.session.clock
    assert isinstance(clock, VirtualClock)
    clock.leap(seconds)


async def an_older_task(client: Client) -> None:
    """Let the account have a task from before, so that a list can reach back to it."""
    await (await ask(client, "an older boat")).wait()
    await client.session.clock.sleep(60.0)


@pytest.mark.parametrize(
    "unknowns",
    [
        {},
        {"list_cap": 20},
        {"list_cap": 100, "list_delay_seconds": 90.0},
        {"new_fields": False},
        {"money_headers": False},
        {"money_headers": False, "list_delay_seconds": 90.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("effect", ["drop-answer", "reset-answer", "not-json", "no-task-id"])
@asynchronous
async def test_a_task_that_was_created_is_found_in_the_list(
    lab: Lab, effect: str, unknowns: dict[str, Any]
) -> None:
    """By our key, or by equal body and time where no key is shown; paid once, and delivered."""
    lab.sandbox.set(**unknowns)
    async with lab.client() as client:
        await an_older_task(client)
        lab.sandbox.fault(f"create:{effect}:times=1")
        job = await ask(client, "a boat in a storm")
        await job.wait()
        assert is_whole(job)
        assert (lab.posts(), lab.sandbox.creates()) == (2, 2)
        assert "uncertain" in await client.kinds(job)


@pytest.mark.parametrize("effect", ["drop-request", "reset-request", "status:status=502"])
@asynchronous
async def test_a_task_that_was_not_created_is_sent_again_after_two_late_lists(
    lab: Lab, effect: str
) -> None:
    """The very same bytes go out under the same key, no sooner than three minutes later."""
    async with lab.client() as client:
        await an_older_task(client)
        lab.sandbox.fault(f"create:{effect}:times=1")
        began = client.session.clock.now()
        job = await ask(client, "a boat in a storm")
        await job.wait()
        assert is_whole(job)
        first, second = await client.submissions(job)
        assert second.at - began >= 180.0
        assert (first.idempotency_key, first.body) == (second.idempotency_key, second.body)
        assert first.headers == second.headers
        assert (lab.posts(), lab.sandbox.creates()) == (3, 2)


@asynchronous
async def test_a_large_body_goes_out_again_byte_for_byte(lab: Lab) -> None:
    """A body with a file in it is kept beside the archive and sent as it was."""
    async with lab.client() as client:
        await an_older_task(client)
        lab.sandbox.fault("create:drop-request:times=1")
        job = await client.generate("i2v", "it moves", image=noise(), duration=5)
        await job.wait()
        assert is_whole(job)
        first, second = await client.submissions(job)
        bodies = [
            (lab.home / "archive" / str(one.body_file)).read_bytes() for one in (first, second)
        ]
        assert bodies[0] == bodies[1]
        assert len(bodies[0]) > 64 * 1024
        assert lab.sandbox.creates() == 2


@asynchronous
async def test_absence_in_a_list_that_does_not_reach_back_proves_nothing(lab: Lab) -> None:
    """With nothing older to see, nobody knows whether the list is whole: a person decides."""
    lab.sandbox.fault("create:drop-request:times=1")
    async with lab.client() as client:
        job = await ask(client, "a boat in a storm")
        await client.until_kind(job, "settling", times=3)
        leap(client, HOUR)
        with pytest.raises(SubmissionUncertain):
            await job.wait()
        assert job.needs_decision
        assert (lab.posts(), lab.sandbox.creates()) == (1, 0)
        assert job.credits.reserved == 20


@asynchronous
async def test_two_equal_requests_with_lost_answers_are_two_tasks(lab: Lab) -> None:
    """Asked twice on purpose, paid twice, delivered twice: each task belongs to one job."""
    lab.sandbox.set(money_headers=False)
    async with lab.client() as client:
        await an_older_task(client)
        lab.sandbox.fault("create:drop-answer:times=2")
        jobs = [await ask(client, "twins") for _ in range(2)]
        await asyncio.gather(*(job.wait() for job in jobs))
        assert len({job.task_id for job in jobs}) == 2
        assert lab.sandbox.creates() == 3


@asynchronous
async def test_a_key_that_may_be_forgotten_is_not_sent_again(lab: Lab) -> None:
    """An hour after the send, absence no longer lets the bytes go out again."""
    async with lab.client() as client:
        await an_older_task(client)
        lab.sandbox.fault("create:drop-request:times=1")
        lab.sandbox.fault("list:status:status=503")
        job = await ask(client, "a boat in a storm")
        await client.until_kind(job, "settling")
        leap(client, HOUR)
        with pytest.raises(SubmissionUncertain):
            await job.wait()
        lab.sandbox.clear_faults()
        await client.resume(job.id)
        await client.session.clock.sleep(600.0)
        assert (lab.posts(), lab.sandbox.creates()) == (2, 1)


@asynchronous
async def test_a_provider_that_deduplicates_is_believed_once_it_has_said_so(lab: Lab) -> None:
    """After an answer with idempotentReplay true, a lost answer is settled by sending at once."""
    async with lab.client() as client:
        await an_older_task(client)
        leap(client, HOUR)
        lab.sandbox.set(list_delay_seconds=HOUR / 2)
        waits = []
        for prompt in ("first", "second"):
            lab.sandbox.fault("create:drop-answer:times=1")
            job = await ask(client, prompt)
            await job.wait()
            assert is_whole(job)
            first, second = await client.submissions(job)
            waits.append(second.at - first.at)
        assert waits[0] >= 180.0
        assert waits[1] < 5.0
        assert (lab.posts(), lab.sandbox.creates()) == (5, 3)


@asynchronous
async def test_a_cancel_wish_ends_what_was_never_created(lab: Lab) -> None:
    """Absent from two lists and not wanted any more: canceled, the reservation released."""
    async with lab.client() as client:
        await an_older_task(client)
        lab.sandbox.fault("create:drop-request:times=1")
        job = await ask(client, "a boat in a storm")
        await client.until_kind(job, "uncertain")
        await job.cancel()
        await client.until(job, lambda record: record.ended)
        assert job.status == "canceled"
        assert (job.credits.reserved, job.credits.charged) == (0, None)
        assert (lab.posts(), lab.sandbox.creates()) == (2, 1)


@asynchronous
async def test_a_late_refund_is_booked_on_the_providers_word(lab: Lab) -> None:
    """A failed job stays in sight until its charge has come back in full."""
    lab.sandbox.set(refund_seconds=2 * HOUR)
    lab.sandbox.fault("create:fail:times=1")
    async with lab.client() as client:
        job = await ask(client, "a boat in a storm")
        await client.until(job, lambda record: record.ended)
        assert (job.credits.charged, job.credits.refunded) == (20, 0)
        leap(client, 2 * HOUR)
        await client.until_kind(job, "refunded")
        assert (job.credits.charged, job.credits.refunded) == (20, 20)
        assert lab.sandbox.charged() == 0
