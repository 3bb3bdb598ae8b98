import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [ROOT / "scripts" / name for name in ("prepare", "demo", "test", "check")]


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_scripts_can_be_run(script: Path) -> None:
    """Each script may be executed, and bash can read it."""
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_ci_runs_the_command_of_the_readme() -> None:
    """What runs on every change is what a newcomer is told to run."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\n$ scripts/test\n" in readme
    assert "\n$ scripts/demo\n" in readme
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_an_unknown_set_is_refused(tmp_path: Path) -> None:
    """`scripts/prepare` says which sets there are, and makes nothing."""
    project = _copy(tmp_path)
    done = _prepare(project, "everything")
    assert done.returncode == 1
    assert "allowed: core, test, dev" in done.stderr
    assert not (project / ".venv").exists()


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    """A `PYTHON` that is too old, or none at all, is named."""
    project = _copy(tmp_path)
    done = _prepare(project, "core", PYTHON="/no/such/python")
    assert done.returncode == 1
    assert "PYTHON=/no/such/python is not Python 3.11 or newer" in done.stderr


def _copy(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "prepare", tmp_path / "scripts" / "prepare")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _prepare(project: Path, what: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    return subprocess.run(
        [project / "scripts" / "prepare", what],
        capture_output=True,
        text=True,
        check=False,
        env=environment | more,
    )
