"""Reading input images and videos into small pictures, within limits, without ever failing."""

import io
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import av
from PIL import Image, ImageDraw, ImageOps

from .text import fitted, font, line_height

#: More inputs than these are counted but not drawn.
MAX_INPUTS = 12
MAX_PIXELS = 40_000_000
#: A video is shown by at most this many of its frames,
MAX_STILLS = 5
#: taken from no more than this many decoded ones, fewer where they are large.
MAX_DECODED_FRAMES = 150
_MAX_DECODED_PIXELS = 400_000_000
_IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
#: Where the mark of a container stands, the mark, and the one demuxer that may read it. Nothing is
#: left to probing: a playlist among the inputs must not make the demuxer open other files.
_CONTAINERS = (
    (4, b"ftyp", "mp4"),
    (4, b"moov", "mp4"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (8, b"WAVE", "wav"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
)
Size: TypeAlias = tuple[int, int]


class UnreadableError(Exception):
    """Says in a few words why an input cannot be shown."""


@dataclass(frozen=True, slots=True)
class Source:
    """One input: its pictures in order (one, or some of a video's), RGB, at least one."""

    stills: tuple[Image.Image, ...]
    #: Why the only picture is a placeholder.
    problem: str | None = None


def read_inputs(inputs: tuple[bytes, ...], size: Size) -> tuple[Source, ...]:
    """Return the first `MAX_INPUTS` inputs, each scaled down to cover no more than `size`.

    What is no image or video, is damaged, or has more than `MAX_PIXELS` becomes a placeholder
    that says so.
    """
    return tuple(
        _read(data, number, size) for number, data in enumerate(inputs[:MAX_INPUTS], start=1)
    )


def _read(data: bytes, number: int, size: Size) -> Source:
    try:
        container = _container(data)
        stills = _video(data, container, size) if container else [_image(data, size)]
        return Source(tuple(stills))
    except UnreadableError as error:
        reason = str(error)
    except Exception:  # noqa: BLE001 - decoders of foreign bytes raise whatever they like
        reason = "not readable as an image or video"
    problem = f"input {number}: {reason}"
    return Source((placeholder(problem, size),), problem)


def _container(data: bytes) -> str | None:
    if data[4:12] in (b"ftypavif", b"ftypavis", b"ftypheic", b"ftypmif1"):
        return None
    return next((name for at, mark, name in _CONTAINERS if data[at:].startswith(mark, 0)), None)


@cache
def _image_formats() -> tuple[str, ...]:
    """Return those of our formats that this build of Pillow has: it fails on any other name."""
    Image.init()
    return tuple(name for name in _IMAGE_FORMATS if name in Image.OPEN)


def _image(data: bytes, size: Size) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_image_formats()) as picture:
        _check_pixels(*picture.size)
        picture.draft("RGB", size)
        ImageOps.exif_transpose(picture, in_place=True)
        # Scaled before anything is converted: a large picture is then held no more often than once.
        if picture.mode in ("L", "RGB", "RGBA"):
            return _opaque(_reduced(picture, size))
        return _reduced(_opaque(picture), size)


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableError(f"{width}x{height} is too large to show")


def _opaque(picture: Image.Image) -> Image.Image:
    """Return RGB, with what was transparent on light grey."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    ground = Image.new("RGB", layer.size, (232, 232, 236))
    ground.paste(layer, (0, 0), layer)
    return ground


def _reduced(picture: Image.Image, size: Size) -> Image.Image:
    scale = max(size[0] / picture.width, size[1] / picture.height)
    if scale >= 1:
        return picture
    smaller = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(smaller, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _video(data: bytes, container: str, size: Size) -> list[Image.Image]:
    with av.open(io.BytesIO(data), "r", format=container) as source:
        if not source.streams.video:
            seconds = (source.duration or 0) / av.time_base
            raise UnreadableError(f"sound, {seconds:.1f} s")
        stream = source.streams.video[0]
        context = stream.codec_context
        _check_pixels(context.width, context.height)
        context.options = {"max_pixels": str(MAX_PIXELS)}
        context.thread_count = 1
        pixels = max(1, context.width * context.height)
        most = max(1, min(MAX_DECODED_FRAMES, _MAX_DECODED_PIXELS // pixels))
        step = max(1, min(stream.frames or most, most) // MAX_STILLS)
        stills: list[Image.Image] = []
        for number, frame in enumerate(source.decode(stream)):
            if number % step == 0:
                _check_pixels(frame.width, frame.height)
                stills.append(_reduced(_picture(frame), size))
            if len(stills) == MAX_STILLS or number + 1 >= most:
                break
    if not stills:
        raise UnreadableError("a video without pictures")
    return stills


def _picture(frame: av.VideoFrame) -> Image.Image:
    plane = (rgb := frame.reformat(format="rgb24")).planes[0]
    size = (rgb.width, rgb.height)
    return Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size, 1)


def placeholder(label: str, size: Size) -> Image.Image:
    """Return a card, in the shape of `size`, that says what could not be shown."""
    width, height = (max(16, side) for side in size)
    card = Image.new("RGB", (width, height), (58, 62, 74))
    draw = ImageDraw.Draw(card)
    unit = max(1, min(width, height) // 120)
    for offset in range(-height, width, 14 * unit):
        draw.line((offset, height, offset + height, 0), (64, 69, 82), 5 * unit)
    inset = 6 * unit
    border = (inset, inset, width - inset, height - inset)
    draw.rectangle(border, outline=(150, 156, 172), width=unit)
    sizes = (max(10, min(width, height) // 16), max(9, min(width, height) // 24))
    lines, letters = fitted(label, sizes, width - 6 * inset, height // 2, 4)
    top = (height - line_height(letters) * len(lines)) / 2
    for line in lines:
        left = (width - font(letters).getlength(line)) / 2
        draw.text((left, top), line, (226, 229, 238), font(letters))
        top += line_height(letters)
    return card
