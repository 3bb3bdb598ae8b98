"""What a catalog must fulfil beyond its types; every fault is said, none is mended."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from rushes.catalog.schema import (
    AnyOf,
    Endpoint,
    Exclusive,
    MediaLimits,
    Model,
    OnlyWhen,
    OnlyWith,
    Param,
    Price,
    Rule,
    Surcharge,
    Unused,
)

_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_PARAM_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_DAY = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_BRACES = re.compile(r"\{([^}]*)\}")
_CANONICAL = {
    "aspect_ratio": re.compile(r"\d+:\d+|auto"),
    "resolution": re.compile(r"\d+[pk]"),
    "duration": re.compile(r"\d+"),
    "count": re.compile(r"\d+"),
}
_FORMS = {
    "text": {"string"},
    "texts": {"strings"},
    "choice": {"string", "upper", "pixels", "integer", "digits", "seconds"},
    "integer": {"integer", "digits", "seconds"},
    "boolean": {"boolean", "word"},
    "media": {"string", "string-or-strings"},
    "medias": {"strings", "string-or-strings"},
}
_OF_NUMBERS = {"integer", "digits", "seconds"}


def lint_model(model: Model) -> list[str]:
    """Return every fault of a model, each naming the entry; empty when it is sound."""
    return [f"model {model.id}: {fault}" for fault in _model_faults(model)]


def lint_endpoints(endpoints: tuple[Endpoint, ...]) -> list[str]:
    """Return every fault of a provider's endpoints."""
    actions = [endpoint.action for endpoint in endpoints]
    return [f"endpoint {name} stands twice" for name in _twice(actions)]


def _model_faults(model: Model) -> Iterator[str]:
    if not _ID.fullmatch(model.id):
        yield "an id is lower case letters and digits, with single hyphens and dots between"
    if not model.capabilities:
        yield "no capability"
    for name in _twice([param.name for param in model.params]):
        yield f"parameter {name} stands twice"
    for param in model.params:
        for fault in _param_faults(param):
            yield f"parameter {param.name}: {fault}"
    yield from _wire_name_faults(model)
    for rule in model.rules:
        for fault in _rule_faults(model, rule):
            yield f"rule {rule.__struct_config__.tag}: {fault}"
    for price in model.prices:
        for fault in _price_faults(model, price):
            yield f"price of {price.as_of}: {fault}"
    wires = {param.wire for param in model.params}
    for name in _BRACES.findall(model.path):
        if name not in wires:
            yield f"the path names {{{name}}}, which is no parameter's wire name"


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _wire_name_faults(model: Model) -> Iterator[str]:
    """One name means one parameter, unless a rule keeps the two that share it apart."""
    for one, other in combinations(model.params, 2):
        if one.wire == other.wire:
            if not _excluded(model, one.name, other.name):
                yield f"parameters {one.name} and {other.name} share the wire name {one.wire}"
            elif {one.kind, other.kind} != {"media", "medias"} or {one.form, other.form} != {
                "string-or-strings"
            }:
                yield (
                    f"parameters {one.name} and {other.name} share the wire name {one.wire}, but "
                    "are not one media and one list of media in the form string-or-strings"
                )
        elif one.wire == other.name or other.wire == one.name:
            yield f"a wire name of {one.name} or {other.name} is the other's name"


def _excluded(model: Model, one: str, other: str) -> bool:
    for rule in model.rules:
        if isinstance(rule, Exclusive):
            where = {name: index for index, group in enumerate(rule.groups) for name in group}
            if one in where and other in where and where[one] != where[other]:
                return True
    return False


def _param_faults(param: Param) -> Iterator[str]:
    if not _PARAM_NAME.fullmatch(param.name):
        yield "a name is lower case letters and digits, with single underscores between"
    if param.form not in _FORMS[param.kind]:
        yield f"kind {param.kind} cannot have the form {param.form}"
    if (param.kind == "choice") != bool(param.choices):
        yield "choices and the kind `choice` go together"
    if (param.media is not None) != (param.kind in {"media", "medias"}):
        yield "`media` and the kinds `media` and `medias` go together"
    if param.required and param.default is not None:
        yield "what is required has no default"
    if len({(type(choice), choice) for choice in param.choices}) < len(param.choices):
        yield "a choice stands twice"
    for choice in param.choices:
        yield from _choice_faults(param, choice)
    if param.default is not None:
        yield from _default_faults(param, param.default)
    for low, high, what in (
        (param.minimum, param.maximum, "minimum"),
        (param.min_items, param.max_items, "min_items"),
    ):
        if low is not None and high is not None and low > high:
            yield f"{what} is above its maximum"
    if param.media is not None:
        yield from _media_faults(param.media)


