"""The process whose forks generate and die, as the matrix sees it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple, Self

KEY = "key-of-the-kill-matrix"
KEYS = {"MEDIAIO_API_KEY": KEY, "AIVIDEO_API_KEY": KEY}


class Run(NamedTuple):
    """How one generation went: whether it was killed, and else the points it passed, by seam."""

    died: bool
    points: dict[str, int]


class Mortals:
    """Runs generations that may be killed."""

    def __init__(self) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith("RUSHES_")
        }
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=kept | KEYS,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)

    def run(self, **command: Any) -> Run:
        """Run a generation: `url`, `home`, `request`, `die_at`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline())
        return Run(answer["died"], answer["points"])
