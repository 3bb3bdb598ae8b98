"""How names are compared: case, spaces, underscores and hyphens do not matter."""

import difflib
from collections.abc import Iterable

_IGNORED = str.maketrans("", "", " _-\t\n")


def normal(name: str) -> str:
    """Return the form in which names are compared: `Kling 3.0` and `kling-3.0` are one."""
    return name.casefold().translate(_IGNORED)


def near(name: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Return the known names most like this one, best first; empty when none is alike."""
    by_key: dict[str, str] = {}
    for each in known:
        by_key.setdefault(normal(each), each)
    # A cut-off keeps a hostile megabyte-long name from costing minutes.
    found = difflib.get_close_matches(normal(name[:200]), by_key, n=most, cutoff=0.6)
    return [by_key[key] for key in found]
