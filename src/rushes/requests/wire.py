"""Canonical values onto a provider's own names and forms, and back."""

from collections.abc import Mapping
from typing import Any

from rushes.catalog.schema import Model, Param
from rushes.requests.values import BadValueError, coerce


def meant(model: Model, key: str, value: Any) -> Param | None:
    """Return the parameter that a name, Rushes' own or the provider's, stands for.

    Where two parameters share a wire name (one image, or several), the value decides.
    """
    sharing = [param for param in model.params if param.wire == key]
    if len(sharing) > 1:
        several = isinstance(value, list | tuple) and len(value) > 1
        return next(param for param in sharing if (param.kind == "medias") == several)
    return model.param(key) or (sharing[0] if sharing else None)


def to_wire(model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the exact wire parameters of checked values, in the catalog's order.

    Raises:
        ValueError: a name is not canonical, or a media input is not yet a URL or data URI.
    """
    unknown = set(values) - {param.name for param in model.params}
    if unknown:
        raise ValueError(f"{model.full_id} has no parameter {', '.join(sorted(unknown))}")
    return {
        param.wire: _encode(param, values[param.name])
        for param in model.params
        if values.get(param.name) is not None
    }


def from_wire(model: Model, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical values of wire parameters, in the catalog's order.

    Lenient, since it reads what a provider shows: a name that the catalog does not know comes
    last under its own name, a value that it does not know stays as it is, null is left out.
    """
    found: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for wire, value in params.items():
        if value is None:
            continue
        param = meant(model, wire, value)
        if param is None or param.wire != wire:
            rest[wire] = value
            continue
        try:
            found[param.name] = coerce(param, value)
        except BadValueError:
            found[param.name] = value
    ordered = {param.name: found[param.name] for param in model.params if param.name in found}
    return ordered | {wire: value for wire, value in rest.items() if wire not in ordered}


def _encode(param: Param, value: Any) -> Any:
    if param.kind == "media":
        value = _link(param, value)
    elif param.kind == "medias":
        value = [_link(param, each) for each in value]
    match param.form:
        case "upper":
            return value.upper()
        case "pixels":
            return int(value.removesuffix("p"))
        case "seconds":
            return f"{value}s"
        case "digits":
            return str(value)
        case "word":
            return "True" if value else "False"
        case "string" | "strings" | "string-or-strings" | "integer" | "boolean":
            return value


def _link(param: Param, value: Any) -> str:
    links = ("http://", "https://", "data:")
    if isinstance(value, str) and value[:8].casefold().startswith(links):
        return value
    raise ValueError(f"{param.name} is not yet a URL or a data URI")
