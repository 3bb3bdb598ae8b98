"""One request id, one job, one create; whoever asks, and however often."""

import asyncio

import pytest

from rushes.errors import BudgetExceeded, IdempotencyConflict, InvalidPayload, Unpriced

from .lab import IMAGE, VIDEO, Lab, asynchronous


@asynchronous
async def test_the_same_request_under_one_id_is_one_job(lab: Lab) -> None:
    """Asked again before, while and after it runs, also by another client: created once."""
    async with lab.client() as client:
        first = await client.generate(IMAGE, "a boat", idempotency_key="mine")
        again = await client.generate(IMAGE, "a boat", idempotency_key="mine")
        await first.wait()
        async with lab.client() as other:
            late = await other.generate("Imagen 4", "a boat", idempotency_key="mine")
            await late.wait()
        assert first.id == again.id == late.id
        assert (first.new, again.new, late.new) == (True, False, False)
        assert (lab.posts(), lab.sandbox.creates()) == (1, 1)


@asynchronous
async def test_twins_at_the_same_moment_are_one_job(lab: Lab) -> None:
    """From several tasks of two clients at once."""
    async with lab.client() as one, lab.client() as two:
        jobs = await asyncio.gather(
            *(client.generate(IMAGE, "a boat", idempotency_key="mine") for client in (one, two) * 8)
        )
        assert len({job.id for job in jobs}) == 1
        assert sum(job.new for job in jobs) == 1
        await asyncio.gather(*(job.wait() for job in jobs))
        assert (lab.posts(), lab.sandbox.creates()) == (1, 1)


@asynchronous
async def test_another_request_under_the_id_is_refused(lab: Lab) -> None:
    """IdempotencyConflict, naming the job that has it; nothing is sent."""
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat", idempotency_key="mine")
        await job.wait()
        with pytest.raises(IdempotencyConflict, match=job.id):
            await client.generate(IMAGE, "a ship", idempotency_key="mine")
        with pytest.raises(IdempotencyConflict):
            await client.generate(
                VIDEO, "a boat", duration=5, aspect_ratio="1:1", idempotency_key="mine"
            )
        assert lab.posts() == 1


@asynchronous
async def test_a_refused_request_binds_nothing(lab: Lab) -> None:
    """Wrong, too dear or unpriced without consent: the id stays free."""
    async with lab.client(allow_unpriced=False) as client:
        with pytest.raises(InvalidPayload):
            await client.generate(IMAGE, "a boat", shape="round", idempotency_key="mine")
        with pytest.raises(BudgetExceeded):
            await client.generate(
                VIDEO,
                "a boat",
                duration=5,
                aspect_ratio="1:1",
                max_credits=1,
                idempotency_key="mine",
            )
        with pytest.raises(Unpriced):
            await client.generate(IMAGE, "a boat", idempotency_key="mine")
        assert await client.jobs() == []
        job = await client.generate(IMAGE, "a boat", idempotency_key="mine", max_credits=50)
        assert job.new


@asynchronous
async def test_without_an_id_asking_twice_is_two_jobs(lab: Lab) -> None:
    """Two equal requests on purpose: two creates."""
    async with lab.client() as client:
        jobs = [await client.generate(IMAGE, "a boat") for _ in range(2)]
        await asyncio.gather(*(job.wait() for job in jobs))
        assert jobs[0].id != jobs[1].id
        assert lab.sandbox.creates() == 2


@asynchronous
async def test_a_caller_that_stops_waiting_leaves_a_job_that_goes_on(lab: Lab) -> None:
    """Wherever the call is cut off, there is one job or none, and one that is there is driven."""
    async with lab.client() as client:
        await (await client.generate(IMAGE, "first")).wait()
        for turns in range(40):
            asking = asyncio.create_task(
                client.generate(IMAGE, "a boat", idempotency_key=f"mine {turns}")
            )
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        for job in await client.jobs():
            await job.wait()
        before = lab.sandbox.creates()
        for turns in range(40):
            job = await client.generate(IMAGE, "a boat", idempotency_key=f"mine {turns}")
            await job.wait()
        assert before <= lab.sandbox.creates() == lab.posts() == 41
