"""What the bytes of a media input are, by content and never by name.

Only formats that are known here are opened, each by its own reader: a playlist or a script
that calls itself a video is no video. Sizes are pixels, times seconds.
"""

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec

from rushes.catalog.schema import MediaKind

MAX_BYTES = 512_000_000
"""No input of more bytes is looked at; our own limit."""

MAX_IMAGE_PIXELS = 64_000_000
"""No image of more pixels is decoded; our own limit."""

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_IMAGE_FORMATS = {
    "PNG": "png",
    "JPEG": "jpeg",
    "WEBP": "webp",
    "BMP": "bmp",
    "GIF": "gif",
    "AVIF": "avif",
    "TIFF": "tiff",
}
# What Pillow calls MPO is a JPEG with further pictures behind it; the reader of JPEG opens it.
_IMAGE_READERS = tuple(_IMAGE_FORMATS)
_READERS = {"mov": "mp4", "m4a": "mp4", "3gp": "mp4", "webm": "matroska", "mkv": "matroska"}
_TYPES = {
    "mov": "video/quicktime",
    "3gp": "video/3gpp",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
}


class UnreadableError(ValueError):
    """The bytes are no media input that can be read; the message says why."""


class MediaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a media input is. What its format does not say is None."""

    kind: MediaKind
    format: str
    """`png`, `jpeg`, `mp4`, ..."""
    media_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    frames_per_second: float | None = None
    has_audio: bool | None = None


def read_facts(data: bytes) -> MediaFacts:
    """Return what the bytes are.

    Raises:
        UnreadableError: no known format, too large to look at, or damaged.
    """
    if not data:
        raise UnreadableError("is empty")
    if len(data) > MAX_BYTES:
        raise UnreadableError(
            f"has {len(data):,} bytes; Rushes looks at files up to {MAX_BYTES:,} bytes"
        )
    if data[4:8] == b"ftyp" and not _is_whole(data):
        raise UnreadableError("is damaged: it ends before its last part does")
    if _major_brand(data) in _HEIC_BRANDS and b"avif" not in data[16:64]:
        return _heic_facts(data)
    container = _container(data)
    return _stream_facts(data, container) if container else _image_facts(data)


def _major_brand(data: bytes) -> bytes:
    """Return what an ISO base media file (MP4, MOV, HEIC, AVIF) calls itself; b"" for others."""
    return data[8:12] if data[4:8] == b"ftyp" else b""


def _is_whole(data: bytes) -> bool:
    """Tell whether the parts of an ISO base media file add up to its length."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 0:
            return True
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        at += max(size, 8)
    return at <= len(data)


def _container(data: bytes) -> str | None:
    """Return the container of a video or sound, or None when it is neither."""
    if data[4:8] == b"ftyp":
        return _iso_container(_major_brand(data))
    if data[4:8] in {b"moov", b"mdat", b"wide"}:
        return "mov"
    if data[:4] == b"\x1aE\xdf\xa3":
        return "webm" if b"webm" in data[:64] else "mkv"
    if data[:4] == b"RIFF" and data[8:12] in {b"AVI ", b"WAVE"}:
        return "avi" if data[8:12] == b"AVI " else "wav"
    if data[:4] in {b"fLaC", b"OggS"}:
        return {b"fLaC": "flac", b"OggS": "ogg"}[data[:4]]
    if data[:3] == b"ID3":
        return "mp3"
    if data[0] == 0xFF and data[1:2] and data[1] & 0xE0 == 0xE0:
        # Layer bits 00 are AAC in ADTS frames; JPEG's second byte (0xD8) never comes here.
        return "aac" if data[1] & 0x06 == 0 else "mp3"
    return None


def _iso_container(brand: bytes) -> str | None:
    if brand in _HEIC_BRANDS or brand in {b"avif", b"avis"}:
        return None
    if brand == b"qt  ":
        return "mov"
    if brand[:2] == b"3g":
        return "3gp"
    return "m4a" if brand in {b"M4A ", b"M4B "} else "mp4"


def _image_facts(data: bytes) -> MediaFacts:
    from PIL import Image, UnidentifiedImageError

    bomb = f"has more than {MAX_IMAGE_PIXELS:,} pixels, which Rushes does not unpack"
    try:
        with Image.open(io.BytesIO(data), formats=_IMAGE_READERS) as image:
            width, height = image.size
            if width * height > MAX_IMAGE_PIXELS:
                raise UnreadableError(bomb)
            image.load()
            format = _IMAGE_FORMATS.get(image.format or "", "jpeg")  # noqa: A001 - the word for it
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        raise UnreadableError("is no image, video or sound in a format that Rushes knows") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableError(bomb) from None
    except (OSError, ValueError, SyntaxError, struct.error, EOFError, IndexError) as error:
        raise UnreadableError(f"is a damaged image: {error}") from error
    return MediaFacts(
        kind="image",
        format=format,
        media_type=f"image/{format}",
        bytes=len(data),
        width=width,
        height=height,
    )


def _heic_facts(data: bytes) -> MediaFacts:
    """Read the size from the `ispe` boxes: a tiled picture has one for the whole, the largest."""
    sizes = list(_ispe_sizes(data[:1_000_000]))
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(None, None))
    return MediaFacts(
        kind="image",
        format="heic",
        media_type="image/heic",
        bytes=len(data),
        width=width,
        height=height,
    )


def _ispe_sizes(head: bytes) -> Iterator[tuple[int, int]]:
    at = head.find(b"ispe")
    while at >= 4:
        if head[at - 4 : at] == b"\0\0\0\x14" and len(head) >= at + 16:
            width, height = struct.unpack(">II", head[at + 8 : at + 16])
            yield width, height
        at = head.find(b"ispe", at + 4)


def _stream_facts(data: bytes, container: str) -> MediaFacts:
    import av
    from av.error import FFmpegError

    try:
        with av.open(io.BytesIO(data), format=_READERS.get(container, container)) as opened:
            return _opened_facts(opened, container, len(data))
    except UnreadableError:
        raise
    except (FFmpegError, ValueError, EOFError) as error:
        raise UnreadableError(f"is a damaged {container} file: {error}") from error


def _opened_facts(opened: Any, container: str, size: int) -> MediaFacts:
    videos = [each for each in opened.streams.video if not _is_cover(each)]
    sounds = opened.streams.audio
    if not videos and not sounds:
        raise UnreadableError(f"is a {container} file with neither picture nor sound")
    stream = videos[0] if videos else sounds[0]
    if next(opened.decode(stream), None) is None:
        raise UnreadableError(f"is a {container} file of which nothing can be decoded")
    rate: Fraction | None = stream.average_rate if videos else None
    kind: MediaKind = "video" if videos else "audio"
    return MediaFacts(
        kind=kind,
        format=container,
        media_type=_TYPES.get(container, f"{kind}/{container}"),
        bytes=size,
        width=stream.width if videos else None,
        height=stream.height if videos else None,
        seconds=_seconds(opened, stream),
        frames_per_second=float(rate) if rate else None,
        has_audio=bool(sounds),
    )


def _is_cover(stream: Any) -> bool:
    """Tell a cover picture of a song from a moving picture."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _seconds(opened: Any, stream: Any) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return round(float(stream.duration * stream.time_base), 3)
    if opened.duration is not None:
        return round(float(opened.duration) / 1_000_000, 3)
    return None
