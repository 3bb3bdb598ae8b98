"""One table of what was measured, what was wanted, and whether it was reached."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """One figure; `good` None where nothing is wanted of it."""

    case: str
    what: str
    result: str
    goal: str = ""
    good: bool | None = None


def show(rows: Iterable[Row]) -> bool:
    """Print the table; returns whether every goal was reached."""
    kept = list(rows)
    widths = [max(map(len, column)) for column in zip(*(row[:4] for row in kept), strict=True)]
    last = ""
    for row in kept:
        if row.case != last:
            print()
        words = {None: "", True: "reached", False: "MISSED"}[row.good]
        cells = ("" if row.case == last else row.case, row.what, row.result, row.goal)
        shown = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(f"{shown}  {words}".rstrip())
        last = row.case
    return all(row.good is not False for row in kept)
