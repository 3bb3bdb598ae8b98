"""Every way in which a create can end, as a real socket event: how often it is sent and charged."""

import itertools
import socket
from typing import Any

import pytest

from rushes.engine import submit
from rushes.engine.transport import Transport
from rushes.errors import SubmissionUncertain, error_class

from .lab import IMAGE, KEY, VIDEO, Client, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}

LOST = {
    "drop-answer": 1,
    "reset-answer": 1,
    "drop-request": 0,
    "reset-request": 0,
    "reset-early": 0,
    "not-json": 1,
    "html": 1,
    "empty": 1,
    "truncate": 1,
    "no-task-id": 1,
    "unknown-code": 0,
    "status:status=500": 0,
    "status:status=502:body=html": 0,
    "status:status=503:retry_after=1": 0,
    "status:status=500:processed=true": 1,
    "status:status=504:processed=true:body=empty": 1,
    "status:status=408": 0,
    "status:status=409": 0,
    "status:status=418": 0,
    "redirect:location=/api/v1/tasks": 0,
}
"""What nobody can read as an outcome, and how many tasks it leaves."""


async def ask(client: Client, model: str, **given: Any) -> Any:
    return await client.generate(
        model, "a paper boat", max_credits=100, **(CLIP if model == VIDEO else {}), **given
    )


@pytest.mark.parametrize(("effect", "tasks"), LOST.items(), ids=list(LOST))
@asynchronous
async def test_a_lost_answer_of_mediaio_waits_for_a_person(
    lab: Lab, effect: str, tasks: int
) -> None:
    """Sent once, never again; the reservation is held, and wait says that nobody knows."""
    lab.sandbox.fault(f"create:{effect}")
    async with lab.client() as client:
        job = await ask(client, IMAGE)
        with pytest.raises(SubmissionUncertain) as caught:
            await job.wait()
        assert caught.value.billed == "unknown"
        assert KEY not in str(caught.value)
        assert job.needs_decision
        assert (lab.posts(), lab.sandbox.creates()) == (1, tasks)
        assert await client.moves(job) == [("reserve", 100, "assumed")]
        assert job.credits.reserved == 100
        (submission,) = await client.submissions(job)
        assert (submission.outcome, submission.task_id) == ("uncertain", None)
    async with lab.client() as later:
        await later.resume()
        await later.session.clock.sleep(30.0)
        assert (lab.posts(), lab.sandbox.creates()) == (1, tasks)


@asynchronous
async def test_an_answer_that_never_comes_is_waited_for_only_so_long(lab: Lab) -> None:
    """The time-out of the answer is uncertain too."""
    lab.sandbox.fault("create:slow:seconds=2")
    clock = lab.clock()
    transport = Transport(read_seconds=0.2, hold=clock.hold, clock=clock.now)
    async with lab.client(clock=clock, seams={"transport": transport}) as client:
        job = await ask(client, IMAGE)
        with pytest.raises(SubmissionUncertain, match="in time"):
            await job.wait()
        assert lab.posts() == 1


@pytest.mark.parametrize("retry_after", [None, 0, 7, 90])
@pytest.mark.parametrize("model", [IMAGE, VIDEO])
@asynchronous
async def test_too_many_requests_is_sent_again_after_the_wait_under_the_same_key(
    lab: Lab, model: str, retry_after: int | None
) -> None:
    """Queued meanwhile, not before Retry-After; one task and one charge in the end."""
    said = "" if retry_after is None else f":retry_after={retry_after}"
    lab.sandbox.fault(f"create:status:status=429{said}:times=2")
    async with lab.client() as client:
        job = await ask(client, model)
        await job.wait()
        assert is_whole(job)
        assert (lab.posts(), lab.sandbox.creates()) == (3, 1)
        sent = lab.sandbox.requests(action="create")
        keys = {dict(entry.headers).get("Idempotency-Key") for entry in sent}
        assert len(keys) == 1
        assert (keys == {None}) == (model == IMAGE)
        assert len({entry.body for entry in sent}) == 1
        gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(sent)]
        assert min(gaps) > (retry_after or 0.4) - 0.01
        assert [one.outcome for one in await client.submissions(job)] == [
            "not-created",
            "not-created",
            "created",
        ]
        kinds = [kind for kind, _, _ in await client.moves(job)]
        assert kinds.count("reserve") == 1
        assert kinds.count("charge") <= 1


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.localhost"])
@asynchronous
async def test_a_provider_out_of_reach_is_tried_a_few_times_and_costs_nothing(
    lab: Lab, host: str
) -> None:
    """The connection was never made: queued, then failed; what was set aside is released."""
    scheme = "http" if host == "127.0.0.1" else "https"
    async with lab.client(url=f"{scheme}://{host}:{closed_port()}") as client:
        job = await ask(client, IMAGE)
        with pytest.raises(error_class("NETWORK_ERROR")) as caught:
            await job.wait()
        assert caught.value.billed == "no"
        assert job.status == "failed"
        kinds = [kind for kind, _, _ in await client.moves(job)]
        assert kinds == ["reserve", "release"]
        assert 3 <= len(await client.submissions(job)) <= 10
        assert lab.sandbox.requests() == ()


REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "bad key": (IMAGE, {"key": "bad-key-for-tests"}, "AUTH_FAILED"),
    "bad key, other": (VIDEO, {"key": "bad-key-for-tests"}, "AUTH_FAILED"),
    "no credits": (IMAGE, {"key": "empty-key-for-tests"}, "INSUFFICIENT_CREDITS"),
    "no credits, other": (VIDEO, {"key": "empty-key-for-tests"}, "INSUFFICIENT_CREDITS"),
    "content": (VIDEO, {"fault": "create:refuse-content"}, "CONTENT_REFUSED"),
}


@pytest.mark.parametrize(("model", "how", "code"), REFUSALS.values(), ids=list(REFUSALS))
@asynchronous
async def test_a_documented_refusal_ends_the_job_and_costs_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, model: str, how: dict[str, Any], code: str
) -> None:
    """Sent once; failed with the stable code, not billed, and the reservation is released."""
    if "fault" in how:
        lab.sandbox.fault(how["fault"])
    if "key" in how:
        monkeypatch.setenv("MEDIAIO_API_KEY", how["key"])
        monkeypatch.setenv("AIVIDEO_API_KEY", how["key"])
    async with lab.client() as client:
        job = await ask(client, model)
        with pytest.raises(error_class(code)) as caught:
            await job.wait()
        assert caught.value.billed == "no"
        assert caught.value.next_step
        assert job.status == "failed"
        assert (lab.posts(), lab.sandbox.creates()) == (1, 0)
        assert [kind for kind, _, _ in await client.moves(job)] == ["reserve", "release"]
        assert job.credits.reserved == 0


@asynchronous
async def test_a_cap_of_the_provider_below_the_price_costs_nothing(lab: Lab) -> None:
    """The price has drifted above what the user allowed: the provider's own cap refuses it."""
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a paper boat", max_credits=20, **CLIP)
        await job.wait()
        (sent,) = lab.sandbox.requests(action="create")
        assert dict(sent.headers)["X-Max-Credits"] == "20"
        roomy = await client.generate(VIDEO, "a paper boat", max_credits=60, **CLIP)
        await roomy.wait_submitted()
        assert dict(lab.sandbox.requests(action="create")[1].headers)["X-Max-Credits"] == "60"
        plain = await client.generate(VIDEO, "a paper boat", **CLIP)
        await plain.wait_submitted()
        assert dict(lab.sandbox.requests(action="create")[2].headers)["X-Max-Credits"] == "20"


@asynchronous
async def test_a_key_that_no_header_can_carry_ends_the_job_unsent(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails at once, saying so; it is neither left submitting nor called uncertain."""
    monkeypatch.setenv("MEDIAIO_API_KEY", "caf\u00e9-and-a\ttab-in-a-key")
    async with lab.client() as client:
        job = await ask(client, IMAGE)
        with pytest.raises(Exception, match="header") as caught:
            await job.wait()
        assert "tab-in-a-key" not in str(caught.value)
        assert job.status == "failed"
        assert [kind for kind, _, _ in await client.moves(job)] == ["reserve", "release"]
        assert lab.sandbox.requests() == ()


@asynchronous
async def test_a_fault_of_ours_after_the_send_leaves_the_job_uncertain(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sent again nor stuck: whoever looks is told that nobody knows."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(submit, "record", broken)
    async with lab.client() as client:
        job = await ask(client, IMAGE)
        with pytest.raises(SubmissionUncertain):
            await job.wait()
        assert lab.posts() == 1
        assert job.credits.reserved == 100
