"""A model's canonical request as JSON Schema, draft 2020-12."""

from collections.abc import Iterable
from typing import Any

from rushes.catalog.schema import (
    AnyOf,
    Exclusive,
    MediaLimits,
    Model,
    OnlyWhen,
    OnlyWith,
    Param,
    Rule,
    Unused,
)
from rushes.requests.describing import describe

Schema = dict[str, Any]

_NOT_BLANK = r"\S"


def json_schema(model: Model) -> Schema:
    """Return the schema of the canonical request.

    It takes what `check` takes in canonical form; the provider's own forms, and null for what
    is not given, are taken by `check` alone.
    """
    properties = {param.name: _property(param) for param in model.params}
    properties.setdefault(
        "count",
        {"type": "integer", "const": 1, "description": "This model makes one output at a time."},
    )
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": model.full_id,
        "description": " ".join(
            [f"{model.label}: {', '.join(model.capabilities)}.", model.note]
        ).strip(),
        "type": "object",
        "properties": properties,
        "required": [param.name for param in model.params if param.required],
        "additionalProperties": False,
    }
    rules = [rule for each in model.rules for rule in _rule(model, each)]
    if rules:
        schema["allOf"] = rules
    return schema


def _property(param: Param) -> Schema:
    schema = _shape(param)
    if param.default is not None:
        schema["default"] = param.default
    schema["description"] = describe(param)
    return schema


def _shape(param: Param) -> Schema:
    match param.kind:
        case "text":
            return _text(param)
        case "texts":
            return {"anyOf": [_text(param), _array(param, _text(param))]}
        case "choice":
            kind = "integer" if isinstance(param.choices[0], int) else "string"
            return {"type": kind, "enum": list(param.choices)}
        case "integer":
            limits = {"minimum": param.minimum, "maximum": param.maximum}
            return {"type": "integer"} | _given(limits)
        case "boolean":
            return {"type": "boolean"}
        case "media":
            return _source(param.media)
        case "medias":
            several = _array(param, _source(param.media))
            one = [] if (param.min_items or 1) > 1 else [_source(param.media)]
            return {"anyOf": [*one, several]} if one else several


def _text(param: Param) -> Schema:
    limits = {"maxLength": param.max_length}
    return {"type": "string", "minLength": 1, "pattern": _NOT_BLANK} | _given(limits)


def _source(media: MediaLimits | None) -> Schema:
    kind = media.kind if media else "image"
    # A scheme other than these three names no source; a path has none.
    data = rf"[dD][aA][tT][aA]:({kind}|application)/[A-Za-z0-9.+\-]+(;[^,;]*)*,"
    url = r"[hH][tT][tT][pP][sS]?://[^\s/?#]+\S*$"
    path = r"(?![A-Za-z][A-Za-z0-9+.\-]+://)(?![dD][aA][tT][aA]:)[^\u0000]*\S[^\u0000]*$"
    return {"type": "string", "minLength": 1, "pattern": f"^(?:{data}|{url}|{path})"}


def _array(param: Param, items: Schema) -> Schema:
    limits = {"minItems": param.min_items or 1, "maxItems": param.max_items}
    return {"type": "array", "items": items} | _given(limits)


def _given(limits: dict[str, int | None]) -> Schema:
    return {key: value for key, value in limits.items() if value is not None}


def _any_present(names: Iterable[str]) -> Schema:
    return {"anyOf": [{"required": [name]} for name in names]}


def _rule(model: Model, rule: Rule) -> list[Schema]:
    match rule:
        case Exclusive(groups=groups):
            sides = [_any_present(group) for group in groups]
            return [
                {"not": {"allOf": [one, other]}}
                for index, one in enumerate(sides)
                for other in sides[index + 1 :]
            ]
        case AnyOf(params=params):
            return [_any_present(params)]
        case OnlyWith(param=param, others=others):
            return [{"if": {"required": [param]}, "then": _any_present(others)}]
        case OnlyWhen():
            return [_only_when(model, rule)]
        case Unused():
            return []


def _only_when(model: Model, rule: OnlyWhen) -> Schema:
    """Express a rule on values with the defaults that stand in for what is not given."""
    param, other = model.param(rule.param), model.param(rule.other)
    when: Schema = {"properties": {rule.param: {"const": rule.value}}}
    if param is None or param.default != rule.value:
        when["required"] = [rule.param]
    then: Schema = {"properties": {rule.other: {"enum": list(rule.values)}}}
    if other is not None and other.default is not None and other.default not in rule.values:
        then["required"] = [rule.other]
    return {"if": when, "then": then}
