"""The reference pages, one module each, with a function `page` that returns its text."""

NOTE = "<!-- Made by scripts/reference.py; edits are lost. -->"


def cell(text: object) -> str:
    """Return text that can stand in a cell of a table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def row(*cells: object) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(cell(one) for one in cells)} |"


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    """Return a table's lines."""
    return [row(*head), row(*("---" for _ in head)), *(row(*one) for one in rows)]
