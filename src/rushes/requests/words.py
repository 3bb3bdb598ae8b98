"""How lists and values read in a message."""

from collections.abc import Iterable
from typing import Any

_LONGEST = 80


def listed(items: Iterable[Any], joint: str = "or") -> str:
    """Return "5, 10 or 15"."""
    texts = [str(item) for item in items]
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {joint} {texts[-1]}"


def shown(value: Any) -> Any:
    """Return a value as it may stand in a problem: JSON, short, and no file's bytes."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**18 else "a very large number"
    if isinstance(value, str):
        text = str(value).encode("utf-8", "replace").decode()
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value):,} bytes>"
    if isinstance(value, list | tuple):
        return [shown(item) for item in value[:12]]
    return f"<{type(value).__name__}>"
