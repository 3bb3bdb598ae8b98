"""Whether something can be where a media input comes from; nothing is opened or fetched."""

import os
import re
from typing import Any

from rushes.catalog.schema import MediaKind

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_DATA = re.compile(r"data:([a-z]+)/[a-z0-9.+-]+(;[^,;]*)*,", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


def read_source(value: Any, kind: MediaKind) -> Any:
    """Return a path, URL, data URI or bytes as given.

    Raises:
        ValueError: it cannot be any of these; the message goes on after the parameter's name.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        if not len(value):
            raise ValueError("is empty: 0 bytes given")
        return bytes(value)
    if isinstance(value, os.PathLike):
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be a path, bytes, a URL or a data URI, not {type(value).__name__}")
    _check_text(value, kind)
    return value


def _check_text(value: str, kind: MediaKind) -> None:
    if not value.strip():
        raise ValueError("is empty: give a path, bytes, a URL or a data URI")
    if value[:5].casefold() == "data:":
        found = _DATA.match(value[:300])
        if found is None:
            raise ValueError("is no data URI, like data:image/png;base64,...")
        if found[1].casefold() not in {kind, "application"}:
            raise ValueError(f"is a data URI of {found[1]}, not of {kind}")
        return
    scheme = _SCHEME.match(value)
    if scheme is not None:
        if scheme[1].casefold() not in {"http", "https"}:
            raise ValueError(f"has the scheme {scheme[1]}: give an http(s) URL, or a path")
        if not _URL.fullmatch(value):
            raise ValueError("is no URL: it has no host, or a blank in it")
        return
    if "\0" in value:
        raise ValueError("cannot be a path: it holds a NUL")
