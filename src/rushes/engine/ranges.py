"""What the headers of a download mean: where its bytes begin, how long the file is.

Pure functions over header names in lower case; the connection is in `transport`.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import msgspec

__all__ = ["Span", "range_headers", "span", "strong_validator"]

_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", re.ASCII | re.IGNORECASE)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Where an answer's bytes stand in the file; `length` is the whole file's, where known."""

    start: int
    length: int | None


def range_headers(start: int, validator: str | None) -> dict[str, str]:
    """Return the headers that ask for the rest of a file, if it is still the same file.

    Without a validator nobody could say whether it is, so the whole file is asked for.
    """
    if start <= 0 or validator is None:
        return {}
    return {"Range": f"bytes={start}-", "If-Range": validator}


def strong_validator(headers: Mapping[str, str]) -> str | None:
    """Return what If-Range may carry: a strong ETag, else a Last-Modified that is old enough.

    A file changed twice within one second keeps its Last-Modified, so that only counts when it
    is at least a second before the answer's own Date.
    """
    etag = headers.get("etag", "").strip()
    if re.fullmatch(r'"[\x21\x23-\x7e]*"', etag):
        return etag
    modified = headers.get("last-modified", "").strip()
    try:
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(modified)
        return modified if modified.isascii() and age.total_seconds() >= 1 else None
    except (ValueError, TypeError):
        return None


def span(
    status: int, headers: Mapping[str, str], *, start: int, validator: str | None
) -> Span | None:
    """Say where an answer's bytes begin, or None when they are of no use for going on.

    `start` is what a Range asked for (0: none was sent). None means: ask for the whole file.
    That is so for another range than the one asked for, for another file's range (a server that
    ignores If-Range), and for a 416, unless the 416 says that `start` is the file's very end.
    """
    if status == 206:
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if found is None or found[1] is None or int(found[1]) != start:
            return None
        if start and not _same_file(headers, validator):
            return None
        return Span(start=start, length=None if found[3] == "*" else int(found[3]))
    if status == 416 and start:
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        at_end = found is not None and found[3] == str(start)
        return Span(start=start, length=start) if at_end else None
    length = headers.get("content-length", "") if status == 200 else ""
    return Span(start=0, length=int(length) if re.fullmatch(r"[0-9]+", length) else None)


def _same_file(headers: Mapping[str, str], validator: str | None) -> bool:
    if validator is None:
        return False
    name = "etag" if validator.startswith('"') else "last-modified"
    return headers.get(name, validator).strip() == validator
