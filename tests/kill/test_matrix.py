"""Death at each point of a job's life, and what the next process makes of it.

Whatever the moment: at most one task is created and charged; a job that was accepted ends in its
file; nobody is told "uncertain" but for a death between the intent to send and its outcome.
"""

import asyncio
import hashlib
import itertools
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rushes.catalog import load
from rushes.client.aio import AsyncRushes
from rushes.client.job import AsyncJob
from rushes.engine.virtual import VirtualClock
from rushes.errors import SubmissionUncertain
from rushes.requests import to_wire
from rushes.sandbox import Sandbox, Settings
from rushes.store.protocol import Filter
from rushes.store.sqlite import SqliteStore

KEY = "key-of-the-kill-matrix"
PARTS = 4
"""The points are shared out among so many tests, which may run in parallel."""

IMAGE = {"model": "mediaio/imagen-4", "prompt": "a paper boat", "idempotency_key": "mine"}
VIDEO = {
    "model": "aivideomaker/t2v-v3",
    "prompt": "a paper boat",
    "duration": 5,
    "aspect_ratio": "16:9",
    "idempotency_key": "mine",
}
QUICK = Settings(queued_seconds=0.2, image_seconds=0.5, video_seconds=0.5, jitter=0.0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(QUICK) as sandbox:
        yield sandbox


class Mortals:
    """The process whose forks generate and die."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def died(self, **command: Any) -> bool:
        """Run a generation, and say whether it reached the point at which it was to die."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()
        answer: dict[str, bool] = json.loads(stdout.readline())
        return answer["died"]

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture
def mortals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mortals]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MEDIAIO_API_KEY", KEY)
    monkeypatch.setenv("AIVIDEO_API_KEY", KEY)
    mortals = Mortals(dict(os.environ))
    yield mortals
    mortals.close()


def begin(sandbox: Sandbox) -> int:
    """Make a new world in which the account has one older task; returns what that cost."""
    sandbox.reset()
    sandbox.freeze()
    model = load().model(str(VIDEO["model"]))
    values = {"prompt": "an older boat", "aspect_ratio": "16:9", "duration": 5}
    request = urllib.request.Request(
        sandbox.url + model.path,
        json.dumps(to_wire(model, values)).encode(),
        {"key": KEY, "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()
    sandbox.advance(60.0)
    return sandbox.charged()


def state_left(home: Path) -> str | None:
    """Read what the dead process left: the job's state, None where there is no job."""
    if not (home / "rushes.sqlite3").exists():
        return None

    async def read() -> str | None:
        store = SqliteStore(home / "rushes.sqlite3")
        await store.open()
        try:
            found = await store.jobs(Filter())
        finally:
            await store.close()
        return found[0].state if found else None

    return asyncio.run(read())


async def go_on(sandbox: Sandbox, home: Path, request: dict[str, Any]) -> tuple[AsyncJob, bool]:
    """Ask again under the same request id, to the end; returns whether it is known."""

    def advance(seconds: float) -> None:
        sandbox.advance(seconds)

    client = AsyncRushes(
        home=home,
        base_urls={"mediaio": sandbox.url, "aivideomaker": sandbox.url},
        allow_unpriced=True,
        clock=VirtualClock(on_advance=advance),
    )
    async with client, asyncio.timeout(30):
        job = await client.generate(output=home.parent / "out", **request)
        known = True
        try:
            await job.wait()
        except SubmissionUncertain:
            known = False
        entries = await client.session.store.entries(job.id)
        kinds = [entry.kind for entry in entries]
        assert kinds.count("reserve") <= 1
        assert kinds.count("charge") <= 1
        assert len(await client.jobs()) == 1
        return job, known


def judge(
    sandbox: Sandbox, home: Path, request: dict[str, Any], older: int, left: set[str | None]
) -> str:
    """Let the next process go on, and check all that was promised; returns how it ended.

    `left` are the states in which the job was found after each death.
    """
    job, known = asyncio.run(go_on(sandbox, home, request))
    provider = str(request["model"]).partition("/")[0]
    creates = sandbox.creates(provider=provider) - (1 if provider == "aivideomaker" else 0)
    posts = len(sandbox.requests(provider=provider, action="create"))
    if not known:
        assert provider == "mediaio"
        assert "submitting" in left
        assert creates <= posts <= 1
        return "uncertain"
    assert job.status == "succeeded"
    assert creates == 1
    assert posts <= (1 if provider == "mediaio" else 3)
    if job.credits.charged is not None:
        assert job.credits.charged == sandbox.charged() - older
    (output,) = job.outputs
    assert hashlib.sha256(output.path.read_bytes()).hexdigest() == output.sha256
    assert len(list((home.parent / "out").iterdir())) == 1
    assert list(home.parent.rglob("*.part")) == []
    objects = [path for path in (home / "archive" / "objects").rglob("*") if path.is_file()]
    assert len(objects) == 1
    return "succeeded"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("request_", [IMAGE, VIDEO], ids=["mediaio-image", "aivideomaker-video"])
def test_death_at_any_point_costs_at_most_one_charge_and_loses_nothing(
    sandbox: Sandbox, mortals: Mortals, tmp_path: Path, request_: dict[str, Any], part: int
) -> None:
    """Killed at every PARTS-th point from `part` on, until a run comes through alive."""
    ends = []
    for point in itertools.count(part + 1, PARTS):
        home = tmp_path / str(point) / "home"
        older = begin(sandbox)
        died = mortals.died(url=sandbox.url, home=str(home), request=request_, die_at=point)
        if not died:
            break
        try:
            ends.append(judge(sandbox, home, request_, older, {state_left(home)}))
        except BaseException as error:
            error.add_note(f"killed at point {point}")
            raise
    assert len(ends) > 10
    assert "succeeded" in ends


@pytest.mark.parametrize("second", [3, 8, 14, 21])
@pytest.mark.parametrize("request_", [IMAGE, VIDEO], ids=["mediaio-image", "aivideomaker-video"])
def test_death_of_the_one_who_goes_on_changes_nothing_of_that(
    sandbox: Sandbox, mortals: Mortals, tmp_path: Path, request_: dict[str, Any], second: int
) -> None:
    """Killed, taken over, killed again, and taken over again."""
    for first in range(9, 55, 7):
        home = tmp_path / str(first) / "home"
        older = begin(sandbox)
        left = set()
        for point in (first, second):
            mortals.died(url=sandbox.url, home=str(home), request=request_, die_at=point)
            left.add(state_left(home))
        try:
            judge(sandbox, home, request_, older, left)
        except BaseException as error:
            error.add_note(f"killed at point {first}, then at point {second}")
            raise


def test_a_run_that_is_not_killed_creates_once(
    sandbox: Sandbox, mortals: Mortals, tmp_path: Path
) -> None:
    """The child's own run is a whole one: the matrix kills what would have succeeded."""
    older = begin(sandbox)
    home = tmp_path / "home"
    assert not mortals.died(url=sandbox.url, home=str(home), request=IMAGE, die_at=0)
    assert state_left(home) == "succeeded"
    assert judge(sandbox, home, IMAGE, older, set()) == "succeeded"
    assert msgspec.json.decode(next((home / "archive").rglob("job.json")).read_bytes())["id"]
