import os
import sys
from pathlib import Path

import pytest

from rushes.sandbox import Sandbox, Settings


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return a newcomer's environment: no key, a fresh home, and a sandbox that is in a hurry."""
    world = tmp_path / "home" / "sandbox" / "world.sqlite3"
    world.parent.mkdir(parents=True)
    Sandbox(Settings(queued_seconds=0.1, image_seconds=0.2, video_seconds=0.2), world).close()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RUSHES_", "PYTEST", "COV"))
        and "API_KEY" not in name
        and "PROXY" not in name.upper()
    }
    return kept | {
        "COLUMNS": "100",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONUTF8": "1",
        "RUSHES_HOME": str(tmp_path / "home"),
        "RUSHES_SANDBOX": "1",
    }
