import os
import sys
import time
from pathlib import Path

import pytest

from .conftest import IMAGE, KEY, VIDEO, Commands


def test_list_and_filters(rushes: Commands) -> None:
    """Newest first, with filters; the table has id, status, model, age, credits and prompt."""
    assert rushes("jobs").err.startswith("No jobs.")
    image = rushes(*IMAGE, "--json").json["id"]
    video = rushes(*VIDEO, "--json").json["id"]
    rushes.sandbox.fault("create:never-ends")
    open_ = rushes(*IMAGE, "--no-wait", "--json").json["id"]

    def ids(*more: str) -> list[str]:
        return [job["id"] for job in rushes("jobs", *more, "--json").json]

    assert ids() == [open_, video, image]
    assert ids("--limit", "1") == [open_]
    assert ids("--status", "succeeded") == [video, image]
    assert ids("--provider", "aivideomaker") == [video]
    assert ids("--model", "imagen 4") == [open_, image]
    assert ids("--unfinished") == [open_]
    head, *rows = rushes("jobs").out.splitlines()
    assert head.split() == ["job", "status", "model", "age", "credits", "prompt"]
    assert rows[1].split()[:3] == [video, "succeeded", "aivideomaker/t2v-v3"]


def test_show_tells_everything(rushes: Commands) -> None:
    """What was sent when, what came back, money, events, files; all of it in --json too."""
    job = rushes(*VIDEO, "--request-id", "mine", "--json").json
    text = rushes("jobs", "show", "last").out
    for part in (
        job["id"],
        job["task_id"],
        "request id  mine",
        "/api/v1/generate/t2v_v3",
        '"aspectRatio":"16:9"',
        "created, task",
        "reserve",
        "charge",
        job["outputs"][0]["sha256"],
    ):
        assert part in text
    shown = rushes("jobs", "show", job["id"], "--json").json
    (sent,) = shown["submissions"]
    assert sent["body"] == {"prompt": "a paper boat", "aspectRatio": "16:9", "duration": "5"}
    assert sent["outcome"] == "created"
    assert [entry["kind"] for entry in shown["ledger"]] == ["reserve", "charge"]
    assert [event["kind"] for event in shown["events"]][:3] == ["queued", "submitting", "running"]
    assert KEY not in {value for _, value in sent["headers"]}


def test_jobs_are_found_by_a_part(rushes: Commands) -> None:
    """The end of an id finds the job; a part that fits none, or a word that is none, does not."""
    job = rushes(*IMAGE, "--no-wait", "--json").json["id"]
    assert rushes("jobs", "show", job[-5:], "--json").json["id"] == job
    assert rushes("jobs", "show", "uuuu", "--json").json["error"]["code"] == "JOB_NOT_FOUND"


def test_last_of_none(rushes: Commands) -> None:
    """`last` of no job at all is an error that says what to do."""
    done = rushes("jobs", "wait", "last")
    assert (done.code, done.err.splitlines()[-1]) == (2, "Ask for one: rushes generate")


def test_wait_for_several(rushes: Commands) -> None:
    """Several jobs: a list, and the exit code of the first that failed."""
    good = rushes(*IMAGE, "--no-wait", "--json").json["id"]
    rushes.sandbox.fault("create:fail:times=1")
    bad = rushes(*VIDEO, "--no-wait", "--json").json["id"]
    done = rushes("jobs", "wait", good, bad, "--json")
    assert done.code == 1
    assert [job["status"] for job in done.json] == ["succeeded", "failed"]
    assert f"{good}  " in done.err


def test_resume_takes_up_everything(rushes: Commands) -> None:
    """What was left behind is waited for, and its files printed; then nothing is left."""
    for _ in range(2):
        assert rushes(*IMAGE, "--no-wait", "-q").code == 0
    done = rushes.installed("jobs", "resume")
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    assert rushes("jobs", "resume", "--json").json == []


def test_resume_fetches_a_bad_file_again(rushes: Commands) -> None:
    """A job that failed on its output is fetched once more when it is named."""
    rushes.sandbox.fault("download:corrupt")
    job = rushes(*IMAGE, "--json").json
    assert job["error"]["code"] == "OUTPUT_INVALID"
    rushes.sandbox.clear_faults()
    done = rushes("jobs", "resume", job["id"], "--json")
    assert (done.code, done.json["status"]) == (0, "succeeded")
    assert rushes.sandbox.creates(KEY) == 1


def test_resume_names_what_needs_a_decision(rushes: Commands) -> None:
    """An uncertain job is not waited for when all are resumed, but named; alone it is 3."""
    rushes.sandbox.fault("create:drop-answer:times=1")
    job = rushes(*IMAGE, "--json").json["id"]
    everything = rushes("jobs", "resume", "--json")
    assert (everything.code, everything.json) == (0, [])
    assert f"Job {job} is uncertain" in everything.err
    assert rushes("jobs", "resume", job).code == 3


def test_cancel(rushes: Commands) -> None:
    """Where the provider cancels, the job ends as canceled, and waiting for it is 1."""
    rushes.sandbox.set(queued_seconds=60.0)
    job = rushes(*VIDEO, "--no-wait", "--json").json["id"]
    assert rushes("jobs", "cancel", job, "--json").code == 0
    done = rushes("jobs", "wait", job, "--json")
    assert (done.code, done.json["status"]) == (1, "canceled")


