"""Prices that nobody publishes, learned from the balance."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from rushes.engine import prices
from rushes.engine.virtual import VirtualClock
from rushes.store.job import Change

from .lab import IMAGE, KEY, VIDEO, Client, Lab, asynchronous

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}


async def made(client: Client, **given: Any) -> Any:
    job = await client.generate(IMAGE, "a boat", **given)
    await job.wait()
    assert job.status == "succeeded"
    return job


async def quoted(client: Client, **given: Any) -> tuple[int | None, str]:
    quote = await client.quote(IMAGE, "another prompt", **given)
    return quote.credits, quote.source


async def charged(client: Client, job: Any) -> list[tuple[str, int, str]]:
    return [move for move in await client.moves(job) if move[0] == "charge"]


@pytest.mark.parametrize("charge_at", ["create", "completion"])
@asynchronous
async def test_after_twenty_jobs_the_price_is_known(lab: Lab, charge_at: str) -> None:
    """Unknown becomes learned with the second job, with count and date; every job is charged."""
    lab.sandbox.set(charge_at=charge_at)
    async with lab.client() as client:
        sources = []
        for _ in range(20):
            job = await made(client)
            sources.append(job.record.quote.source)
            assert await charged(client, job) == [("charge", 5, "learned")]
            assert (job.credits.charged, job.credits.reserved) == (5, 0)
        assert sources == ["unknown"] * 2 + ["learned"] * 18
        quote = await client.quote(IMAGE, "a third prompt")
        assert (quote.credits, quote.source) == (5, "learned")
        assert quote.note.startswith("measured 20 times, last on 20")
        assert lab.sandbox.charged(KEY) == 100


@asynchronous
async def test_other_terms_have_another_price(lab: Lab) -> None:
    """The prompt makes no price; the number of pictures does."""
    async with lab.client() as client:
        for _ in range(2):
            await made(client)
        assert await quoted(client) == (5, "learned")
        assert await quoted(client, count=2) == (None, "unknown")
        for _ in range(2):
            await made(client, count=2)
        assert await quoted(client, count=2) == (10, "learned")


@asynchronous
async def test_a_job_beside_another_is_no_sample(lab: Lab) -> None:
    """Two at once show nothing of either, however often; they stay without a charge."""
    async with lab.client() as client:
        for _ in range(3):
            first = await client.generate(IMAGE, "a boat")
            second = await client.generate(IMAGE, "a kite")
            for job in (first, second):
                await job.wait()
                assert await charged(client, job) == []
        assert await quoted(client) == (None, "unknown")


@asynchronous
async def test_a_job_that_begins_and_ends_meanwhile_excludes(lab: Lab) -> None:
    """What ran while another was measured is seen afterwards too."""
    async with lab.client() as client:
        lab.sandbox.set(image_seconds=600.0)
        long = await client.generate(IMAGE, "a boat")
        await client.until(long, lambda record: record.state == "running")
        lab.sandbox.set(image_seconds=1.0)
        await made(client)
        await long.wait()
        assert await charged(client, long) == []
        stored = await client.stored(long)
        (sending,) = [one for one in await client.events_of(long) if one.kind == "submitting"]
        assert sending.data["balance"] == 10_000
        assert stored.credits.charged is None


@pytest.mark.parametrize("late", [0.0, 30.0])
@asynchronous
async def test_a_refund_in_between_is_no_sample(lab: Lab, late: float) -> None:
    """Credits of an earlier job that come back meanwhile make no price."""
    lab.sandbox.set(refund_seconds=late)
    async with lab.client() as client:
        for count in (1, 1):
            lab.sandbox.fault("create:fail:times=1")
            failed = await client.generate(IMAGE, "a boat", count=count)
            with pytest.raises(Exception, match="ended task"):
                await failed.wait()
            lab.sandbox.set(image_seconds=60.0)
            await made(client, count=2)
            lab.sandbox.set(image_seconds=1.0)
        assert await quoted(client, count=2) == (None, "unknown")
        client.leap(7200.0)
        for _ in range(2):
            await made(client, count=2)
        assert await quoted(client, count=2) == (10, "learned")


@asynchronous
async def test_credits_that_are_bought_meanwhile_make_no_price(lab: Lab) -> None:
    """A balance that has risen, or fallen by nothing, is no sample."""
    async with lab.client() as client:
        lab.sandbox.set(image_seconds=60.0)
        for amount in (100, 5):
            job = await client.generate(IMAGE, "a boat")
            await client.until(job, lambda record: record.state == "running")
            lab.sandbox.add_credits(KEY, amount)
            await job.wait()
            assert job.credits.charged is None
        assert await quoted(client) == (None, "unknown")


@asynchronous
async def test_a_newer_pair_that_agrees_holds(lab: Lab) -> None:
    """One other figure is noted only; two of them are the price."""
    async with lab.client() as client:
        for _ in range(2):
            await made(client)
        lab.sandbox.set(invented_image_credits=7)
        await made(client)
        quote = await client.quote(IMAGE, "a boat")
        assert (quote.credits, quote.source) == (5, "learned")
        assert "measured 2 times" in quote.note
        assert "the newest measurement says 7" in quote.note
        await made(client)
        quote = await client.quote(IMAGE, "a boat")
        assert quote.credits == 7
        assert "measured 2 times" in quote.note


@asynchronous
async def test_a_job_is_charged_once(lab: Lab) -> None:
    """A job that was quoted as learned is charged so at its end; measuring adds no entry."""
    async with lab.client() as client:
        for _ in range(2):
            await made(client)
        lab.sandbox.set(invented_image_credits=7)
        job = await made(client)
        assert await client.moves(job) == [("reserve", 5, "quote"), ("charge", 5, "learned")]


@asynchronous
async def test_the_limit_that_was_allowed_is_settled_by_the_measure(lab: Lab) -> None:
    """What was set aside for an unknown price is free again once the price was seen."""
    async with lab.client() as client:
        job = await made(client, max_credits=30)
        assert await client.moves(job) == [("reserve", 30, "assumed"), ("charge", 5, "learned")]
        assert (job.credits.reserved, job.credits.charged) == (0, 5)


@asynchronous
async def test_sandbox_jobs_never_learn(lab: Lab) -> None:
    """No balance is asked, no price is kept, and none of the real jobs' is used."""
    async with lab.client() as client:
        for _ in range(2):
            await made(client)
    balances = lab.seen("balance")
    async with lab.client(real=False) as client:
        for _ in range(2):
            job = await made(client)
            assert job.credits.charged is None
        assert await quoted(client) == (None, "unknown")
    assert lab.seen("balance") == balances


