"""A send in doubt stays in doubt, whatever becomes of the sends that repeat it."""

from collections.abc import Callable
from typing import Any

import pytest

from rushes.client.job import AsyncJob
from rushes.engine.transport import NeverMade, Transport
from rushes.errors import InsufficientCredits, JobCanceled, SubmissionUncertain
from rushes.providers.base import Created, Order
from rushes.store.job import Change

from .lab import VIDEO, Client, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}


async def after_an_older_one(client: Client) -> None:
    """Let the account have a task from before, and the provider be known to deduplicate."""
    older = await client.generate(VIDEO, "an older boat", **CLIP)
    await older.wait()
    await client.session.clock.sleep(60.0)


async def deduplicates(client: Client) -> None:
    (older,) = await client.jobs()
    fingerprint = (await client.stored(older)).credential
    await client.session.store.remember(f"deduplicates {fingerprint}", "1")


class Unreachable(Transport):
    """Makes no connection for the paid calls that `cut` picks by their number."""

    def __init__(self, cut: Callable[[int], bool], **given: Any) -> None:
        super().__init__(**given)
        self._cut = cut
        self.paid = 0

    async def send(self, base_url: str, call: Any, **given: Any) -> Any:
        if call.paid:
            self.paid += 1
            if self._cut(self.paid):
                raise NeverMade("could not connect")
        return await super().send(base_url, call, **given)


async def ask(client: Client) -> AsyncJob:
    return await client.generate(VIDEO, "a boat", **CLIP)


@pytest.mark.parametrize("status", [400, 401, 402, 404, 422])
@asynchronous
async def test_a_refused_repetition_does_not_end_a_job_in_doubt(lab: Lab, status: int) -> None:
    """The first send had made a task: it is found, and nobody is told that nothing was billed."""
    async with lab.client() as client:
        await after_an_older_one(client)
        await deduplicates(client)
        lab.sandbox.fault("create:drop-answer:nth=1")
        lab.sandbox.fault(f"create:status:status={status}")
        job = await ask(client)
        await job.wait()
        assert is_whole(job)
        assert lab.sandbox.creates() == 2
        assert lab.posts() == 3
        assert [one.outcome for one in await client.submissions(job)] == [
            "uncertain",
            "not-created",
        ]
        assert (job.credits.charged, job.credits.reserved) == (20, 0)


@asynchronous
async def test_an_unreachable_repetition_does_not_end_a_job_in_doubt(lab: Lab) -> None:
    """However often no connection is made: the reservation is held, and a person decides."""
    clock = lab.clock()
    transport = Unreachable(lambda number: number > 2, hold=clock.hold, clock=clock.now)
    async with lab.client(clock=clock, seams={"transport": transport}) as client:
        await after_an_older_one(client)
        await deduplicates(client)
        lab.sandbox.fault("create:drop-answer")
        lab.sandbox.fault("list:status:status=503")
        job = await ask(client)
        await client.until_kind(job, "uncertain", times=2)
        client.leap(3600.0)
        with pytest.raises(SubmissionUncertain):
            await job.wait()
        assert job.credits.reserved == 20
        assert (lab.posts(), lab.sandbox.creates()) == (2, 2)
        assert 3 <= transport.paid <= 10


@asynchronous
async def test_what_was_shown_to_be_absent_is_out_of_doubt(lab: Lab) -> None:
    """Absent from two lists, then refused when repeated: failed, released, not billed."""
    async with lab.client() as client:
        await after_an_older_one(client)
        lab.sandbox.fault("create:drop-request:nth=1")
        lab.sandbox.fault("create:status:status=402")
        job = await ask(client)
        with pytest.raises(InsufficientCredits) as caught:
            await job.wait()
        assert caught.value.billed == "no"
        assert job.credits.reserved == 0
        assert (lab.posts(), lab.sandbox.creates()) == (3, 1)


@asynchronous
async def test_a_provider_that_always_loses_its_answer_is_not_hammered(lab: Lab) -> None:
    """Repeated under one key with growing pauses: one task, one charge."""
    async with lab.client() as client:
        await after_an_older_one(client)
        await deduplicates(client)
        lab.sandbox.fault("create:drop-answer:times=6")
        job = await ask(client)
        await job.wait()
        assert is_whole(job)
        assert lab.sandbox.creates() == 2
        sent = [entry.at for entry in lab.sandbox.requests(action="create")][1:]
        assert len(sent) == 7
        assert sent[-1] - sent[0] > 15.0
        assert lab.sandbox.charged() == 40


@asynchronous
async def test_a_wish_between_two_sends_does_not_cancel_what_is_in_doubt(lab: Lab) -> None:
    """Wished after the intent to repeat was stored: nothing is sent, and the task is not lost."""
    lab.sandbox.set(queued_seconds=1e6)
    async with lab.client() as client:
        older = await client.generate(VIDEO, "an older boat", **CLIP)
        await older.wait_submitted()
        await client.session.clock.sleep(60.0)
        await deduplicates(client)
        lab.sandbox.fault("create:drop-answer:times=1")
        store, intents = client.session.store, []
        apply = store.apply

        async def wishing(change: Change) -> Any:
            job = await apply(change)
            if change.to == "submitting" and change.submission is not None:
                intents.append(job.id)
                if len(intents) == 2:
                    fields = {"cancel_wished_at": client.session.clock.now()}
                    job = await apply(Change(job_id=job.id, fields=fields, at=change.at))
            return job

        store.apply = wishing  # type: ignore[method-assign]
        job = await ask(client)
        with pytest.raises(JobCanceled):
            await job.wait()
        assert job.task_id is not None
        assert lab.posts() == 2
        assert lab.seen("cancel") == 1
        assert (job.credits.charged, job.credits.refunded) == (20, 20)


@asynchronous
async def test_a_task_id_is_kept_even_where_the_rest_of_the_answer_cannot_be(lab: Lab) -> None:
    """Figures and texts that no store takes cost the details, never the task."""
    async with lab.client() as client:
        credential = client.session.house.credentials.get("aivideomaker", sandbox=False)
        create = credential.adapter.create

        def boasting(order: Order) -> Any:
            outcome = yield from create(order)
            assert isinstance(outcome, Created)
            return Created(task_id=outcome.task_id, credits=10**30, trace_id="\ud800")

        credential.adapter.create = boasting  # type: ignore[method-assign]
        job = await ask(client)
        await job.wait()
        assert is_whole(job)
        assert lab.posts() == 1
        assert job.credits.charged == 20
