import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from rushes.cli.main import cli
from rushes.sandbox import Sandbox

COMMAND = str(Path(sys.executable).with_name("rushes"))
KEY = "sandbox"


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """All of stdout as one JSON value; fails when it is anything else."""
        return json.loads(self.out)


def _ran(*arguments: str, stdin: str = "", **environment: str) -> Ran:
    done = subprocess.run(
        [COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


class Commands:
    """Runs commands against the test's sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def installed(self, *arguments: str, stdin: str = "", **environment: str) -> Ran:
        """Run the installed command in a process of its own."""
        return _ran(*arguments, stdin=stdin, **environment)

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        """Run a command in this process: quicker, with the same code from its first line."""
        done = CliRunner().invoke(cli, list(arguments), input=stdin, catch_exceptions=False)
        return Ran(done.exit_code, done.stdout, done.stderr)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the installed command, and do not wait for it."""
        return subprocess.Popen(
            [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@pytest.fixture
def rushes(rushes_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Commands:
    """The command, in an empty folder, with a fresh home and a sandbox of the test's own."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    return Commands(rushes_sandbox)


@pytest.fixture
def keyed(rushes: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The command without `--sandbox`: the sandbox is what the providers' base URLs name."""
    monkeypatch.delenv("RUSHES_SANDBOX")
    return rushes


IMAGE = ("generate", "a paper boat", "--model", "imagen-4")
VIDEO = (
    "generate", "a paper boat", "--model", "t2v-v3", "--duration", "5", "--aspect-ratio", "16:9",
)  # fmt: skip


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture that fits every model."""
    from PIL import Image

    path = tmp_path / "cat.png"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path)
    return path
