"""Caps on what may be spent: held before anything is sent, whoever asks."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from rushes.engine.caps import day_began
from rushes.errors import BudgetExceeded, InvalidPayload, SetupError, Unpriced

from .lab import IMAGE, KEY, VIDEO, Lab, asynchronous

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}
"""20 credits by the table."""


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let virtual time begin at noon, so that no test runs over midnight."""
    at_noon = day_began(time.time()) + 12 * 3600.0
    monkeypatch.setattr("rushes.engine.virtual.time", SimpleNamespace(time=lambda: at_noon))


@asynchronous
async def test_a_hundred_jobs_race_for_the_last_credits(lab: Lab) -> None:
    """Two clients on one store, 100 jobs of 20 credits, 50 left: two get them, nothing more."""
    given: dict[str, Any] = {"max_credits_per_day": 110}
    async with lab.client(**given) as one, lab.client(**given) as other:
        for _ in range(3):
            await (await one.generate(VIDEO, "a boat", **CLIP)).wait()
        asking = [
            (one, other)[number % 2].generate(VIDEO, f"boat {number}", **CLIP)
            for number in range(100)
        ]
        got = await asyncio.gather(*asking, return_exceptions=True)
        jobs = [job for job in got if not isinstance(job, BaseException)]
        assert len(jobs) == 2
        assert {type(job) for job in got if isinstance(job, BaseException)} == {BudgetExceeded}
        for job in jobs:
            await job.wait()
    assert lab.sandbox.creates() == 5
    assert lab.sandbox.charged(KEY) == 100


@asynchronous
async def test_a_refusal_says_limit_used_asked_and_the_setting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is stored or sent, and the request id stays free."""
    monkeypatch.setenv("RUSHES_MAX_CREDITS_PER_DAY", "30")
    async with lab.client() as client:
        await client.generate(VIDEO, "a boat", **CLIP)
        with pytest.raises(BudgetExceeded) as caught:
            await client.generate(VIDEO, "a kite", idempotency_key="kite", **CLIP)
        assert "limit 30 credits, used 20, asked 20" in str(caught.value)
        assert "Raise RUSHES_MAX_CREDITS_PER_DAY" in caught.value.next_step
        assert "rushes spend" in caught.value.next_step
        assert len(await client.jobs()) == 1
        cheaper = await client.generate(IMAGE, "a kite", idempotency_key="kite", max_credits=10)
        assert cheaper.new


@asynchronous
async def test_the_cap_of_one_provider_leaves_the_other_alone(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`RUSHES_{PROVIDER}_MAX_CREDITS_PER_DAY` counts that provider's key only."""
    monkeypatch.setenv("RUSHES_AIVIDEOMAKER_MAX_CREDITS_PER_DAY", "20")
    async with lab.client() as client:
        await client.generate(IMAGE, "a boat", max_credits=500)
        await client.generate(VIDEO, "a boat", **CLIP)
        with pytest.raises(BudgetExceeded, match="used 20, asked 20") as caught:
            await client.generate(VIDEO, "a boat", **CLIP)
        assert "RUSHES_AIVIDEOMAKER_MAX_CREDITS_PER_DAY" in caught.value.next_step


@asynchronous
async def test_caps_of_the_settings_file(lab: Lab) -> None:
    """They hold as well, and a refusal names the file."""
    lab.home.mkdir(parents=True)
    file = lab.home / "config.toml"
    file.write_text("[aivideomaker]\nmax_credits_per_day = 10\n", encoding="utf-8")
    async with lab.client() as client:
        with pytest.raises(BudgetExceeded, match="limit 10 credits, used 0") as caught:
            await client.generate(VIDEO, "a boat", **CLIP)
        assert str(file) in caught.value.next_step


@asynchronous
async def test_tomorrow_counts_anew(lab: Lab) -> None:
    """The day is the local calendar day of the machine."""
    async with lab.client(max_credits_per_day=20) as client:
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait()
        with pytest.raises(BudgetExceeded):
            await client.generate(VIDEO, "a boat", **CLIP)
        client.leap(24 * 3600.0)
        assert (await client.generate(VIDEO, "a boat", **CLIP)).new


@asynchronous
async def test_what_is_given_back_may_be_spent_again(lab: Lab) -> None:
    """A job that was refused by the provider frees what it had set aside."""
    lab.sandbox.fault("create:refuse-content:times=1")
    async with lab.client(max_credits_per_day=20) as client:
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await client.until(job, lambda record: record.state == "failed")
        assert (await client.generate(VIDEO, "a boat", **CLIP)).new


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize("real", [True, False])
@asynchronous
async def test_under_a_cap_an_unknown_price_needs_an_amount(
    lab: Lab, real: bool, allow: bool
) -> None:
    """A word is not enough: what to set aside must be said, and then counts under the cap."""
    async with lab.client(real=real, allow_unpriced=allow, max_credits_per_day=50) as client:
        with pytest.raises(Unpriced, match="50 credits") as caught:
            await client.generate(IMAGE, "a boat", allow_unpriced=allow)
        assert "--max-credits" in caught.value.next_step
        assert "--allow-unpriced" not in caught.value.next_step
        job = await client.generate(IMAGE, "a boat", max_credits=40)
        assert (await client.moves(job))[0] == ("reserve", 40, "assumed")
        with pytest.raises(BudgetExceeded, match="used 40, asked 11"):
            await client.generate(IMAGE, "a boat", max_credits=11)


