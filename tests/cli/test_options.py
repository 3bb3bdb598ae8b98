import os
import subprocess

import pytest

from .conftest import COMMAND, IMAGE, KEY, Commands


def test_options_stand_anywhere(rushes: Commands) -> None:
    """The options of every command may stand before it, between, or after it."""
    job = rushes("--json", "--quiet", *IMAGE).json["id"]
    assert rushes("jobs", "--json", "show", job).json["id"] == job
    assert rushes("jobs", "show", job, "--json").json["id"] == job


def test_home_by_option(rushes: Commands, tmp_path: object) -> None:
    """--home wins over RUSHES_HOME, and the nearer one over the farther."""
    other = f"{tmp_path}/other"
    assert rushes("--home", "/none", "keys", "path", "--home", other).out.startswith(other)


def test_sandbox_option_means_the_sandbox_that_is_set(rushes: Commands) -> None:
    """--sandbox beside RUSHES_SANDBOX=ADDRESS asks the sandbox there."""
    assert rushes(*IMAGE, "--sandbox", "--no-wait", "-q").code == 0
    assert rushes.sandbox.creates(KEY) == 1


def test_no_sandbox_wins(rushes: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-sandbox asks the real providers whatever the environment says."""
    monkeypatch.delenv("MEDIAIO_API_KEY")
    done = rushes(*IMAGE, "--no-sandbox", "--json")
    assert (done.code, done.json["error"]["code"]) == (5, "MISSING_CREDENTIAL")


def test_jobs_are_completed(rushes: Commands) -> None:
    """The shell completes a job's id, and says what it is."""
    job = rushes(*IMAGE, "--no-wait", "--json").json["id"]
    done = subprocess.run(
        [COMMAND],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ
        | {
            "_RUSHES_COMPLETE": "zsh_complete",
            "COMP_WORDS": f"rushes jobs wait {job[:6]}",
            "COMP_CWORD": "3",
        },
    )
    kind, value, about, *_ = done.stdout.splitlines()
    assert (kind, value) == ("plain", job)
    assert about.endswith("mediaio/imagen-4")