def _choice_faults(param: Param, choice: str | int | bool) -> Iterator[str]:
    number = isinstance(choice, int) and not isinstance(choice, bool)
    if number != (param.form in _OF_NUMBERS) or isinstance(choice, bool):
        yield f"choice {choice!r} cannot be written in the form {param.form}"
    elif param.form == "pixels" and not re.fullmatch(r"\d+p", str(choice)):
        yield f"choice {choice!r} is not pixels, like 720p"
    canonical = _CANONICAL.get(param.name)
    if canonical and not canonical.fullmatch(str(choice)):
        yield f"choice {choice!r} is not canonical for {param.name}"


def _default_faults(param: Param, default: str | int | bool) -> Iterator[str]:
    if param.kind == "choice":
        if not any(default == each and type(default) is type(each) for each in param.choices):
            yield f"default {default!r} is not among its choices"
    elif param.kind == "boolean":
        if not isinstance(default, bool):
            yield f"default {default!r} is not true or false"
    elif param.kind == "integer":
        low = default if param.minimum is None else param.minimum
        high = default if param.maximum is None else param.maximum
        if not isinstance(default, int) or isinstance(default, bool):
            yield f"default {default!r} is not a whole number"
        elif not int(low) <= default <= int(high):
            yield f"default {default} is outside its limits"
    else:
        yield f"the kind {param.kind} has no default"


def _media_faults(media: MediaLimits) -> Iterator[str]:
    if not media.transports:
        yield "media: no transport"
    if media.min_pixels and media.max_pixels:
        pairs = zip(media.min_pixels, media.max_pixels, strict=True)
        if any(low > high for low, high in pairs):
            yield "media: min_pixels is above max_pixels"
    for span in (media.frames_per_second, media.seconds):
        if span and span[0] > span[1]:
            yield "media: a lower limit is above its upper one"
    if media.aspect_ratio:
        try:
            low, high = (shape(each) for each in media.aspect_ratio)
        except (ValueError, ZeroDivisionError):
            yield f"media: aspect_ratio {list(media.aspect_ratio)} is not two of width:height"
        else:
            if low > high:
                yield "media: the narrowest shape is wider than the widest"


def shape(text: str) -> Fraction:
    """Return width / height of "0.4:1"; ValueError or ZeroDivisionError for anything else."""
    width, height = text.split(":")
    return Fraction(width) / Fraction(height)


def _rule_faults(model: Model, rule: Rule) -> Iterator[str]:
    match rule:
        case Exclusive(groups=groups):
            named = [name for group in groups for name in group]
            if len(groups) < 2 or not all(groups) or _twice(named):
                yield "needs two groups or more, none empty, no parameter twice"
            for name in named:
                param = model.param(name)
                if param and (param.default is not None or param.required):
                    yield f"{name} is always sent, so it cannot exclude another"
        case AnyOf(params=named_params):
            named = list(named_params)
        case OnlyWith(param=param_name, others=others):
            named = [param_name, *others]
        case OnlyWhen(param=param_name, value=value, other=other, values=values):
            named = [param_name, other]
            yield from _value_faults(model, param_name, (value,))
            yield from _value_faults(model, other, values)
        case Unused(param=param_name, given=given):
            named = [param_name, given]
    for name in named:
        if model.param(name) is None:
            yield f"there is no parameter {name}"


def _value_faults(model: Model, name: str, values: tuple[str | int | bool, ...]) -> Iterator[str]:
    param = model.param(name)
    for value in values:
        if param and param.kind == "choice" and value not in param.choices:
            yield f"{value!r} is not a choice of {name}"


def _price_faults(model: Model, price: Price) -> Iterator[str]:
    if not _DAY.fullmatch(price.as_of):
        yield "as_of is not a day or month, like 2026-09-13 or 2026-09"
    if (price.rate is None) != (price.by is not None):
        yield "either `rate`, or `by` with `rates`"
    if (price.by is None) != (not price.rates):
        yield "`by` and `rates` go together"
    amounts = [price.rate or 0, *price.rates.values(), *(s.credits for s in price.surcharges)]
    if any(not 0 <= amount < 1e9 for amount in amounts):
        yield "an amount is negative or absurd"
    if price.by is not None:
        param = model.param(price.by)
        choices = {str(choice) for choice in param.choices} if param else set()
        if not choices:
            yield f"there is no parameter {price.by} with choices"
        elif choices != set(price.rates):
            yield f"rates must name every choice of {price.by}: {', '.join(sorted(choices))}"
    if price.per == "second" and not _counts_seconds(model):
        yield "per second, but the model has no duration"
    if price.per == "segment" and not any(param.kind == "texts" for param in model.params):
        yield "per segment, but the model has no list of prompts"
    for surcharge in price.surcharges:
        yield from _surcharge_faults(model, surcharge)


def _counts_seconds(model: Model) -> bool:
    duration = model.param("duration")
    return duration is not None and duration.form in _OF_NUMBERS


def _surcharge_faults(model: Model, surcharge: Surcharge) -> Iterator[str]:
    if model.param(surcharge.param) is None:
        yield f"there is no parameter {surcharge.param}"
    yield from _value_faults(model, surcharge.param, (surcharge.value,))
