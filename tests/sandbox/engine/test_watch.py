"""How tasks are looked at: how often, by which query, and what a look may change."""

import asyncio
import itertools
from typing import Any

import pytest

from rushes.errors import GenerationFailed, TimedOut

from .lab import IMAGE, VIDEO, Client, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}


async def ask(client: Client, prompt: str = "a boat") -> Any:
    return await client.generate(VIDEO, prompt, **CLIP)


@asynchronous
async def test_one_list_covers_all_tasks_of_a_credential(lab: Lab) -> None:
    """Far fewer lists than the tasks alone would need looks, and none is asked for by id."""
    lab.sandbox.set(video_seconds=100.0)
    async with lab.client() as client:
        jobs = [await ask(client) for _ in range(12)]
        await asyncio.gather(*(job.wait() for job in jobs))
        assert lab.seen("query") == 0
        assert lab.seen("list") <= 12 * 4
        assert all(is_whole(job) for job in jobs)


@pytest.mark.parametrize("unknown", [{"list_cap": 2}, {"list_delay_seconds": 40.0}], ids=str)
@asynchronous
async def test_a_task_that_the_list_does_not_show_is_asked_for_by_id(
    lab: Lab, unknown: dict[str, Any]
) -> None:
    """A list that is cut off or late hides nothing."""
    lab.sandbox.set(video_seconds=10.0, **unknown)
    async with lab.client() as client:
        jobs = [await ask(client) for _ in range(4)]
        await asyncio.gather(*(job.wait() for job in jobs))
        assert all(is_whole(job) for job in jobs)
        assert lab.seen("query") >= 2
        assert lab.posts() == 4


@asynchronous
async def test_a_task_of_mediaio_is_looked_at_ever_more_rarely(lab: Lab) -> None:
    """First after five seconds; then the pauses grow, to twenty at most."""
    lab.sandbox.set(image_seconds=200.0)
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await job.wait()
        looks = [entry.at for entry in lab.sandbox.requests(action="query")]
        created = lab.sandbox.requests(action="create")[0].at
        pauses = [late - early for early, late in zip([created, *looks], looks, strict=False)]
        assert pauses[0] == pytest.approx(5.0, abs=0.5)
        assert all(early <= late + 0.5 for early, late in itertools.pairwise(pauses[1:]))
        assert max(pauses) <= 20.5


@pytest.mark.parametrize("model", [IMAGE, VIDEO])
@asynchronous
async def test_an_unknown_status_is_recorded_and_changes_nothing(lab: Lab, model: str) -> None:
    """The word stands in the job and its events; the task is looked at on."""
    action = "query" if model == IMAGE else "list"
    lab.sandbox.fault(f"{action}:unknown-status:word=REVIEWING:times=3")
    async with lab.client() as client:
        job = await client.generate(model, "a boat", **(CLIP if model == VIDEO else {}))
        await job.wait()
        assert is_whole(job)
        words = [event.data.get("status") for event in await client.events_of(job)]
        assert words.count("REVIEWING") == 1
        assert lab.posts() == 1


@pytest.mark.parametrize(
    "effect",
    ["status:status=500", "status:status=401", "not-json", "html", "drop-answer", "unknown-code"],
)
@asynchronous
async def test_a_look_that_fails_changes_nothing(lab: Lab, effect: str) -> None:
    """Whatever comes instead of a task, the job is watched on."""
    lab.sandbox.fault(f"query:{effect}:times=3")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await job.wait()
        assert is_whole(job)
        assert (lab.posts(), lab.seen("query")) == (1, 4)


@asynchronous
async def test_no_such_task_changes_nothing_before_the_deadline(lab: Lab) -> None:
    """A task that is not shown for a while is not given up."""
    lab.sandbox.set(list_delay_seconds=1e6)
    lab.sandbox.fault("query:lost-task:times=4")
    async with lab.client() as client:
        job = await ask(client)
        await job.wait()
        assert is_whole(job)


@asynchronous
async def test_no_such_task_after_the_deadline_ends_the_job(lab: Lab) -> None:
    """TASK_NOT_FOUND, with nobody knowing whether it was billed."""
    lab.sandbox.set(list_delay_seconds=1e6)
    lab.sandbox.fault("query:lost-task")
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "running")
        client.leap(3700.0)
        with pytest.raises(Exception, match="knows no task") as caught:
            await job.wait()
        assert caught.value.billed == "unknown"  # type: ignore[attr-defined]
        assert job.status == "failed"


