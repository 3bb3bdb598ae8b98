"""What may be spent: consent, caps, previews that send nothing, quotes."""

from typing import Any

import msgspec
import pytest

from rushes.catalog import load
from rushes.catalog.schema import Model
from rushes.errors import BudgetExceeded, InvalidPayload, MissingCredential, Unpriced

from .lab import IMAGE, VIDEO, Lab, asynchronous

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}
PICTURE = "https://pictures.example/cat.png"


@asynchronous
async def test_what_nobody_can_price_needs_a_word_once(lab: Lab) -> None:
    """Refused without it; given once for a model and key, it holds in later clients."""
    async with lab.client(allow_unpriced=False) as client:
        with pytest.raises(Unpriced, match="--allow-unpriced"):
            await client.generate(IMAGE, "a boat")
        assert lab.sandbox.requests() == ()
        await client.generate(IMAGE, "a boat", allow_unpriced=True)
    async with lab.client(allow_unpriced=False) as client:
        job = await client.generate(IMAGE, "another boat")
        await job.wait()
        with pytest.raises(Unpriced):
            await client.generate("soul-character", "a boat")


@asynchronous
async def test_the_word_holds_for_one_key_only(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key, another account: it is asked for again."""
    async with lab.client() as client:
        await client.generate(IMAGE, "a boat")
    monkeypatch.setenv("MEDIAIO_API_KEY", "another-key-of-the-user")
    async with lab.client(allow_unpriced=False) as client:
        with pytest.raises(Unpriced):
            await client.generate(IMAGE, "a boat")


@asynchronous
async def test_a_cap_is_a_word_too(lab: Lab) -> None:
    """`max_credits` says what to set aside, and is not remembered as consent."""
    async with lab.client(allow_unpriced=False) as client:
        job = await client.generate(IMAGE, "a boat", max_credits=30)
        assert await client.moves(job) == [("reserve", 30, "assumed")]
        with pytest.raises(Unpriced):
            await client.generate(IMAGE, "a boat")


@asynchronous
async def test_a_price_above_the_cap_is_refused_before_anything(lab: Lab) -> None:
    """BudgetExceeded with both figures; nothing is stored or sent."""
    async with lab.client() as client:
        with pytest.raises(BudgetExceeded, match=r"20 credits.*at most 19"):
            await client.generate(VIDEO, "a boat", max_credits=19, **CLIP)
        assert await client.jobs() == []
        assert lab.posts() == 0


@asynchronous
async def test_a_preview_sends_nothing_and_is_the_request_itself(lab: Lab) -> None:
    """Method, URL, headers and body are those that generate then sends; the key is masked."""
    async with lab.client() as client:
        preview = await client.preview(VIDEO, "a boat", **CLIP)
        assert preview.ok
        assert lab.sandbox.requests() == ()
        assert await client.jobs() == []
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await job.wait_submitted()
        (sent,) = lab.sandbox.requests(action="create")
        assert (preview.method, preview.url) == (sent.method, sent.url)
        assert preview.body == msgspec.json.decode(sent.body)
        wire = {name.lower(): value for name, value in sent.headers}
        for name, value in preview.headers.items():
            if name not in ("Idempotency-Key", "key"):
                assert wire[name.lower()] == value
        assert {"idempotency-key", "x-max-credits", "key"} <= set(wire)
        assert {"Idempotency-Key", "X-Max-Credits", "key"} <= set(preview.headers)


@asynchronous
async def test_a_preview_of_a_wrong_request_says_all_that_is_wrong(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters, media and key at once; it raises nothing and sends nothing."""
    monkeypatch.delenv("AIVIDEO_API_KEY")
    async with lab.client() as client:
        preview = await client.preview(
            "aivideomaker/i2v-v3", "a cat", image=b"no picture", duration=7, colour="blue"
        )
        assert not preview.ok
        failed = {check.name for check in preview.checks if not check.ok}
        assert failed >= {"parameters", "media", "key"}
        assert {problem.parameter for problem in preview.problems} == {
            "image",
            "duration",
            "colour",
        }
        assert lab.sandbox.requests() == ()


@asynchronous
async def test_without_a_key_the_variable_and_the_page_are_named(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MissingCredential before anything is stored."""
    monkeypatch.delenv("MEDIAIO_API_KEY")
    async with lab.client() as client:
        with pytest.raises(MissingCredential, match="MEDIAIO_API_KEY") as caught:
            await client.generate(IMAGE, "a boat")
        assert "https://" in caught.value.next_step
        assert await client.jobs() == []


def request_for(model: Model) -> dict[str, Any]:
    """Give the least that a model takes."""
    given: dict[str, Any] = {}
    for param in model.params:
        if param.name == "prompt":
            given["prompt"] = "a boat"
        elif param.default is not None or not param.required:
            continue
        elif param.media is not None:
            address = PICTURE.replace(".png", ".mp4") if "video" in param.name else PICTURE
            given[param.name] = [address] if param.name.endswith("s") else address
        else:
            given[param.name] = param.choices[0] if param.choices else param.minimum
    return given


@pytest.mark.parametrize("model", load().models(), ids=lambda model: model.full_id)
@asynchronous
async def test_every_model_has_a_quote(lab: Lab, model: Model) -> None:
    """A figure with its source for each priced model, "unknown" for the others; never billed."""
    async with lab.client() as client:
        given = request_for(model)
        quote = await client.quote(model.full_id, **given)
        if model.provider == "mediaio":
            assert (quote.credits, quote.source) == (None, "unknown")
        else:
            assert quote.source == "provider"
            assert quote.credits
        assert lab.posts() == 0


@asynchronous
async def test_a_drifted_price_is_noted(lab: Lab) -> None:
    """The provider's word holds, and the difference to the table is said."""
    async with lab.client() as client:
        quote = await client.quote(VIDEO, "a boat", **CLIP)
        assert (quote.credits, quote.source, quote.note) == (20, "provider", "")
        lab.sandbox.set(quote_live=False)
        quote = await client.quote(VIDEO, "a boat", **CLIP)
        assert (quote.credits, quote.source) == (20, "table")


@asynchronous
async def test_a_wrong_request_has_no_quote(lab: Lab) -> None:
    """It raises like generate, and asks nobody."""
    async with lab.client() as client:
        with pytest.raises(InvalidPayload):
            await client.quote(VIDEO, "a boat", duration=7, aspect_ratio="16:9")
        assert lab.sandbox.requests() == ()


@asynchronous
async def test_the_balance_of_each_account(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row for each provider; one without a key says so and hides no other."""
    async with lab.client() as client:
        found = {one.provider: one for one in await client.credits()}
        assert {one.credits for one in found.values()} == {10_000}
        assert all(one.key.startswith("****") for one in found.values())
    monkeypatch.delenv("AIVIDEO_API_KEY")
    monkeypatch.setenv("MEDIAIO_API_KEY", "bad-key-of-the-user")
    async with lab.client() as client:
        found = {one.provider: one for one in await client.credits()}
        assert found["aivideomaker"].problem is not None
        assert found["aivideomaker"].problem["code"] == "MISSING_CREDENTIAL"
        assert found["mediaio"].problem is not None
        assert found["mediaio"].problem["code"] == "AUTH_FAILED"
        with pytest.raises(MissingCredential):
            await client.credits("aivideomaker")