@asynchronous
async def test_a_published_price_is_not_measured(lab: Lab) -> None:
    """A model of the price table costs no look at the balance."""
    async with lab.client() as client:
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait()
        assert lab.seen("balance") == 0


@pytest.mark.parametrize(
    "fault", ["status:status=500", "status:status=429", "drop-answer", "reset-early", "not-json"]
)
@asynchronous
async def test_a_balance_that_cannot_be_had_hinders_nothing(lab: Lab, fault: str) -> None:
    """The job goes its way, once, and is simply not measured."""
    lab.sandbox.fault(f"balance:{fault}")
    async with lab.client() as client:
        job = await made(client)
        assert job.credits.charged is None
        assert (lab.posts(), lab.sandbox.creates()) == (1, 1)


@asynchronous
async def test_a_balance_that_hangs_is_not_waited_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a moment the job goes on without it."""
    monkeypatch.setattr(prices, "SECONDS_AT_MOST", 0.05)
    lab.sandbox.fault("balance:slow:seconds=600")
    async with lab.client() as client:
        job = await made(client)
        assert job.credits.charged is None


@asynchronous
async def test_the_measure_survives_the_process(lab: Lab) -> None:
    """One process asks, another sees the file home: the sample is there all the same."""
    clock = lab.clock()
    for _ in range(2):
        async with lab.client(clock=clock) as client:
            job = await client.generate(IMAGE, "a boat")
            await job.wait_submitted()
        async with lab.client(clock=clock) as client:
            (found,) = await client.resume(job.id)
            await found.wait()
            assert await charged(client, found) == [("charge", 5, "learned")]
    async with lab.client(clock=clock) as client:
        assert await quoted(client) == (5, "learned")


@asynchronous
async def test_balances_are_asked_before_the_intent_and_after_the_archive(lab: Lab) -> None:
    """Twice before the create, once after the last download; never between intent and send."""
    async with lab.client() as client:
        await made(client)
    actions = [one.action for one in lab.sandbox.requests() if one.action != "query"]
    assert actions == ["balance", "balance", "create", "download", "balance"]


@asynchronous
async def test_a_second_task_of_the_job_spoils_the_measure(lab: Lab) -> None:
    """Where an earlier send turns out to have made a task too, the difference is not one price."""
    async with lab.client() as client:
        lab.sandbox.set(image_seconds=60.0)
        job = await client.generate(IMAGE, "a boat")
        record = await client.until(job, lambda record: record.state == "running")
        await client.session.store.apply(
            Change(job_id=record.id, kind="second-task", at=client.session.clock.now())
        )
        await job.wait()
        assert job.credits.charged is None
    assert msgspec.to_builtins(job.record.quote)["source"] == "unknown"


@asynchronous
async def test_a_balance_that_moves_before_the_job_measures_nothing(lab: Lab) -> None:
    """Two looks that differ: somebody else is at work on the account."""

    def somebody_spends(seconds: float) -> None:
        lab.sandbox.advance(seconds)
        if lab.posts() == 0:
            lab.sandbox.add_credits(KEY, -3)

    async with lab.client(clock=VirtualClock(on_advance=somebody_spends)) as client:
        job = await made(client)
        assert job.credits.charged is None
        (sending,) = [one for one in await client.events_of(job) if one.kind == "submitting"]
        assert "balance" not in sending.data
        assert lab.seen("balance") == 2


@asynchronous
async def test_another_tool_on_the_account_makes_no_price(lab: Lab, tmp_path: Path) -> None:
    """What our store cannot see spoils one measurement, and two of them must agree."""
    clock = lab.clock()
    async with (
        lab.client(clock=clock) as client,
        lab.client(clock=clock, home=tmp_path / "another tool") as other,
    ):
        for count in (1, 2):
            lab.sandbox.set(image_seconds=60.0)
            job = await client.generate(IMAGE, "a boat")
            await client.until(job, lambda record: record.state == "running")
            await (await other.generate(IMAGE, "a kite", count=count)).wait()
            await job.wait()
            assert job.credits.charged == 5 + 5 * count
        assert await quoted(client) == (None, "unknown")