@asynchronous
async def test_a_learned_price_fits_under_a_cap(lab: Lab) -> None:
    """What earlier jobs cost is a price: no amount needs to be said."""
    async with lab.client() as client:
        for _ in range(2):
            await (await client.generate(IMAGE, "a boat")).wait()
    async with lab.client(max_credits_per_day=15, allow_unpriced=False) as client:
        job = await client.generate(IMAGE, "a boat")
        assert (await client.moves(job))[0] == ("reserve", 5, "quote")
        with pytest.raises(BudgetExceeded, match="used 15, asked 5"):
            await client.generate(IMAGE, "a boat")


@asynchronous
async def test_the_limit_of_a_request_comes_from_the_settings(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`RUSHES_MAX_CREDITS` is what `max_credits` is where nothing else is said."""
    monkeypatch.setenv("RUSHES_MAX_CREDITS", "19")
    async with lab.client(allow_unpriced=False) as client:
        with pytest.raises(BudgetExceeded, match=r"20 credits.*at most 19"):
            await client.generate(VIDEO, "a boat", **CLIP)
        preview = await client.preview(VIDEO, "a boat", **CLIP)
        assert not preview.ok
        job = await client.generate(IMAGE, "a boat")
        assert (await client.moves(job))[0] == ("reserve", 19, "assumed")
        assert (await client.generate(VIDEO, "a boat", max_credits=20, **CLIP)).new


@asynchronous
async def test_a_preview_says_how_the_caps_stand(lab: Lab) -> None:
    """Before anything is stored: the check of the price fails with the figures."""
    async with lab.client(max_credits_per_day=30) as client:
        assert (await client.preview(VIDEO, "a boat", **CLIP)).ok
        await client.generate(VIDEO, "a boat", **CLIP)
        preview = await client.preview(VIDEO, "a boat", **CLIP)
        assert not preview.ok
        (failed,) = [check for check in preview.checks if not check.ok]
        assert failed.name == "price"
        assert "limit 30 credits, used 20, asked 20" in failed.detail


@asynchronous
async def test_a_request_that_is_known_is_found_above_the_cap(lab: Lab) -> None:
    """The same request id gives the same job, however much has been spent since."""
    async with lab.client(max_credits_per_day=20) as client:
        job = await client.generate(VIDEO, "a boat", idempotency_key="boat", **CLIP)
        again = await client.generate(VIDEO, "a boat", idempotency_key="boat", **CLIP)
        assert (again.id, again.new) == (job.id, False)


@asynchronous
async def test_a_quote_needs_no_room_under_a_cap(lab: Lab) -> None:
    """Asking what it would cost is free, also where the price is unknown."""
    async with lab.client(max_credits_per_day=1) as client:
        assert (await client.quote(IMAGE, "a boat")).credits is None
        assert (await client.quote(VIDEO, "a boat", **CLIP)).credits == 20


@asynchronous
async def test_sandbox_jobs_use_up_no_real_budget(lab: Lab) -> None:
    """The sandbox has the same caps, and counts apart."""
    async with lab.client(real=False, max_credits_per_day=20) as client:
        await client.generate(VIDEO, "a boat", **CLIP)
        with pytest.raises(BudgetExceeded):
            await client.generate(VIDEO, "a boat", **CLIP)
    async with lab.client(max_credits_per_day=20) as client:
        assert (await client.generate(VIDEO, "a boat", **CLIP)).new


@asynchronous
async def test_a_cap_that_is_no_number_is_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped cap stops everything, naming the variable; it is never taken for no cap."""
    monkeypatch.setenv("RUSHES_AIVIDEOMAKER_MAX_CREDITS_PER_DAY", "lots")
    async with lab.client() as client:
        with pytest.raises(SetupError, match="RUSHES_AIVIDEOMAKER_MAX_CREDITS_PER_DAY"):
            await client.generate(VIDEO, "a boat", **CLIP)
        assert lab.posts() == 0


@asynchronous
async def test_a_wrong_request_is_told_first(lab: Lab) -> None:
    """What is wrong with the request is said before any cap, which may not matter."""
    async with lab.client(max_credits_per_day=0) as client:
        with pytest.raises(InvalidPayload):
            await client.generate(VIDEO, "a boat", duration=7, aspect_ratio="16:9")