@pytest.mark.parametrize("retry_after", [None, 0, 45])
@asynchronous
async def test_a_provider_that_wants_less_is_left_alone_by_all(
    lab: Lab, retry_after: int | None
) -> None:
    """After a 429 no query goes out before Retry-After, for any of the jobs."""
    lab.sandbox.set(image_seconds=30.0)
    said = "" if retry_after is None else f":retry_after={retry_after}"
    async with lab.client() as client:
        jobs = [await client.generate(IMAGE, "a boat") for _ in range(3)]
        await asyncio.gather(*(job.wait_submitted() for job in jobs))
        lab.sandbox.fault(f"query:status:status=429{said}:times=1")
        await asyncio.gather(*(job.wait() for job in jobs))
        looks = [(entry.at, entry.status) for entry in lab.sandbox.requests(action="query")]
        told = next(at for at, status in looks if status == 429)
        # Those already on their way when the answer came cannot be called back.
        later = [at for at, _ in looks if at > told + 0.5]
        assert later[0] - told > (1.0 if retry_after == 0 else retry_after or 15.0) - 0.01
        assert len(looks) < 40


@asynchronous
async def test_a_task_that_passes_the_deadline_is_still_fetched(lab: Lab) -> None:
    """`timed_out` ends the wait, not the job: a late file is archived all the same."""
    lab.sandbox.set(image_seconds=5000.0)
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        await client.until(job, lambda record: record.status == "processing")
        client.leap(3600.0)
        with pytest.raises(TimedOut):
            await job.wait()
        assert job.status == "timed_out"
        client.leap(1500.0)
        record = await client.until(job, lambda record: record.state == "archiving")
        assert record.error is None
        await client.until(job, lambda record: record.state == "succeeded")
        assert is_whole(job)
        assert job.error is None
        assert (await job.wait()).status == "succeeded"


@asynchronous
async def test_a_task_that_never_ends_is_given_up_after_the_retention(lab: Lab) -> None:
    """Looked at ever more rarely, then failed; the reservation is released."""
    lab.sandbox.fault("create:never-ends")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat", max_credits=40)
        await client.until(job, lambda record: record.state == "running")
        client.leap(3700.0)
        await client.until(job, lambda record: record.state == "timed_out")
        assert job.credits.reserved == 40
        client.leap(49 * 3600.0)
        record = await client.until(job, lambda record: record.ended)
        assert record.error is not None
        assert (record.state, record.error["code"]) == ("failed", "TIMED_OUT")
        assert job.credits.reserved == 0


@asynchronous
async def test_the_providers_own_timeout_is_the_jobs(lab: Lab) -> None:
    """Media.io's `timeout` fails the job with TIMED_OUT."""
    lab.sandbox.fault("create:timeout")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a boat")
        with pytest.raises(TimedOut, match="timeout"):
            await job.wait()
        assert job.status == "failed"


@asynchronous
async def test_a_failure_with_its_refund_is_booked_once(lab: Lab) -> None:
    """Charged at the create, refunded at the failure: both in the ledger, and not billed."""
    lab.sandbox.fault("create:fail:reason=the model is tired")
    async with lab.client() as client:
        job = await ask(client)
        with pytest.raises(GenerationFailed, match="the model is tired") as caught:
            await job.wait()
        assert caught.value.billed == "no"
        assert await client.moves(job) == [
            ("reserve", 20, "quote"),
            ("charge", 20, "provider"),
            ("refund", 20, "provider"),
        ]
        assert lab.sandbox.charged() == 0


@asynchronous
async def test_a_charge_first_seen_with_its_refund_is_booked_whole(lab: Lab) -> None:
    """A create whose answer names no credits, whose list then shows both movements."""
    lab.sandbox.fault("create:fail")
    lab.sandbox.set(new_fields=False)
    async with lab.client() as client:
        job = await ask(client)
        await job.wait_submitted()
        assert job.credits.charged is None
        lab.sandbox.set(new_fields=True)
        with pytest.raises(GenerationFailed):
            await job.wait()
        credits = job.credits
        assert (credits.charged, credits.refunded) == (20, 20)
        assert job.credits.reserved == 0


@asynchronous
async def test_two_processes_share_the_query_budget(lab: Lab) -> None:
    """Half of the provider's limit for all clients of one home together, in every minute."""
    lab.sandbox.set(video_seconds=100.0, list_delay_seconds=1e6)
    clock = lab.clock()
    async with lab.client(clock=clock) as one, lab.client(clock=clock) as two:
        jobs = [await ask(client) for client in (one, two) for _ in range(3)]
        await asyncio.gather(*(job.wait() for job in jobs))
        asked = [entry.at for entry in lab.sandbox.requests() if entry.action in ("query", "list")]
        busiest = max(sum(start <= at < start + 60.0 for at in asked) for start in asked)
        assert busiest <= 31
        assert all(entry.status != 429 for entry in lab.sandbox.requests())
