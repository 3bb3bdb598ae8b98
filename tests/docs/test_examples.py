import os
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from rushes.sandbox import Sandbox, Settings

from .examples import Block, blocks, run_console, run_python, save

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LANGUAGES = {"console", "python", "text", "toml", "json", "mermaid"}
REASONS = {
    "installation",
    "needs a real key",
    "runs until it is stopped",
    "opens a program of yours",
}


def _runnable(page: Path) -> list[Block]:
    return [
        block
        for block in blocks(page, ROOT)
        if block.file or (block.language in {"console", "python"} and block.reason is None)
    ]


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


@pytest.mark.parametrize(
    "page", [page for page in PAGES if _runnable(page)], ids=lambda page: page.stem
)
def test_examples_do_what_they_say(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """A page's examples, run one after another in an empty folder, work as shown."""
    folder = tmp_path / "work"
    folder.mkdir()
    every = blocks(page, ROOT)
    below = {one: other for one, other in pairwise(every) if other.language == "text"}
    for block in _runnable(page):
        if block.file:
            save(block, folder)
        elif block.language == "console":
            run_console(block, folder, environment)
        else:
            shown = below.get(block)
            run_python(block, shown.text if shown else None, folder, environment)


def test_only_known_reasons_spare_an_example() -> None:
    """What is not run says why, with one of a few reasons."""
    spared = [block for page in PAGES for block in blocks(page, ROOT) if block.reason]
    assert [one for one in spared if one.reason not in REASONS] == []


def test_no_example_hides_behind_another_language() -> None:
    """Each fenced block says what it is, and commands stand in console blocks."""
    every = [block for page in PAGES for block in blocks(page, ROOT)]
    assert [(one.page, one.line) for one in every if one.language not in LANGUAGES] == []
    assert [
        (one.page, one.line)
        for one in every
        if one.language != "console" and one.text.startswith("$ ")
    ] == []
