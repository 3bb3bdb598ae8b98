"""Checks a request whole: every problem at once, nothing dropped, clamped or replaced."""

from collections.abc import Mapping
from typing import Any

import msgspec

from rushes.catalog import Catalog
from rushes.catalog.names import near
from rushes.catalog.schema import Model, Param
from rushes.errors import Problem
from rushes.requests import rules
from rushes.requests.values import BadValueError, allowed_text, coerce, whole_number
from rushes.requests.wire import meant
from rushes.requests.words import listed, shown


class Checked(msgspec.Struct, frozen=True):
    """A request once it was checked.

    `values` are canonical, in the catalog's order, defaults included; media are as they were
    given. They may be sent only when there are no `problems`.
    """

    model: Model
    values: dict[str, Any]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def check(model: Model, given: Mapping[Any, Any], catalog: Catalog | None = None) -> Checked:
    """Check what a user asks of a model; never raises for a wrong request.

    Names and forms may be Rushes' own or the provider's; None counts as not given. With a
    `catalog`, problems name what other models offer.
    """
    problems: list[Problem] = []
    raw = _by_name(model, given, catalog, problems)
    ignored = rules.unused(model, raw)
    values: dict[str, Any] = {}
    for param in model.params:
        if param.name in raw:
            try:
                values[param.name] = coerce(param, raw[param.name])
            except BadValueError as bad:
                message = bad.message
                if param.name == "count":
                    message += _offers(model, raw[param.name], catalog)
                problems.append(
                    Problem(param.name, message, bad.value, bad.allowed, bad.near, bad.code)
                )
        elif param.required:
            problems.append(_missing(param))
        elif param.default is not None and param.name not in ignored:
            values[param.name] = param.default
    problems += rules.broken(model, raw, values)
    warnings = tuple(
        f"{name} is sent, but the provider does not use it when {other} is given."
        for name, other in ignored.items()
        if name in values
    )
    return Checked(model, values, tuple(problems), warnings)


def _by_name(
    model: Model, given: Mapping[Any, Any], catalog: Catalog | None, problems: list[Problem]
) -> dict[str, Any]:
    """Return what is given by canonical name; what cannot be is added to the problems."""
    raw: dict[str, Any] = {}
    called: dict[str, str] = {}
    for key, value in given.items():
        param = meant(model, key, value) if isinstance(key, str) else None
        if param is not None and value is None:
            continue
        if param is None:
            if key != "count":
                problems.append(_unknown(model, key, value, catalog))
            elif value is not None and whole_number(value) != 1:
                problems.append(_one_only(model, value, catalog))
        elif param.name in called:
            problems.append(
                Problem(
                    param.name,
                    f"{called[param.name]} and {key} are the same parameter: give one of them.",
                    shown(value),
                )
            )
        else:
            called[param.name] = key
            raw[param.name] = value
    return raw


def _unknown(model: Model, key: Any, value: Any, catalog: Catalog | None) -> Problem:
    names = [param.name for param in model.params]
    close = _near_parameter(model, key, catalog) if isinstance(key, str) else None
    message = f"{model.full_id} has no parameter {shown(key)!r}; it has {listed(names, 'and')}."
    if close:
        message += f" Did you mean {close}?"
    return Problem(str(shown(key)), message, shown(value), tuple(names), close)


def _near_parameter(model: Model, key: str, catalog: Catalog | None) -> str | None:
    """Return what another model's own name for it, or a slip of the pen, points at."""
    elsewhere = {
        param.name
        for other in (catalog.models() if catalog else ())
        for param in other.params
        if key in (param.name, param.wire)
    }
    here = {param.name for param in model.params}
    if elsewhere & here:
        return min(elsewhere & here)
    by_name = {param.wire: param.name for param in model.params} | {name: name for name in here}
    close = near(key, by_name, most=1)
    if not close:
        return None
    # A name that means something else elsewhere is near only to its own plural or singular.
    akin = close[0].startswith(key) or key.startswith(close[0])
    return by_name[close[0]] if akin or not elsewhere else None


def _missing(param: Param) -> Problem:
    code = "INVALID_MEDIA" if param.media else "INVALID_PAYLOAD"
    return Problem(
        param.name,
        f"{param.name} is required: give {allowed_text(param)}.",
        None,
        param.choices,
        None,
        code,
    )


def _one_only(model: Model, value: Any, catalog: Catalog | None) -> Problem:
    message = f"{model.full_id} makes one output at a time, so count must be 1, not "
    message += f"{shown(value)!r}." + _offers(model, value, catalog)
    return Problem("count", message, shown(value), (1,))


def _offers(model: Model, value: Any, catalog: Catalog | None) -> str:
    """Name the models that make so many of the same at once; "" when none is known."""
    wanted = whole_number(value)
    if catalog is None or wanted is None or wanted < 2:
        return ""
    offering = [
        other.full_id
        for other in catalog.models()
        if other.makes == model.makes and wanted <= _most(other.param("count"))
    ]
    if not offering:
        return f" No model makes {wanted} {model.makes}s at once."
    return f" {wanted} {model.makes}s at once: {listed(offering)}."


def _most(count: Param | None) -> int:
    if count is None:
        return 1
    return max([int(choice) for choice in count.choices] or [count.maximum or 1])
