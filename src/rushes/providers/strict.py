"""Judges a create's parameters as a provider would, by the catalog's records alone.

This is the sandbox's reading of the wire forms, written apart from `rushes.requests`: what one
misreads the other refuses.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rushes.catalog.schema import (
    AnyOf,
    Exclusive,
    Model,
    OnlyWhen,
    OnlyWith,
    Param,
    Rule,
    Scalar,
)

from .world import Rules

__all__ = ["Checker", "Verdict", "price", "seconds_of"]

_DATA_URI = re.compile(r"data:(image/[a-z0-9.+-]+);base64,", re.IGNORECASE)
_LONGEST_URL = 8192


class Verdict(NamedTuple):
    """The first thing that is wrong ("" for nothing), and the values read, by Rushes' names."""

    problem: str
    values: dict[str, Any]


class _Refused(Exception):
    pass


class Checker:
    """The judge of one model's parameters."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._by_wire: dict[str, tuple[Param, ...]] = {}
        for param in model.params:
            self._by_wire[param.wire] = (*self._by_wire.get(param.wire, ()), param)
        self._allowed = {param.name: _allowed(param) for param in model.params if param.choices}

    def check(self, params: Any, has_media: Callable[[str], bool]) -> Verdict:
        """Read the wire's parameters strictly: no unknown one, each in exactly its form."""
        if not isinstance(params, Mapping):
            return Verdict("the parameters must be an object", {})
        values: dict[str, Any] = {}
        try:
            for wire in params:
                if wire not in self._by_wire:
                    raise _Refused(f"unknown parameter {wire!r}")
            for wire, readings in self._by_wire.items():
                if wire in params:
                    self._read(wire, readings, params[wire], values, has_media)
                elif any(param.required for param in readings):
                    raise _Refused(f"{wire} is required")
            for rule in self.model.rules:
                _hold(rule, {param.name for param in self.model.params if param.name in values})
            for param in self.model.params:
                if param.default is not None:
                    values.setdefault(param.name, param.default)
            for rule in self.model.rules:
                _hold_when(rule, values)
        except _Refused as refusal:
            return Verdict(str(refusal), values)
        return Verdict("", values)

    def _read(
        self,
        wire: str,
        readings: tuple[Param, ...],
        raw: Any,
        values: dict[str, Any],
        has_media: Callable[[str], bool],
    ) -> None:
        if raw is None:
            if not all(param.nullable for param in readings):
                raise _Refused(f"{wire} must not be null")
            return
        param = _reading(readings, raw)
        value = self._value(param, raw)
        if param.media is not None:
            for link in value if isinstance(value, list) else [value]:
                _check_media(param, link, has_media)
        values[param.name] = value

    def _value(self, param: Param, raw: Any) -> Any:
        if param.choices:
            for written, value in self._allowed[param.name]:
                if type(raw) is type(written) and raw == written:
                    return value
            allowed = ", ".join(repr(written) for written, _ in self._allowed[param.name])
            raise _Refused(f"{param.wire} must be one of {allowed}")
        return _READERS[param.form](param, raw)


def _reading(readings: tuple[Param, ...], raw: Any) -> Param:
    """Pick the parameter that is meant where two share a wire name: one item, or several."""
    several = isinstance(raw, list) and len(raw) > 1
    for param in readings:
        if (param.kind in ("medias", "texts")) == several:
            return param
    return readings[0]


def _allowed(param: Param) -> list[tuple[Scalar, Scalar]]:
    return [(_written(param, choice), choice) for choice in param.choices]


def _written(param: Param, choice: Scalar) -> Scalar:
    text = str(choice)
    match param.form:
        case "upper":
            return text.upper()
        case "seconds":
            return f"{text}s"
        case "digits" | "word":
            return text
        case "pixels":
            return int(text.lower().removesuffix("p"))
    return choice


def _text(param: Param, raw: Any) -> str:
    if not isinstance(raw, str):
        raise _Refused(f"{param.wire} must be a string")
    if param.required and not raw.strip():
        raise _Refused(f"{param.wire} must not be empty")
    if param.max_length is not None and len(raw) > param.max_length:
        raise _Refused(f"{param.wire} is longer than {param.max_length} characters")
    return raw


def _texts(param: Param, raw: Any) -> list[str]:
    if not isinstance(raw, list):
        raise _Refused(f"{param.wire} must be an array of strings")
    least = param.min_items or (1 if param.required else 0)
    if len(raw) < least:
        raise _Refused(f"{param.wire} must hold at least {least} items")
    if param.max_items is not None and len(raw) > param.max_items:
        raise _Refused(f"{param.wire} must hold at most {param.max_items} items")
    return [_text(param, item) for item in raw]


