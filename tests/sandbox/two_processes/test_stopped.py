"""A process stops while it holds jobs, others go on, and then it wakes up; in real time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rushes.sandbox import Sandbox
from rushes.store.job import Job

from .conftest import KEY, Process, jobs_of

PICTURE = {"model": "mediaio/imagen-4", "prompt": "a paper boat"}
VIDEO = {
    "model": "aivideomaker/t2v-v3",
    "prompt": "a paper boat",
    "duration": 5,
    "aspect_ratio": "16:9",
}
TAKEN_UP_WITHIN = 30.0
STOPS = ("watch", "before-check", "before-send", "before-record")


def wait_until(home: Path, condition: Callable[[Job], bool], seconds: float) -> None:
    """Wait until all jobs are so."""
    give_up = time.monotonic() + seconds
    while not all(condition(job) for job in jobs_of(home)):
        if time.monotonic() > give_up:
            pytest.fail(str([(job.request_id, job.state, job.error) for job in jobs_of(home)]))
        time.sleep(0.1)


def test_who_stops_is_gone_on_without_and_never_creates_twice(
    sandbox: Sandbox, start: Callable[..., Process], tmp_path: Path
) -> None:
    """Stopped while watching and around the send: others go on as far as evidence allows.

    The watched jobs end elsewhere within 30 seconds, and so does the one whose task its provider
    lists. The others end when their senders wake up. Each has had one create.
    """
    home = tmp_path / "home"
    stopped = [
        start(way, request=asked(way, request), name=f"{way} {request['model']}")
        for way in STOPS
        for request in (PICTURE, VIDEO)
    ]
    for process in stopped:
        process.until_stopped()
    since = time.monotonic()
    worker = start("work", seconds=60.0, name="worker")

    def is_gone_on_with(job: Job) -> bool:
        way, _, model = str(job.request_id).partition(" ")
        if way == "watch" or (way, model) == ("before-record", VIDEO["model"]):
            return job.state == "succeeded"
        return job.state == "uncertain"

    wait_until(home, is_gone_on_with, TAKEN_UP_WITHIN)
    print(f"taken up and ended after {time.monotonic() - since:.1f} s")  # noqa: T201
    assert sandbox.creates(KEY) == 4, "those that were sent: nobody has sent anything again"
    for process in stopped:
        process.wake()
    wait_until(home, lambda job: job.state == "succeeded", 20.0)
    (home / "enough").touch()
    for process in [*stopped, worker]:
        process.result()
    jobs = jobs_of(home)
    assert len(jobs) == sandbox.creates(KEY) == len(stopped)
    assert {one.task for one in sandbox.charges(KEY)} == {job.task_id for job in jobs}


def asked(way: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return a request that is this stop's alone."""
    name = f"{way} {request['model']}"
    return request | {"prompt": f"a paper boat, {way}", "idempotency_key": name}
