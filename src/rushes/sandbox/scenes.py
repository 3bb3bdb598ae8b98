"""From a task to what is drawn for it: size, length, sound, inputs and labels.

Inputs on the sandbox's own media host and data URIs are read; any other link is never fetched
and is only named in the picture. Everything here may be slow and runs in a thread.
"""

import base64
import io
import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from rushes.catalog.schema import Model
from rushes.providers.strict import Checker, seconds_of

from .render import Scene
from .shelf import media_name
from .tasks import Row

__all__ = ["link_path", "output_ending", "scene_of"]

_DEFAULT_RATIO = 16 / 9
_RATIOS = (0.25, 4.0)
_SHORT_SIDES = {"480p": 480, "540p": 540, "720p": 720, "768p": 768, "1080p": 1080}
_LONG_SIDES = {"1k": 1024, "2k": 2048, "4k": 4096}
_UNKNOWN_VIDEO_SECONDS = (3.0, 30.0)

Fetch = Callable[[str], bytes | None]


def output_ending(model: Model) -> str:
    """Return the ending of an output's name."""
    return "png" if model.makes == "image" else "mp4"


def link_path(link: str) -> str | None:
    """Return the path of a link to a media host on any loopback address, else None."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return None
    if host not in ("localhost", "::1") and not host.startswith("127."):
        return None
    return parts.path if parts.path.startswith("/_media/") else None


def scene_of(model: Model, row: Row, index: int, fetch: Fetch) -> Scene:
    """Return the scene of one output; `fetch` reads a file of the media host by its name."""
    values = Checker(model).check(msgspec.json.decode(row.params), lambda _: True).values
    inputs: list[bytes] = []
    labels = [*_settings(values)]
    for param in model.params:
        if param.media is None or param.name not in values:
            continue
        given = values[param.name]
        for link in given if isinstance(given, list) else [given]:
            content = _content(link, fetch)
            if content is None or param.media.kind == "audio":
                labels.append(f"{param.name}: {_short(link)}")
            if content is not None and param.media.kind != "audio":
                inputs.append(content)
    prompt = values.get("prompt") or ()
    width, height = _size(model, values, inputs)
    video = model.makes == "video"
    seconds, sounds = _seconds(model, values, inputs), _sounds(values)
    if row.other:
        width, height = _even(width / 2), _even(height / 2)
        seconds, sounds = max(seconds - 1, 1), not sounds
    return Scene(
        model=model.full_id,
        kind=model.makes,
        prompt=(prompt,) if isinstance(prompt, str) else tuple(prompt),
        width=width,
        height=height,
        seconds=seconds if video else 0.0,
        has_audio=video and sounds,
        seed=row.seed,
        inputs=tuple(inputs),
        labels=tuple(labels),
        index=index,
    )


def _settings(values: Mapping[str, Any]) -> list[str]:
    names = ("aspect_ratio", "resolution", "shot_type", "tier")
    return [str(values[name]) for name in names if name in values]


def _content(link: str, fetch: Fetch) -> bytes | None:
    if link[:5].lower() == "data:":
        return base64.b64decode(link.partition(",")[2])
    path = link_path(link)
    name = None if path is None else media_name(path)
    return None if name is None else fetch(name)


def _short(link: str) -> str:
    text = link.partition(",")[0] if link[:5].lower() == "data:" else link
    return text if len(text) <= 80 else f"{text[:77]}..."


def _sounds(values: Mapping[str, Any]) -> bool:
    if "generate_audio" in values:
        return bool(values["generate_audio"])
    return any(name in values for name in ("audio", "reference_audio"))


def _size(model: Model, values: Mapping[str, Any], inputs: list[bytes]) -> tuple[int, int]:
    ratio = _ratio(str(values.get("aspect_ratio", "")))
    follows = any(rule.param == "aspect_ratio" and rule.given in values for rule in _unused(model))
    if ratio is None or follows:
        shapes = [shape for shape in map(_shape, inputs) if shape is not None]
        ratio = shapes[0] if shapes else ratio or _DEFAULT_RATIO
    low, high = _RATIOS
    ratio = min(max(ratio, low), high)
    resolution = str(values.get("resolution", "")).lower()
    if resolution in _LONG_SIDES or (model.makes == "image" and resolution not in _SHORT_SIDES):
        long = _LONG_SIDES.get(resolution, 1024)
        width, height = (long, long / ratio) if ratio >= 1 else (long * ratio, long)
    else:
        short = _SHORT_SIDES.get(resolution, 720)
        width, height = (short * ratio, short) if ratio >= 1 else (short, short / ratio)
    return _even(width), _even(height)


def _unused(model: Model) -> list[Any]:
    return [rule for rule in model.rules if hasattr(rule, "given")]


def _even(side: float) -> int:
    return max(2 * round(side / 2), 16)


def _ratio(text: str) -> float | None:
    width, _, height = text.partition(":")
    try:
        ratio = float(width) / float(height)
    except (ValueError, ZeroDivisionError):
        return None
    return ratio if math.isfinite(ratio) and ratio > 0 else None


def _shape(content: bytes) -> float | None:
    """Return width by height of an image or video, or None where it cannot be read."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.width / image.height
    except Exception:  # noqa: BLE001 - whatever cannot be read has no shape
        facts = _video_facts(content)
        return facts and facts[0]


def _seconds(model: Model, values: Mapping[str, Any], inputs: list[bytes]) -> float:
    """Return the length: as asked, else as long as the video given (motion control)."""
    if "duration" not in values and model.segment_seconds is None and "video" in values:
        low, high = _UNKNOWN_VIDEO_SECONDS
        for content in inputs:
            facts = _video_facts(content)
            if facts is not None and facts[1]:
                return min(max(facts[1], low), high)
    return seconds_of(model, values)


def _video_facts(content: bytes) -> tuple[float, float] | None:
    import av

    try:
        with av.open(io.BytesIO(content)) as container:
            stream = container.streams.video[0]
            seconds = (getattr(container, "duration", None) or 0) / 1_000_000
            return stream.width / stream.height, seconds
    except Exception:  # noqa: BLE001 - whatever cannot be read is no video
        return None