def _text_or_texts(param: Param, raw: Any) -> Any:
    if isinstance(raw, str):
        return _text(param, raw) if param.kind == "media" else [_text(param, raw)]
    items = _texts(param, raw)
    if not items:
        raise _Refused(f"{param.wire} must not be an empty array")
    return items[0] if param.kind == "media" and len(items) == 1 else items


def _number(param: Param, value: int) -> int:
    low, high = param.minimum, param.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise _Refused(f"{param.wire} must be from {low} to {high}")
    return value


def _integer(param: Param, raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise _Refused(f"{param.wire} must be an integer")
    return _number(param, raw)


def _digits(param: Param, raw: Any) -> int:
    suffix = "s" if param.form == "seconds" else ""
    if not isinstance(raw, str) or not re.fullmatch(rf"[0-9]{{1,9}}{suffix}", raw):
        raise _Refused(f'{param.wire} must be written like "5{suffix}"')
    return _number(param, int(raw.removesuffix("s")))


def _boolean(param: Param, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise _Refused(f"{param.wire} must be true or false")
    return raw


def _word(param: Param, raw: Any) -> bool:
    if raw not in ("True", "False"):
        raise _Refused(f'{param.wire} must be "True" or "False"')
    return bool(raw == "True")


_READERS: dict[str, Callable[[Param, Any], Any]] = {
    "string": _text,
    "strings": _texts,
    "string-or-strings": _text_or_texts,
    "integer": _integer,
    "digits": _digits,
    "seconds": _digits,
    "upper": _text,
    "pixels": _integer,
    "boolean": _boolean,
    "word": _word,
}


def _check_media(param: Param, link: str, has_media: Callable[[str], bool]) -> None:
    limits = param.media
    if limits is None:
        return
    if link[:5].lower() == "data:":
        if "data" not in limits.transports:
            raise _Refused(f"{param.wire} must be an http(s) URL, not a data URI")
        _check_data_uri(param, link)
        return
    try:
        parts = urlsplit(link)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or len(link) > _LONGEST_URL or re.search(r"[\s\\]", link):
        raise _Refused(f"{param.wire} must be an absolute http(s) URL")
    if not has_media(link):
        raise _Refused(f"{param.wire} cannot be downloaded")


def _check_data_uri(param: Param, link: str) -> None:
    head = _DATA_URI.match(link)
    if head is None:
        raise _Refused(f"{param.wire} must be a URL or data:image/...;base64,...")
    try:
        content = base64.b64decode(link[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise _Refused(f"{param.wire} holds no readable base64")


def _hold(rule: Rule, given: set[str]) -> None:
    match rule:
        case Exclusive(groups=groups):
            standing = [group for group in groups if given.intersection(group)]
            if len(standing) > 1:
                raise _Refused(f"{_names(standing[0])} cannot stand beside {_names(standing[1])}")
        case AnyOf(params=params):
            if not given.intersection(params):
                raise _Refused(f"at least one of {_names(params)} is required")
        case OnlyWith(param=param, others=others):
            if param in given and not given.intersection(others):
                raise _Refused(f"{param} needs one of {_names(others)} beside it")


def _hold_when(rule: Rule, values: Mapping[str, Any]) -> None:
    if (
        isinstance(rule, OnlyWhen)
        and values.get(rule.param) == rule.value
        and values.get(rule.other) not in rule.values
    ):
        allowed = _names(str(value) for value in rule.values)
        raise _Refused(f"{rule.param} {rule.value} is offered only with {rule.other} {allowed}")


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)


def seconds_of(model: Model, values: Mapping[str, Any]) -> float:
    """Return the length of the video that these values ask for; 5 s where nothing says it."""
    if "duration" in values:
        return float(values["duration"])
    if model.segment_seconds and isinstance(values.get("prompt"), list):
        return float(model.segment_seconds * len(values["prompt"]))
    return 5.0


def price(model: Model, values: Mapping[str, Any], rules: Rules) -> int:
    """Return what the task costs: the published price, else the one that the sandbox invents."""
    held = model.price
    if held is None:
        if model.makes == "image":
            return rules.invented_image_credits * int(values.get("count", 1))
        seconds = seconds_of(model, values)
        return rules.invented_video_credits + round(rules.invented_second_credits * seconds)
    quantity: float = 1
    if held.per == "second":
        quantity = seconds_of(model, values)
    elif held.per == "segment":
        quantity = len(values["prompt"])
    rate = held.rates[str(values[held.by])] if held.by else held.rate or 0.0
    rate += sum(more.credits for more in held.surcharges if values.get(more.param) == more.value)
    return -int(-(quantity * rate) // 1)
