"""Looks into a finished file: what it is by content, whether it decodes, and its facts."""

from pathlib import Path

import msgspec

from rushes.errors import OutputInvalid

MAX_PIXELS = 200_000_000


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What an output is. Sizes in pixels, times in seconds; None where it does not apply."""

    media_type: str
    width: int
    height: int
    seconds: float | None = None
    frames_per_second: float | None = None
    has_audio: bool | None = None


IMAGES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
    "TIFF": "image/tiff",
}


def probe(path: Path) -> Facts:
    """Decode a file far enough to trust it. Raises OutputInvalid saying what is wrong.

    An image is decoded whole. Of a video the first picture and the last group of pictures are
    decoded, which a truncated or foreign file does not survive; its length was checked before.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise _invalid("it is empty")
    if head[4:8] == b"ftyp" and head[8:12] in {b"avif", b"avis", b"heic", b"mif1"}:
        return _image(path)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"wide"}:
        return _video(path, "video/quicktime" if head[8:12] == b"qt  " else "video/mp4")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return _video(path, "video/webm")
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")):
        return _image(path)
    start = head.lstrip()[:15].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"{")):
        raise _invalid("it is text (a page or a message), not an image or a video")
    raise _invalid("its content is no image or video that is known")


def _image(path: Path) -> Facts:
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _invalid(f"{image.width}x{image.height} are too many pixels")
                media_type = IMAGES.get(image.format or "")
                image.load()
                size = image.size
    except OutputInvalid:
        raise
    except Exception as error:  # noqa: BLE001 - a hostile file may raise anything
        raise _invalid(f"the image does not decode ({error})") from None
    if media_type is None:
        raise _invalid("it is an image of a kind that is not known")
    return Facts(media_type=media_type, width=size[0], height=size[1])


def _video(path: Path, media_type: str) -> Facts:
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise _invalid("it has no picture")
            stream = container.streams.video[0]
            first = next(container.decode(stream), None)
            if first is None:
                raise _invalid("not one picture decodes")
            length = _seconds(container, stream)
            if length:
                container.seek(int(max(0.0, length - 0.2) * av.time_base), backward=True)
                last = None
                for last in container.decode(stream):  # noqa: B007 - the last one is wanted
                    pass
                if last is None:
                    raise _invalid("its end does not decode")
            rate = stream.average_rate
            return Facts(
                media_type=media_type,
                width=first.width,
                height=first.height,
                seconds=round(length, 3) if length else None,
                frames_per_second=round(float(rate), 3) if rate else None,
                has_audio=bool(container.streams.audio),
            )
    except OutputInvalid:
        raise
    except Exception as error:  # noqa: BLE001 - a hostile file may raise anything
        raise _invalid(f"the video does not decode ({error})") from None


def _seconds(container: "av.container.InputContainer", stream: "av.VideoStream") -> float | None:  # type: ignore[name-defined]  # noqa: F821
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    import av

    return container.duration / av.time_base if container.duration else None


def _invalid(reason: str) -> OutputInvalid:
    return OutputInvalid(f"The output is not what was promised: {reason}.")
