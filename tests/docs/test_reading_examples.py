import os
from pathlib import Path

import pytest

from .examples import Block, blocks, is_like, run_console, run_python, save, steps

PAGE = """\
# Page

```console
$ echo one \\
  two
one two
$ true
```

<!-- not run: because -->

```console
$ false
```

```python
print("hello")
```

<!-- file: own/notes.toml -->

```toml
a = 1
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def _block(text: str, language: str = "console") -> Block:
    return Block("page.md", 1, language, text, None)


def test_blocks_are_found_with_their_marks(page: Path) -> None:
    """Each fenced block is found; a comment before it says why it is not run."""
    found = blocks(page, page.parent)
    assert [(one.language, one.reason) for one in found] == [
        ("console", None),
        ("console", "because"),
        ("python", None),
        ("toml", None),
    ]
    assert found[0].line == 4


def test_a_file_is_saved_under_its_name(page: Path) -> None:
    """A block that is said to be a file is written there."""
    save(blocks(page, page.parent)[-1], page.parent)
    assert (page.parent / "own" / "notes.toml").read_text(encoding="utf-8") == "a = 1\n"


def test_commands_go_on_after_a_backslash(page: Path) -> None:
    """A command with a backslash at its line's end has its next line too."""
    one, two = steps(blocks(page, page.parent)[0])
    assert one.command == "echo one \\\n  two"
    assert one.shown == ("one two",)
    assert two.shown == ()


def test_a_failing_command_is_noticed(tmp_path: Path) -> None:
    """A command that fails, or prints something else than is shown, fails the example."""
    with pytest.raises(AssertionError, match="exit code 1"):
        run_console(_block("$ false\n"), tmp_path, os.environ)
    with pytest.raises(AssertionError, match="the page shows"):
        run_console(_block("$ echo one\ntwo\n"), tmp_path, os.environ)
    with pytest.raises(AssertionError, match="ended early"):
        run_console(_block("$ exit 0\n$ true\n"), tmp_path, os.environ)


def test_a_shown_exit_code_is_compared(tmp_path: Path) -> None:
    """Where the page shows the exit code, the command may fail, with that code."""
    run_console(_block("$ (exit 3)\n$ echo $?\n3\n"), tmp_path, os.environ)
    with pytest.raises(AssertionError, match="the page shows"):
        run_console(_block("$ (exit 3)\n$ echo $?\n2\n"), tmp_path, os.environ)


def test_programs_are_run(tmp_path: Path) -> None:
    """A Python example is run, and what it prints is compared."""
    run_python(_block("print('a 1 b')", "python"), "a ... b", tmp_path, os.environ)
    with pytest.raises(AssertionError, match="ValueError"):
        run_python(_block("raise ValueError", "python"), None, tmp_path, os.environ)


@pytest.mark.parametrize(
    ("shown", "came", "alike"),
    [
        ("one", "one\n", True),
        ("one", "one\ntwo\n", False),
        ("one\n...", "one\n\ntwo\n", True),
        ("...\ntwo", "two", True),
        ("saved ... bytes", "saved 12 bytes  ", True),
        ("saved ... bytes", "saved 12 files", False),
        ("a.b", "axb", False),
    ],
)
def test_outputs_are_compared_loosely(shown: str, came: str, alike: bool) -> None:
    """`...` stands for any text, alone on a line for any lines; all else is literal."""
    assert is_like(shown, came) is alike