def test_cancel_where_nobody_can(rushes: Commands) -> None:
    """Media.io never cancels: 6, the job goes on to its file."""
    rushes.sandbox.set(image_seconds=1.0)
    job = rushes(*IMAGE, "--no-wait", "--json").json["id"]
    done = rushes("jobs", "cancel", job, "--json")
    assert (done.code, done.json["error"]["code"]) == (6, "NOT_CANCELABLE")
    rushes.sandbox.advance(5)
    assert rushes("jobs", "wait", job).code == 0


def test_open_prints(rushes: Commands) -> None:
    """--print prints each file's path; a job without a file says so: 1."""
    path = rushes(*IMAGE, "--json").json["outputs"][0]["path"]
    assert rushes("jobs", "open", "last", "--print").out == f"{path}\n"
    rushes.sandbox.fault("create:fail")
    rushes(*VIDEO, "--json")
    done = rushes("jobs", "open", "last")
    assert (done.code, "has no file here" in done.err) == (1, True)


def test_open_starts_the_platforms_program(rushes: Commands, tmp_path: Path) -> None:
    """The first file is handed to the platform's opener."""
    programs = tmp_path / "programs"
    programs.mkdir()
    told = tmp_path / "opened"
    opener = programs / ("open" if sys.platform == "darwin" else "xdg-open")
    opener.write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    opener.chmod(0o755)
    path = rushes(*IMAGE, "--json").json["outputs"][0]["path"]
    search = f"{programs}:{os.environ['PATH']}"
    assert rushes.installed("jobs", "open", "last", PATH=search).code == 0
    for _ in range(1000):
        if told.exists() and told.read_text():
            break
        time.sleep(0.01)
    assert told.read_text() == f"{path}\n"


def test_adopt(rushes: Commands, tmp_path: Path) -> None:
    """A task that another tool created is fetched; nothing is created."""
    task = rushes(*VIDEO, "--no-wait", "--json").json["task_id"]
    elsewhere = str(tmp_path / "other-home")
    done = rushes(
        "jobs", "adopt", "aivideomaker", task, "--home", elsewhere, "-o", "films", "--json"
    )
    assert done.code == 0, done.err
    assert Path(done.json["outputs"][0]["path"]).parent == Path("films").absolute()
    assert done.json["model"] == "aivideomaker/t2v-v3"
    assert rushes.sandbox.creates(KEY) == 1


def test_adopt_where_the_model_must_be_named(rushes: Commands, tmp_path: Path) -> None:
    """Media.io does not show a task's model: 2 without --model, then the job is a job like any."""
    task = rushes(*IMAGE, "--no-wait", "--json").json["task_id"]
    adopt = ("jobs", "adopt", "mediaio", task, "--home", str(tmp_path / "other-home"))
    unnamed = rushes(*adopt)
    assert (unnamed.code, "--model MODEL" in unnamed.err) == (2, True)
    started = rushes(*adopt, "--model", "imagen-4", "--no-wait")
    assert (started.code, started.out.split()[1:]) == (0, ["running", "task", task])
    assert rushes("jobs", "wait", "last", "--home", str(tmp_path / "other-home")).code == 0


def test_wait_without_the_jobs_key(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose key is no longer here is not waited for without end: 5, and which key."""
    keyed.sandbox.set(video_seconds=60.0)
    job = keyed(*VIDEO, "--no-wait", "--json").json["id"]
    monkeypatch.setenv("AIVIDEO_API_KEY", "another-key-of-a-test")
    done = keyed("jobs", "wait", job, "--json")
    assert (done.code, done.json["status"]) == (5, "running")
    assert "rushes keys set aivideomaker" in done.err
    assert keyed("jobs", "resume", "--json").code == 5


def test_wait_at_another_sandbox(rushes: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox job is not waited for at a sandbox that did not make it."""
    rushes.sandbox.set(video_seconds=60.0)
    job = rushes(*VIDEO, "--no-wait", "--json").json["id"]
    monkeypatch.delenv("RUSHES_SANDBOX")
    done = rushes("jobs", "wait", job)
    assert done.code == 5
    assert "RUSHES_SANDBOX" in done.err


def test_another_process_may_have_the_key(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a worker with the key is at it, waiting without the key ends in the file."""
    keyed.sandbox.set(video_seconds=60.0)
    job = keyed(*VIDEO, "--no-wait", "--json").json["id"]
    worker = keyed.start("worker")
    assert worker.stderr is not None
    worker.stderr.readline()
    before = len(keyed.sandbox.requests())
    while len(keyed.sandbox.requests()) == before:
        assert worker.poll() is None
    monkeypatch.delenv("AIVIDEO_API_KEY")
    keyed.sandbox.advance(100)
    done = keyed("jobs", "wait", job)
    assert done.code == 0, done.err
    assert "Another process works on job" in done.err
    worker.terminate()
    worker.communicate(timeout=30)
    assert worker.returncode == 0
