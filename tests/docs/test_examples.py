from itertools import pairwise
from pathlib import Path

import pytest

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
