"""Read what providers answer, and fill in paths: the parts that all adapters share.

Nothing here raises for anything that an answer holds: what cannot be read is None, "" or {}.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import msgspec

from rushes.catalog.schema import Endpoint
from rushes.errors import CatalogError
from rushes.providers.base import Answer

__all__ = [
    "JSON_HEADERS",
    "endpoint_where",
    "fill",
    "is_success",
    "json_object",
    "link",
    "moment",
    "retry_after",
    "shown",
    "task_id",
    "text",
    "whole",
]

JSON_HEADERS = (("Content-Type", "application/json"),)
MESSAGE_LIMIT = 500
LINK_LIMIT = 8192
LONGEST_WAIT = 86_400.0
MOST_CREDITS = 10**12

_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_IN_BRACES = re.compile(r"\{(\w+)\}")


def endpoint_where(endpoints: Iterable[Endpoint], **facts: str) -> Endpoint:
    """Return the endpoint with these facts.

    Raises:
        CatalogError: the provider's catalog has no such endpoint.
    """
    for endpoint in endpoints:
        if all(getattr(endpoint, name) == value for name, value in facts.items()):
            return endpoint
    wanted = ", ".join(f"{name} = {value!r}" for name, value in facts.items())
    raise CatalogError(
        f"The provider's catalog has no [[endpoint]] with {wanted}.",
        next_step="Reinstall the package that brings this provider.",
    )


def fill(path: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put values into a path's {braces}, escaped; return the path and the values left over.

    Raises:
        CatalogError: the path names a value that is not there.
    """
    rest = dict(values)
    names = dict.fromkeys(_IN_BRACES.findall(path))
    for name in names:
        if name not in rest:
            raise CatalogError(f"The path {path} needs {name}, which was not given.")
    for name in names:
        value = rest.pop(name)
        escaped = quote(str(value), safe="")
        if not escaped.strip("."):
            # A segment of dots alone would climb in the path.
            escaped = escaped.replace(".", "%2E")
        path = path.replace(f"{{{name}}}", escaped)
    return path, rest


def is_success(answer: Answer) -> bool:
    """Whether the HTTP status is one of success."""
    return 200 <= answer.status < 300


def json_object(body: bytes | msgspec.Raw) -> dict[str, Any] | None:
    """Return the JSON object that a body is, or None for anything else."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text(value: Any, limit: int = MESSAGE_LIMIT) -> str:
    """Return a provider's text as one line without control characters, at most `limit` long.

    Numbers become text; anything else that is not a text is "".
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    kept = (
        " " if (kind := unicodedata.category(char)) == "Cc" else "" if kind[0] == "C" else char
        for char in value[: limit * 4]
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shown(answer: Answer) -> str:
    """Say in a sentence what an undocumented answer looks like."""
    start = text(answer.body[:800].decode("utf-8", "replace"), 200)
    what = f": {start}" if start else ", and it is empty"
    return f"HTTP {answer.status}, and the answer is not the documented one{what}"


def task_id(value: Any) -> str | None:
    """Return a value that may be a provider's task id: a short text of safe characters."""
    return value if isinstance(value, str) and _TASK_ID.fullmatch(value) else None


def whole(value: Any) -> int | None:
    """Return a number of credits: a whole number from 0, also where it is written as 24.0.

    More than `MOST_CREDITS` is no number of credits, and none that a store could keep.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_CREDITS:
        return None
    return value


def link(value: Any) -> str | None:
    """Return a value that is an http(s) URL of reasonable length."""
    if not isinstance(value, str) or len(value) > LINK_LIMIT:
        return None
    return value if _LINK.fullmatch(value) else None


def moment(value: Any) -> float | None:
    """Return an ISO 8601 time as seconds since 1970; one without an offset is read as UTC."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def retry_after(answer: Answer) -> float | None:
    """Return for how many seconds the provider wants to be left alone, from 0 to one day.

    `Retry-After` is read as seconds or as a date; a date counts from the answer's own `Date`,
    or, without one, from when the answer arrived.
    """
    value = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST_WAIT)
    until = _http_date(value)
    now = _http_date(answer.headers.get("date", "").strip()) or answer.at
    if until is None or not now:
        return None
    return min(max(until - now, 0.0), LONGEST_WAIT)


def _http_date(value: str) -> float | None:
    if not value or len(value) > 64:
        return None
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
