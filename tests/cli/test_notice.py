import os
import time
from pathlib import Path

import pytest

from rushes.cli.notice import peek
from rushes.store.protocol import Filter

from .conftest import VIDEO, Commands


@pytest.fixture
def left_behind(rushes: Commands, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job that nobody watches, and whose outputs go soon."""
    rushes.sandbox.set(video_seconds=60.0)
    job = str(rushes(*VIDEO, "--no-wait", "--json").json["id"])
    assert "Nobody watches" not in rushes("models").err
    monkeypatch.setattr("rushes.cli.notice.SOON", 25 * 3600.0)
    return job


@pytest.mark.parametrize(
    "command",
    [
        ["models"], ["models", "show", "t2v"], ["jobs"], ["credits"], ["keys", "list"],
        ["quote", "x", "-m", "imagen-4"], ["generate", "x", "-m", "imagen-4", "--dry-run"],
    ],
)  # fmt: skip
def test_every_command_shows_it_first(
    rushes: Commands, left_behind: str, command: list[str]
) -> None:
    """The notice stands on stderr before all else, and stdout stays as it was."""
    done = rushes(*command, "--json")
    first, second, *_ = done.err.splitlines()
    assert first.startswith("Nobody watches these jobs")
    assert left_behind in second
    assert "rushes jobs resume" in done.err
    assert done.json is not None


def test_quiet_and_help_do_not(rushes: Commands, left_behind: str) -> None:
    """--quiet and help say nothing of it."""
    assert rushes("models", "--quiet").err == ""
    assert rushes("--help").err == ""


def test_a_watched_job_is_not_shown(rushes: Commands, left_behind: str) -> None:
    """While a worker watches the job, nobody is troubled."""
    process = rushes.start("worker")
    assert process.stderr is not None
    process.stderr.readline()
    while "Nobody watches" in rushes("models").err:
        assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)
    assert "Nobody watches" in rushes("models").err


def test_a_killed_command_leaves_a_job_to_show(
    rushes: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a SIGKILL the store is readable at once, and what was left is shown."""
    monkeypatch.setattr("rushes.cli.notice.SOON", 25 * 3600.0)
    rushes.sandbox.set(video_seconds=60.0)
    process = rushes.start(*VIDEO)
    while not rushes.sandbox.requests(action="list"):
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=30)
    home = Path(os.environ["RUSHES_HOME"])
    (left,) = peek(home, Filter())
    assert left.state == "running"
    monkeypatch.setattr("rushes.cli.notice.time.time", lambda: time.time_ns() / 1e9 + 60)
    assert left.id in rushes("models").err


def test_a_store_that_cannot_be_read_stops_nothing(rushes: Commands) -> None:
    """The notice leaves it to the command itself to say what is wrong with the store."""
    home = Path(os.environ["RUSHES_HOME"])
    home.mkdir(parents=True)
    (home / "rushes.sqlite3").write_bytes(b"no database" * 1000)
    assert rushes("models").code == 0
    assert rushes("jobs", "--json").json["error"]["code"] == "STORE_FAILED"
