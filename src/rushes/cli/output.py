"""What goes to stdout: one JSON value, or text and tables for people."""

import shutil
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from rushes.cli.failures import clean

NUMBER = ">"
"""A column's head that ends so is aligned to the right."""

LAST_COLUMN = 8
"""The least width at which a last column that is cut is worth showing."""


def print_json(value: Any) -> None:
    """Print one JSON value."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    click.echo(text)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, wrap: bool = True) -> None:
    """Print a table: fitted to a terminal, else as plain aligned text with nothing cut off.

    Without `wrap` each row stays on one line, and the last column is cut where it must be; a
    terminal that is too narrow for the other columns gets the text.
    """
    rows = [[_printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty() and (wrap or _fits(head, rows)):
        _rich_table(head, rows, wrap=wrap)
        return
    names = [name.removesuffix(NUMBER) for name in head]
    cells = [names, *rows] if any(names) else rows
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        text = "  ".join(
            cell.rjust(width) if name.endswith(NUMBER) else cell.ljust(width)
            for cell, width, name in zip(row, widths, head, strict=True)
        )
        click.echo(text.rstrip())


def _rich_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, wrap: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    has_head = any(head)
    table = Table(box=None, show_header=has_head, pad_edge=False, header_style="bold")
    for position, name in enumerate(head):
        table.add_column(
            name.removesuffix(NUMBER),
            justify="right" if name.endswith(NUMBER) else "left",
            overflow="fold" if position == 0 else "ellipsis",
            no_wrap=position == 0 or not wrap,
            min_width=None if wrap or position == len(head) - 1 else _widest(position, head, rows),
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def _fits(head: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Say whether a terminal has room for all columns but the last, and some of that."""
    fixed = sum(2 + _widest(column, head, rows) for column in range(len(head) - 1))
    return fixed + LAST_COLUMN <= shutil.get_terminal_size().columns


def _widest(column: int, head: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    return max(len(row[column]) for row in (head, *rows))


def _printable(text: str) -> str:
    """Take line ends and control characters out of a cell."""
    return "".join(char if char.isprintable() else " " for char in text)


def line(text: str) -> None:
    """Print a line, without what could steer a terminal."""
    click.echo(clean(text))


def heading(text: str) -> None:
    """Print a title."""
    click.echo(click.style(text, bold=True) if sys.stdout.isatty() else text)


def short(text: str, length: int = 60) -> str:
    """Cut a text to one line of a given length."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"


def size(count: int | None) -> str:
    """Write a number of bytes: `2.3 MB`."""
    if count is None:
        return "?"
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"


def span(seconds: float) -> str:
    """Write a time that passes: `4 s`, `1:20`, `2 h 5 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} days"


def ago(at: float, now: float | None = None) -> str:
    """Write how old something is."""
    return span((time.time() if now is None else now) - at)


def moment(at: float | None) -> str:
    """Write a time of day here, with its date."""
    if at is None:
        return "-"
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def near_path(path: Path) -> str:
    """Write a path as it is from here, where it is below this folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def amount(number: int) -> str:
    """Write a number of credits."""
    return f"{number} credit{'' if number == 1 else 's'}"
