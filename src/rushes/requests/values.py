"""Reads what a user gave for one parameter into the canonical value, or says what is wrong.

The provider's own forms are read too: "5s", "5", 5 and 5.0 are the same duration. Nothing is
clamped, rounded or guessed.
"""

import operator
import re
from collections.abc import Iterable
from typing import Any

from rushes.catalog.names import near
from rushes.catalog.schema import Param, Scalar
from rushes.requests.sources import read_source
from rushes.requests.words import listed, shown

_WHOLE = re.compile(r"\s*(-?[0-9]{1,9})(?:\.0*)?\s*")
_SECONDS = re.compile(r"\s*(-?[0-9]{1,9})(?:\.0*)?\s*s?\s*", re.IGNORECASE)
_SHAPE_JOINT = re.compile(r"\s*[:x×/]\s*")
_SHAPE = re.compile(r"\s*([1-9][0-9]{0,5})\s*[:x×/]\s*([1-9][0-9]{0,5})\s*")

NEAR_SHAPE = 1.25
"""How far, as a factor, a shape may be from one that is suggested for it."""


class BadValueError(ValueError):
    """A value that a parameter does not take; the message begins with the parameter's name."""

    def __init__(
        self,
        message: str,
        value: Any,
        *,
        allowed: Iterable[Any] = (),
        near: str | None = None,
        code: str = "INVALID_PAYLOAD",
    ) -> None:
        self.message = message
        self.value = shown(value)
        self.allowed = tuple(allowed)
        self.near = near
        self.code = code
        super().__init__(message)


def coerce(param: Param, value: Any) -> Any:
    """Return the canonical value; media stay as they were given.

    Raises:
        BadValueError: the parameter does not take this value.
    """
    match param.kind:
        case "text":
            return _text(param, value)
        case "texts":
            return _texts(param, value)
        case "choice":
            return _choice(param, value)
        case "integer":
            return _integer(param, value)
        case "boolean":
            return _boolean(param, value)
        case "media":
            return _media(param, value)
        case "medias":
            return _medias(param, value)


def allowed_text(param: Param) -> str:
    """Return what a parameter takes, for people: "one of 5, 10 or 15 seconds"."""
    unit = " seconds" if param.name == "duration" else ""
    if param.choices:
        one_of = "one of " if len(param.choices) > 1 else ""
        return f"{one_of}{listed(param.choices)}{unit}"
    if param.kind == "boolean":
        return "true or false"
    if param.kind == "integer":
        return f"a whole number{_span(param.minimum, param.maximum)}{unit}"
    if param.media:
        if param.kind == "media":
            return f"one {param.media.kind}"
        many = _span(param.min_items, param.max_items)
        return f"a list{many} {param.media.kind}s" if many else f"a list of {param.media.kind}s"
    if param.kind == "texts":
        return "a text or a list of texts"
    return "a text"


