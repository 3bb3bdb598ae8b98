"""A person's decision about a job of which nobody knows whether its task was created."""

import pytest

from rushes.client.job import AsyncJob
from rushes.errors import (
    IdempotencyConflict,
    InvalidPayload,
    RushesError,
    SubmissionUncertain,
)

from .lab import IMAGE, Client, Lab, asynchronous, is_whole


async def uncertain(lab: Lab, client: Client, effect: str) -> AsyncJob:
    """Ask Media.io, which lists nothing, and lose the answer."""
    lab.sandbox.fault(f"create:{effect}:times=1")
    job = await client.generate(IMAGE, "a paper boat", max_credits=7)
    with pytest.raises(SubmissionUncertain, match="rushes jobs resolve"):
        await job.wait()
    assert job.needs_decision
    assert job.credits.reserved == 7
    return job


@asynchronous
async def test_a_task_that_was_found_is_brought_home(lab: Lab) -> None:
    """The id from the provider's page is enough: watched, archived, one create."""
    async with lab.client() as client:
        job = await uncertain(lab, client, "drop-answer")
        task_id = lab.sandbox.charges()[0].task
        await (await job.resolve(found=task_id)).wait()
        assert is_whole(job)
        assert job.task_id == task_id
        assert (lab.posts(), lab.sandbox.creates()) == (1, 1)


@asynchronous
async def test_a_task_that_the_provider_does_not_know_is_not_taken(lab: Lab) -> None:
    """A mistyped id changes nothing."""
    async with lab.client() as client:
        job = await uncertain(lab, client, "drop-answer")
        with pytest.raises(RushesError, match="shows no task"):
            await job.resolve(found="nobody-knows-this")
        assert (await client.stored(job)).state == "uncertain"


@asynchronous
async def test_a_task_of_another_job_is_not_taken(lab: Lab) -> None:
    """Two jobs never have one task."""
    async with lab.client() as client:
        first = await client.generate(IMAGE, "the first")
        await first.wait()
        job = await uncertain(lab, client, "drop-answer")
        with pytest.raises(IdempotencyConflict, match="another job"):
            await job.resolve(found=first.task_id)
        assert (await client.stored(job)).state == "uncertain"


@asynchronous
async def test_a_resend_sends_the_same_once_more(lab: Lab) -> None:
    """On a person's word, and only then: one more create, the same body."""
    async with lab.client() as client:
        job = await uncertain(lab, client, "drop-request")
        await (await job.resolve(resend=True)).wait()
        assert is_whole(job)
        first, second = await client.submissions(job)
        assert first.body == second.body
        assert (lab.posts(), lab.sandbox.creates()) == (2, 1)


@asynchronous
async def test_giving_up_books_what_it_may_have_cost(lab: Lab) -> None:
    """What was set aside counts as taken, and says that this is assumed."""
    async with lab.client() as client:
        job = await uncertain(lab, client, "drop-answer")
        await job.resolve(give_up=True)
        assert job.status == "failed"
        assert job.error is not None
        assert (job.error.code, job.error.billed) == ("SUBMISSION_UNCERTAIN", "unknown")
        assert (job.credits.reserved, job.credits.charged) == (0, 7)
        assert (await client.moves(job))[-1] == ("charge", 7, "assumed")


@asynchronous
async def test_only_an_uncertain_job_needs_a_decision(lab: Lab) -> None:
    """A job that is done, and a decision that is none or two, are refused."""
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a paper boat")
        await job.wait()
        with pytest.raises(InvalidPayload, match="succeeded"):
            await job.resolve(give_up=True)
        with pytest.raises(InvalidPayload, match="one decision"):
            await job.resolve()
        with pytest.raises(InvalidPayload, match="one decision"):
            await job.resolve(resend=True, give_up=True)
