import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rushes.cli.notice import peek
from rushes.store.protocol import Filter

from .conftest import IMAGE, KEY, VIDEO, Commands


def _until(there: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Wait for a fact in another process; a process that has ended will not bring it."""
    ends = time.monotonic() + 30
    while not there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends
        time.sleep(0.01)


def _states() -> list[str]:
    return [job.state for job in peek(Path(os.environ["RUSHES_HOME"]), Filter())]


def _end(process: "subprocess.Popen[str]", *signals: int) -> tuple[int, str, str]:
    for one in signals:
        process.send_signal(one)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_during_the_wait_it_detaches(rushes: Commands, which: int) -> None:
    """The job goes on, the command says how to wait on, and another process gets the file."""
    rushes.sandbox.set(image_seconds=3.0, jitter=0.0)
    process = rushes.start(*IMAGE, "--json")
    _until(lambda: "running" in _states(), process)
    code, out, err = _end(process, which)
    job = json.loads(out)
    assert (code, job["status"]) == (130, "running")
    assert f"Wait for it: rushes jobs wait {job['id']}" in err
    rushes.sandbox.advance(10)
    done = rushes.installed("jobs", "wait", job["id"], "--json")
    assert (done.code, done.json["status"]) == (0, "succeeded")
    assert rushes.sandbox.creates(KEY) == 1


def test_during_the_create_its_answer_is_waited_for(rushes: Commands) -> None:
    """The answer that was on its way is on record when the command has ended."""
    rushes.sandbox.fault("create:slow:seconds=0.5")
    rushes.sandbox.set(video_seconds=60.0)
    process = rushes.start(*VIDEO)
    _until(lambda: "submitting" in _states(), process)
    code, out, err = _end(process, signal.SIGINT)
    assert (code, out) == (130, "")
    assert "Waiting for the answer to the create" in err
    assert "goes on at aivideomaker" in err
    assert rushes.sandbox.creates(KEY) == 1
    (job,) = rushes("jobs", "--json").json
    assert job["status"] == "running"
    assert job["task_id"]


def test_second_signal_explains_itself(rushes: Commands) -> None:
    """A second Ctrl-C while the answer is waited for says what a third would do."""
    rushes.sandbox.fault("create:slow:seconds=1")
    process = rushes.start(*VIDEO)
    _until(lambda: "submitting" in _states(), process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = ""
    while "Waiting for the answer" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    code, _, err = _end(process, signal.SIGINT)
    assert code == 130
    assert "Once more leaves at once" in err
    assert rushes("jobs", "--json").json[0]["task_id"]


def test_several_waits_detach_as_a_list(rushes: Commands) -> None:
    """With several jobs, stdout is one list even when the wait is cut short."""
    rushes.sandbox.set(image_seconds=60.0)
    ids = [rushes(*IMAGE, "--no-wait", "--json").json["id"] for _ in range(2)]
    process = rushes.start("jobs", "wait", *ids, "--json")
    _until(lambda: rushes.sandbox.requests(action="query"), process)
    code, out, err = _end(process, signal.SIGINT)
    assert code == 130
    assert [job["id"] for job in json.loads(out)] == ids
    assert all(f"rushes jobs wait {one}" in err for one in ids)