def _span(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    return f" of at most {high}" if high is not None else ""


def whole_number(value: Any, *, seconds: bool = False) -> int | None:
    """Return the whole number that 5, 5.0 or "5" (with `seconds`, "5s" too) means, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = (_SECONDS if seconds else _WHOLE).fullmatch(value)
        return int(found[1]) if found else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _text(param: Param, value: Any, *, what: str = "") -> str:
    what = what or param.name
    if isinstance(value, list | tuple):
        raise BadValueError(f"{what} is one text here; only long video takes a list.", value)
    if not isinstance(value, str):
        raise BadValueError(f"{what} must be a text, not {shown(value)!r}.", value)
    if not value.strip():
        raise BadValueError(
            f"{what} is empty: write one, or leave it out where it is optional.", value
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadValueError(
            f"{what} holds half a character, which no UTF-8 text can.", value
        ) from None
    if param.max_length is not None and len(value) > param.max_length:
        raise BadValueError(
            f"{what} may have at most {param.max_length:,} characters; this one has "
            f"{len(value):,}.",
            value,
            allowed=(param.max_length,),
        )
    return value


def _texts(param: Param, value: Any) -> list[str]:
    texts = list(value) if isinstance(value, list | tuple) else [value]
    _check_items(param, texts)
    if len(texts) == 1:
        return [_text(param, texts[0])]
    return [_text(param, text, what=f"{param.name}[{index}]") for index, text in enumerate(texts)]


def _check_items(param: Param, items: list[Any]) -> None:
    least = param.min_items or 1
    if len(items) < least:
        message = f"{param.name} needs at least {least}; {len(items)} given."
        if not items:
            message = f"{param.name} is an empty list: fill it, or leave it out."
        raise BadValueError(message, items, allowed=(least,), code=_code(param))
    if param.max_items is not None and len(items) > param.max_items:
        raise BadValueError(
            f"{param.name} takes at most {param.max_items}; {len(items)} given.",
            items,
            allowed=(param.max_items,),
            code=_code(param),
        )


def _code(param: Param) -> str:
    return "INVALID_MEDIA" if param.media else "INVALID_PAYLOAD"


def _choice(param: Param, value: Any) -> Scalar:
    for choice in param.choices:
        if isinstance(choice, int):
            if whole_number(value, seconds=param.name == "duration") == choice:
                return choice
        elif _means(param, value, choice):
            return choice
    known = [str(each) for each in param.choices]
    close = near(value, known, most=1) if isinstance(value, str) else []
    if param.name == "aspect_ratio" and _shape(value) is not None:
        close = _near_shapes(value, known)
    raise BadValueError(
        f"{param.name} must be {allowed_text(param)}, not {shown(value)!r}.",
        value,
        allowed=param.choices,
        near=close[0] if close else None,
    )


def _near_shapes(value: Any, known: Iterable[str]) -> list[str]:
    """Return the shape that differs least, in proportion, if it is near at all."""
    wanted = _shape(value) or 1.0
    shapes = {each: _shape(each) for each in known}
    off = {each: max(shape / wanted, wanted / shape) for each, shape in shapes.items() if shape}
    nearest = min(off, key=off.__getitem__, default=None)
    return [nearest] if nearest is not None and off[nearest] <= NEAR_SHAPE else []


def _shape(value: Any) -> float | None:
    found = _SHAPE.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else int(found[1]) / int(found[2])


def _means(param: Param, value: Any, choice: str) -> bool:
    if isinstance(value, str):
        text = value.strip().casefold()
        if param.name == "aspect_ratio":
            text = _SHAPE_JOINT.sub(":", text)
        if text == choice.casefold():
            return True
    number = whole_number(value)
    return number is not None and f"{number}p" == choice


def _integer(param: Param, value: Any) -> int:
    number = whole_number(value, seconds=param.name == "duration")
    low, high = param.minimum, param.maximum
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        raise BadValueError(
            f"{param.name} must be {allowed_text(param)}, not {shown(value)!r}.",
            value,
            allowed=range(low, high + 1) if low is not None and high is not None else (),
        )
    return number


def _boolean(param: Param, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().casefold() in {"true", "false"}:
        return value.strip().casefold() == "true"
    raise BadValueError(
        f"{param.name} must be true or false, not {shown(value)!r}.", value, allowed=(True, False)
    )


def _media(param: Param, value: Any) -> Any:
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise BadValueError(
                f"{param.name} takes one file; {len(value)} given.", value, code="INVALID_MEDIA"
            )
        value = value[0]
    return _source(param, param.name, value)


def _medias(param: Param, value: Any) -> list[Any]:
    sources = list(value) if isinstance(value, list | tuple) else [value]
    _check_items(param, sources)
    return [
        _source(param, f"{param.name}[{index}]", source) for index, source in enumerate(sources)
    ]


def _source(param: Param, what: str, value: Any) -> Any:
    try:
        return read_source(value, param.media.kind if param.media else "image")
    except ValueError as error:
        raise BadValueError(f"{what} {error}.", value, code="INVALID_MEDIA") from None
