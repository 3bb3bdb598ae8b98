"""Compares what came with what was asked; a difference is shown, never a failure."""

from collections.abc import Mapping, Sequence
from typing import Any

from rushes.catalog.schema import Model
from rushes.store.job import Output

SECONDS_TOLERANCE = 0.5
SHAPE_TOLERANCE = 0.03


def differences(
    model: Model, request: Mapping[str, Any], outputs: Sequence[Output]
) -> tuple[dict[str, Any], ...]:
    """Return a row for each fact that came otherwise: what, asked, came, and which output."""
    rows: list[dict[str, Any]] = []
    asked = request.get("count")
    if isinstance(asked, int) and asked != len(outputs):
        rows.append({"what": "count", "asked": asked, "came": len(outputs), "output": None})
    segments = request.get("prompt") if model.param("duration") is None else None
    seconds = request.get("duration")
    if isinstance(segments, list):
        seconds = 5 * len(segments)
    for output in outputs:
        if output.archived_at is None:
            continue
        for what, wanted, came in _of_one(model, request, output, seconds):
            rows.append({"what": what, "asked": wanted, "came": came, "output": output.position})
    return tuple(rows)


def _of_one(
    model: Model, request: Mapping[str, Any], output: Output, seconds: Any
) -> list[tuple[str, Any, Any]]:
    rows: list[tuple[str, Any, Any]] = []
    kind = (output.media_type or "").partition("/")[0]
    if kind != model.makes:
        rows.append(("kind", model.makes, output.media_type))
    if (
        isinstance(seconds, int)
        and output.seconds is not None
        and abs(output.seconds - seconds) > SECONDS_TOLERANCE
    ):
        rows.append(("duration", seconds, output.seconds))
    audio = request.get("generate_audio")
    if isinstance(audio, bool) and output.has_audio is not None and audio != output.has_audio:
        rows.append(("generate_audio", audio, output.has_audio))
    if output.width and output.height:
        came = f"{output.width}x{output.height}"
        shape = request.get("aspect_ratio")
        if isinstance(shape, str) and _shape_differs(shape, output.width, output.height):
            rows.append(("aspect_ratio", shape, came))
        size = str(request.get("resolution") or "")
        if size.endswith("p") and size[:-1].isdigit():
            short = min(output.width, output.height)
            if short != int(size[:-1]):
                rows.append(("resolution", size, came))
    return rows


def _shape_differs(shape: str, width: int, height: int) -> bool:
    across, colon, down = shape.partition(":")
    if not colon or not across.isdigit() or not down.isdigit() or int(down) == 0:
        return False
    asked = int(across) / int(down)
    return abs(width / height / asked - 1) > SHAPE_TOLERANCE
