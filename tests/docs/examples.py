"""Reads the examples out of a page and runs them as a reader would."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

MARK = "\x1e"
_FENCE = re.compile(
    r"(?:^<!-- (?:not run: (?P<reason>.+?)|file: (?P<file>.+?)) -->\n+)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """One fenced block of a page.

    `reason` says why it is not run; `file` is the name under which it is saved instead.
    """

    page: str
    line: int
    language: str
    text: str
    reason: str | None
    file: str | None = None


class Step(NamedTuple):
    """One command and the output that the page shows below it."""

    command: str
    shown: tuple[str, ...]


def blocks(path: Path, root: Path) -> list[Block]:
    """Return all fenced blocks of a page."""
    page = path.read_text(encoding="utf-8")
    return [
        Block(
            str(path.relative_to(root)),
            page.count("\n", 0, found.start("text")) + 1,
            found["language"],
            found["text"],
            found["reason"],
            found["file"],
        )
        for found in _FENCE.finditer(page)
    ]


def steps(block: Block) -> Iterator[Step]:
    """Split a console block into its commands; a backslash at a line's end goes on below."""
    command: str | None = None
    shown: list[str] = []
    is_open = False
    for line in block.text.splitlines():
        if is_open:
            command = f"{command}\n{line}"
        elif line.startswith("$ "):
            if command is not None:
                yield Step(command, tuple(shown))
            command, shown = line[2:], []
        elif command is None:
            raise AssertionError(f"{block.page}:{block.line}: output before any command")
        else:
            shown.append(line)
        is_open = line.endswith("\\") and (is_open or line.startswith("$ "))
    if command is not None:
        yield Step(command, tuple(shown))


def run_console(block: Block, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a block's commands in one shell; compare what the page shows with what came.

    A command may fail only where the page shows its exit code next, by `echo $?`.
    """
    todo = list(steps(block))
    script = "".join(
        f"{step.command}\n__status=$?; printf '\\n{MARK}%d\\n' $__status; (exit $__status)\n"
        for step in todo
    )
    done = subprocess.run(
        ["bash", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=dict(environment),
        timeout=180,
        check=False,
    )
    came = re.findall(rf"(.*?)\n{MARK}(\d+)\n", done.stdout, re.DOTALL)
    where = f"{block.page}:{block.line}"
    assert len(came) == len(todo), f"{where}: the shell ended early:\n{done.stdout}"
    for index, (step, (output, status)) in enumerate(zip(todo, came, strict=True)):
        told = f"{where}: $ {step.command}\n{output}"
        is_told = index + 1 < len(todo) and todo[index + 1].command == "echo $?"
        assert status == "0" or is_told, f"{told}\nexit code {status}"
        if step.shown:
            assert is_like("\n".join(step.shown), output), f"{told}\n--- the page shows:\n" + (
                "\n".join(step.shown)
            )


def save(block: Block, folder: Path) -> None:
    """Save a block as the file that the page says it is."""
    assert block.file is not None
    path = folder / block.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def run_python(
    block: Block, shown: str | None, folder: Path, environment: Mapping[str, str]
) -> None:
    """Run a block as a program of its own."""
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=dict(environment),
        timeout=180,
        check=False,
    )
    told = f"{block.page}:{block.line}\n{done.stdout}"
    assert done.returncode == 0, told
    if shown is not None:
        assert is_like(shown, done.stdout), f"{told}\n--- the page shows:\n{shown}"


def is_like(shown: str, came: str) -> bool:
    """Compare, where `...` stands for any text, alone on a line for any lines.

    Spaces at the ends of lines do not count.
    """
    pattern = ""
    for line in shown.strip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += (
                ".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ ]*\n"
            )
    return re.fullmatch(pattern, came.strip() + "\n") is not None
