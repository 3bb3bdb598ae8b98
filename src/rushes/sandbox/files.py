"""Downloads: outputs and media, with Range, validators, expiry and the faults of both."""

import hashlib
import re
from email.utils import formatdate, parsedate_to_datetime
from typing import NamedTuple

import msgspec

from .faults import Fault
from .http import Head, Outgoing, Wire
from .spoil import page, spoiled

__all__ = ["File", "deliver", "refusal"]

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_PROSE = b"This is not the file that was promised.\n"
_FLIP_FROM, _FLIP_STEP = 64, 29


class File(NamedTuple):
    """A file that may be downloaded. `modified` is seconds since 1970."""

    content: bytes
    media_type: str
    modified: float

    @property
    def etag(self) -> str:
        """A strong validator."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


def refusal(status: int, text: str) -> Outgoing:
    """Return a short refusal, as a file host gives it."""
    kind = (("Content-Type", "text/plain; charset=utf-8"),)
    return Outgoing(status=status, headers=kind, body=f"{text}\n".encode())


def deliver(head: Head, file: File, fault: Fault | None, now: float, expired: int) -> Outgoing:
    """Return the file, or the part that is asked for, as the fault leaves it."""
    effect = fault.effect if fault is not None else ""
    if head.method not in ("GET", "HEAD"):
        out = refusal(405, "Only GET and HEAD")
        return msgspec.structs.replace(out, headers=(*out.headers, ("Allow", "GET, HEAD")))
    if effect == "expired-link":
        return _delayed(refusal(expired, "This link has expired"), fault)
    if effect == "wrong-type":
        times = len(file.content) // len(_PROSE) + 1
        file = file._replace(content=(_PROSE * times)[: len(file.content)])
    elif effect == "corrupt":
        file = file._replace(content=_flipped(file.content))
    out = _ranged(head, file, effect)
    if fault is None:
        return out
    if effect == "html":
        kind = (("Content-Type", "text/html; charset=utf-8"),)
        return _delayed(Outgoing(status=200, headers=kind, body=page("One moment")), fault)
    if effect == "empty":
        return _delayed(msgspec.structs.replace(out, status=200, body=b""), fault)
    if effect == "endless":
        return msgspec.structs.replace(
            out, wire=Wire(delay=fault.seconds, pace=fault.bytes_per_second, endless=True)
        )
    from rushes.providers.world import Reply

    reply = Reply(status=out.status, headers=out.headers, body=out.body)
    return spoiled(reply, fault, None, now)


def _delayed(out: Outgoing, fault: Fault | None) -> Outgoing:
    seconds = fault.seconds if fault is not None else 0.0
    return msgspec.structs.replace(out, wire=Wire(delay=seconds))


def _flipped(content: bytes) -> bytes:
    """Return bytes of the same length and beginning that no decoder takes."""
    flipped = bytearray(content)
    for place in range(min(_FLIP_FROM, len(content) // 2), len(content), _FLIP_STEP):
        flipped[place] ^= 0xFF
    return bytes(flipped)


def _ranged(head: Head, file: File, effect: str) -> Outgoing:
    size = len(file.content)
    headers = [("Content-Type", file.media_type)]
    if effect != "no-validator":
        headers.append(("ETag", file.etag))
        headers.append(("Last-Modified", formatdate(file.modified, usegmt=True)))
    if effect == "no-range":
        return Outgoing(status=200, headers=tuple(headers), body=file.content)
    headers.append(("Accept-Ranges", "bytes"))
    part = _part(head, file, effect)
    if part is None:
        return Outgoing(status=200, headers=tuple(headers), body=file.content)
    first, last = part
    if first > last:
        headers = [("Content-Range", f"bytes */{size}"), ("Accept-Ranges", "bytes")]
        return Outgoing(status=416, headers=tuple(headers))
    headers.append(("Content-Range", f"bytes {first}-{last}/{size}"))
    return Outgoing(status=206, headers=tuple(headers), body=file.content[first : last + 1])


def _part(head: Head, file: File, effect: str) -> tuple[int, int] | None:
    """Return the first and last byte asked for; None for all; first > last for none of it."""
    asked = _RANGE.fullmatch(head.headers.get("range", "").replace(" ", ""))
    if asked is None or head.method != "GET" or asked[0] == "bytes=-":
        return None
    if "if-range" in head.headers and not _same(head.headers["if-range"], file, effect):
        return None
    size = len(file.content)
    if not asked[1]:
        suffix = min(int(asked[2]), size)
        return (size - suffix, size - 1) if suffix else (1, 0)
    first = int(asked[1])
    last = min(int(asked[2]), size - 1) if asked[2] else size - 1
    if asked[2] and int(asked[2]) < first:
        return None
    return (first, last) if first < size else (1, 0)


def _same(validator: str, file: File, effect: str) -> bool:
    if effect == "no-validator":
        return False
    if validator.startswith('"'):
        return validator == file.etag
    try:
        return parsedate_to_datetime(validator).timestamp() == int(file.modified)
    except (ValueError, TypeError):
        return False
