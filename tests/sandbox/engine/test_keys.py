"""Several keys of one provider: which one a job gets, that it stays with it, and keys that go."""

from pathlib import Path
from typing import Any

import pytest

from rushes.client.missing import missing
from rushes.engine import keyring
from rushes.errors import MissingCredential

from .lab import VIDEO, Client, Lab, asynchronous

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}
PROVIDER = "aivideomaker"
COST = 20
HOME, WORK, NEW = "home-key-55d2c1aa97", "work-key-77f0e4bb31", "new-key-90ab12cd55"
KEYS = (HOME, WORK, NEW)


@pytest.fixture(autouse=True)
def _only_stored(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIVIDEO_API_KEY")


def store(lab: Lab, **keys: str | None) -> None:
    config = lab.client().config
    for name, secret in keys.items():
        config.store_key(PROVIDER, secret, name)


def creates(lab: Lab) -> dict[str, int]:
    """How many tasks each key has created."""
    return {key: lab.sandbox.creates(key) for key in KEYS if lab.sandbox.creates(key)}


def seen(lab: Lab, action: str) -> int:
    return len(lab.sandbox.requests(action=action))


@asynchronous
async def test_a_job_stays_with_its_key(lab: Lab) -> None:
    """By name in one process, taken up by another: each is asked for with its own key."""
    store(lab, default=HOME, work=WORK)
    async with lab.client() as client:
        jobs = [
            await client.generate(VIDEO, "a boat", key=key, **CLIP)
            for key in ("work", "default", "work")
        ]
        for job in jobs:
            await job.wait_submitted()
        ids = [job.id for job in jobs]
        assert len({(await client.stored(job)).credential for job in jobs}) == 2
    assert creates(lab) == {HOME: 1, WORK: 2}
    async with lab.client() as client:
        for job_id in ids:
            assert (await (await client.job(job_id)).wait()).status == "succeeded"
        rows = await client.spend(by="credential")
        assert {row.key: row.charged for row in rows} == {"default": COST, "work": 2 * COST}
        assert [one.name for one in await client.credits(PROVIDER)] == ["default", "work"]
    assert creates(lab) == {HOME: 1, WORK: 2}


@asynchronous
async def test_the_setting_names_the_key(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a word of the request wins over it; the environment's key has a name too."""
    store(lab, default=HOME, work=WORK)
    monkeypatch.setenv("AIVIDEO_API_KEY", NEW)
    monkeypatch.setenv("RUSHES_AIVIDEOMAKER_KEY_NAME", "work")
    async with lab.client() as client:
        for key in (None, "default", "environment"):
            await (await client.generate(VIDEO, "a boat", key=key, **CLIP)).wait_submitted()
    assert creates(lab) == {WORK: 1, HOME: 1, NEW: 1}


@asynchronous
async def test_the_environment_comes_first(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is stored, and without a look at balances."""
    store(lab, default=HOME, work=WORK)
    monkeypatch.setenv("AIVIDEO_API_KEY", NEW)
    async with lab.client() as client:
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait_submitted()
    assert creates(lab) == {NEW: 1}
    assert seen(lab, "balance") == 0


@asynchronous
async def test_a_name_that_there_is_not(lab: Lab) -> None:
    """Refused before anything is stored; it says which there are, and not what was given."""
    store(lab, default=HOME)
    async with lab.client() as client:
        with pytest.raises(MissingCredential, match="it has default") as caught:
            await client.generate(VIDEO, "a boat", key="a-key-in-the-wrong-place", **CLIP)
        assert "wrong-place" not in str(caught.value)
        assert await client.jobs() == []


@asynchronous
async def test_the_balance_decides(lab: Lab) -> None:
    """The most credits; asked at most once a minute, and never where there is one key only."""
    store(lab, default=HOME)
    async with lab.client() as client:
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait_submitted()
        assert seen(lab, "balance") == 0
        store(lab, work=WORK)
        lab.sandbox.add_credits(WORK, 500)
        for _ in range(3):
            await client.generate(VIDEO, "a boat", **CLIP)
        assert seen(lab, "balance") == 2
        for job in await client.jobs():
            await job.wait()
        assert creates(lab) == {HOME: 1, WORK: 3}
        lab.sandbox.add_credits(HOME, 5_000)
        client.leap(61.0)
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait()
        assert creates(lab) == {HOME: 2, WORK: 3}


@asynchronous
async def test_a_refused_key_is_passed_over(lab: Lab) -> None:
    """From its refusal on, for ten minutes and in every process; a named one is tried still."""
    store(lab, default="bad-key-of-the-user-1", work=WORK)
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a boat", key="default", **CLIP)
        await client.until(job, lambda record: record.ended)
        assert job.error is not None
        assert job.error.code == "AUTH_FAILED"
    async with lab.client() as client:
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait_submitted()
        assert seen(lab, "balance") == 1
        client.leap(601.0)
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait_submitted()
        assert seen(lab, "balance") == 3
    assert creates(lab) == {WORK: 2}


@asynchronous
async def test_a_key_without_enough_credits_is_passed_over(lab: Lab) -> None:
    """Where no key has enough, the provider has the last word."""
    store(lab, default="empty-key-of-the-user", work=WORK)
    async with lab.client() as client:
        await (await client.generate(VIDEO, "a boat", **CLIP)).wait_submitted()
    assert creates(lab) == {WORK: 1}
    store(lab, work="empty-key-of-the-user-2")
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await client.until(job, lambda record: record.ended)
        assert job.error is not None
        assert job.error.code == "INSUFFICIENT_CREDITS"


@asynchronous
async def test_a_preview_asks_nobody(lab: Lab) -> None:
    """Not even for balances."""
    store(lab, default=HOME, work=WORK)
    async with lab.client() as client:
        assert (await client.preview(VIDEO, "a boat", **CLIP)).ok
    assert lab.sandbox.requests() == ()


async def rotated(lab: Lab, client: Client) -> None:
    """Let another process rotate the key while this one works."""
    assert client.config.keys.rotate(PROVIDER, "default", NEW) == "default (old 1)"


@asynchronous
async def test_rotate_with_a_job_under_way(lab: Lab) -> None:
    """The old key for the old job's queries, the new one for new jobs; then the old is dropped."""
    store(lab, default=HOME)
    async with lab.client() as client:
        old = await client.generate(VIDEO, "a boat", **CLIP)
        await old.wait_submitted()
        await rotated(lab, client)
        new = await client.generate(VIDEO, "a kite", **CLIP)
        await new.wait_submitted()
        assert creates(lab) == {HOME: 1, NEW: 1}
        assert await keyring.drop_retired(client.session.house) == 0
        assert (await old.wait()).status == "succeeded"
        assert (await new.wait()).status == "succeeded"
    assert client.config.stored_keys() == {PROVIDER: {"default": NEW}}
    assert creates(lab) == {HOME: 1, NEW: 1}


@asynchronous
async def test_a_retired_key_is_found_by_a_later_process(lab: Lab) -> None:
    """It works for its jobs, is dropped while the process goes on, and is never used anew."""
    store(lab, default=HOME)
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await job.wait_submitted()
        await rotated(lab, client)
    assert list(client.config.stored_keys()[PROVIDER]) == ["default", "default (old 1)"]
    async with lab.client() as client:
        assert (await (await client.job(job.id)).wait()).status == "succeeded"
        client.leap(keyring.LOOK_EVERY)
        other = await client.generate(VIDEO, "a kite", **CLIP)
        assert (await other.wait()).status == "succeeded"
        await client.session.clock.sleep(2 * keyring.LOOK_EVERY)
        assert client.config.stored_keys() == {PROVIDER: {"default": NEW}}
    assert creates(lab) == {HOME: 1, NEW: 1}


@asynchronous
async def test_a_job_waits_for_a_removed_key(lab: Lab) -> None:
    """Nobody asks for it meanwhile, its deadline waits too, and it ends when the key is back."""
    lab.sandbox.set(video_seconds=4_500.0)
    store(lab, default=HOME)
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await job.wait_submitted()
        await client.session.clock.sleep(60.0)
        store(lab, default=None)
        before = await client.until(job, lambda record: record.owner is None)
        looks = seen(lab, "query") + seen(lab, "list")
        assert looks
        client.leap(4_000.0)
        await client.session.clock.sleep(60.0)
        assert seen(lab, "query") + seen(lab, "list") == looks
        assert (await client.stored(job)).state == "running"
        store(lab, again=HOME)
        assert (await job.wait()).status == "succeeded"
        after = await client.stored(job)
        assert before.deadline_at is not None
        assert after.deadline_at is not None
        assert 4_050.0 < after.deadline_at - before.deadline_at < 4_100.0
        kinds = await client.kinds(job)
        assert kinds.count("deadline-moved") == 1
        assert "timed_out" not in kinds
    assert creates(lab) == {HOME: 1}


@asynchronous
async def test_a_queued_job_waits_for_a_removed_key(lab: Lab) -> None:
    """It is sent with that key when it is back, and with no other."""
    store(lab, default=HOME, work=WORK)
    async with lab.client() as client:
        lab.sandbox.fault("create:status:status=429:retry_after=60:times=1")
        job = await client.generate(VIDEO, "a boat", key="default", **CLIP)
        await client.until(job, lambda record: record.state == "queued" and record.attempt == 1)
        store(lab, default=None)
        await client.until(job, lambda record: record.owner is None)
        assert "is not here" in str(client.trouble(job.id))
        assert creates(lab) == {}
        store(lab, default=HOME)
        assert (await job.wait()).status == "succeeded"
    assert creates(lab) == {HOME: 1}


@asynchronous
async def test_a_job_waits_for_a_key_of_the_environment(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without it says so, and from then on the deadline waits: moved once."""
    lab.sandbox.set(video_seconds=4_500.0)
    monkeypatch.setenv("AIVIDEO_API_KEY", NEW)
    clock = lab.clock()
    async with lab.client(clock=clock) as client:
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await job.wait_submitted()
        assert await missing(client.session, [await client.stored(job)]) == {}
        before = await client.stored(job)
    monkeypatch.delenv("AIVIDEO_API_KEY")
    store(lab, default=HOME)
    async with lab.client(clock=clock) as client:
        for _ in range(2):
            error = (await missing(client.session, [await client.stored(job)]))[job.id]
            assert error.code == "MISSING_CREDENTIAL"
            assert "AIVIDEO_API_KEY" in error.next_step
            client.leap(2_000.0)
    monkeypatch.setenv("AIVIDEO_API_KEY", NEW)
    for _ in range(2):
        async with lab.client(clock=clock) as client:
            (job,) = await client.resume(job.id)
            await client.until(job, lambda record: record.owner is not None)
    async with lab.client(clock=clock) as client:
        job = await client.job(job.id)
        assert (await job.wait()).status == "succeeded"
        after = await client.stored(job)
        assert before.deadline_at is not None
        assert after.deadline_at is not None
        assert 4_000.0 <= after.deadline_at - before.deadline_at < 4_010.0
        assert (await client.kinds(job)).count("deadline-moved") == 1
    assert creates(lab) == {NEW: 1}


@asynchronous
async def test_a_task_is_adopted_under_the_key_that_knows_it(lab: Lab) -> None:
    """Each key is asked for it."""
    store(lab, default=HOME, work=WORK)
    async with lab.client(home=lab.home.parent / "other") as other:
        other.config.store_key(PROVIDER, WORK)
        made = await other.generate(VIDEO, "a boat", **CLIP)
        await made.wait_submitted()
    async with lab.client() as client:
        job = await client.adopt(PROVIDER, str(made.task_id))
        assert (await job.wait()).status == "succeeded"
        assert [row.key for row in await client.spend(by="credential")] == ["work"]


@asynchronous
async def test_no_key_leaves_the_keys_file(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the store, the archive, or a log, whichever of several is used."""
    caplog.set_level("DEBUG")
    store(lab, default=HOME, work=WORK)
    async with lab.client() as client:
        await (await client.generate(VIDEO, "a boat", key="work", **CLIP)).wait()
        await rotated(lab, client)
        await (await client.generate(VIDEO, "a boat", key="default", **CLIP)).wait()
    files: list[Path] = [path for path in lab.home.rglob("*") if path.is_file()]
    for key in KEYS:
        assert key not in caplog.text
        holders = [path.name for path in files if key.encode() in path.read_bytes()]
        assert holders == ([] if key == HOME else ["keys.json"])
