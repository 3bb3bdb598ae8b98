import signal

from .conftest import IMAGE, KEY, VIDEO, Commands


def test_until_idle(rushes: Commands) -> None:
    """The worker sees every job to its end, says so on stderr, and ends when none is left."""
    ids = [rushes(*request, "--no-wait", "--json").json["id"] for request in (IMAGE, VIDEO)]
    done = rushes.installed("worker", "--until-idle")
    assert (done.code, done.out) == (0, "")
    for job in ids:
        assert f"{job}  succeeded, " in done.err
    assert {job["status"] for job in rushes("jobs", "--json").json} == {"succeeded"}


def test_a_job_for_a_person_is_left(rushes: Commands) -> None:
    """What nobody but a person can decide is named, and the exit code is 3."""
    rushes.sandbox.fault("create:drop-answer")
    job = rushes(*IMAGE, "--json").json["id"]
    done = rushes("worker", "--until-idle")
    assert done.code == 3
    assert f"Job {job} stays uncertain: it needs your decision" in done.err


def test_sigterm_ends_it_and_loses_nothing(rushes: Commands) -> None:
    """SIGTERM ends the worker; what is unfinished can be taken up at once."""
    rushes.sandbox.set(video_seconds=60.0)
    job = rushes(*VIDEO, "--no-wait", "--json").json["id"]
    process = rushes.start("worker")
    assert process.stderr is not None
    assert "Working on all jobs here" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    rushes.sandbox.advance(100)
    assert rushes("jobs", "wait", job).code == 0
    assert rushes.sandbox.creates(KEY) == 1
