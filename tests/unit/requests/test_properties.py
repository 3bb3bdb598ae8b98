"""Check, schema and wire agree on every request of every model."""

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no types

from rushes.catalog import load
from rushes.catalog.schema import Model, Param
from rushes.requests import check, describe, from_wire, json_schema, to_wire

CATALOG = load()
MODELS = CATALOG.models()
SCHEMAS = {model.full_id: json_schema(model) for model in MODELS}
VALIDATORS = {key: Draft202012Validator(schema) for key, schema in SCHEMAS.items()}
ONE_FILE = {param.name for model in MODELS for param in model.params if param.kind == "media"}

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_id)
urls = st.integers(0, 99).map("https://example.com/input/{}.bin".format)
texts = st.text(min_size=1, max_size=60).filter(lambda text: text.strip() != "")


def values_of(param: Param) -> st.SearchStrategy[Any]:
    """Draw canonical values that the parameter takes alone."""
    match param.kind:
        case "text":
            return texts
        case "texts":
            return texts | st.lists(texts, min_size=1, max_size=param.max_items)
        case "choice":
            return st.sampled_from(param.choices)
        case "integer":
            return st.integers(param.minimum, param.maximum)
        case "boolean":
            return st.booleans()
        case "media":
            return urls
        case "medias":
            several = st.lists(urls, min_size=param.min_items or 1, max_size=param.max_items or 5)
            return several if param.min_items else urls | several


@st.composite
def requests_of(draw: st.DrawFn, model: Model) -> dict[str, Any]:
    """Draw canonical requests: each value alone is right, the rules may be broken."""
    request = {}
    for param in model.params:
        if param.required or draw(st.booleans()):
            request[param.name] = draw(values_of(param))
    return request


@st.composite
def wrong_requests_of(draw: st.DrawFn, model: Model) -> dict[str, Any]:
    """Draw requests with one canonical value that may be wrong."""
    request = draw(requests_of(model))
    name = draw(st.sampled_from([param.name for param in model.params]))
    param = model.param(name)
    assert param is not None
    wrong: list[st.SearchStrategy[Any]] = [st.just("no such value"), st.integers(-3, 30)]
    if param.kind in {"text", "texts"}:
        wrong = [st.just(""), st.just(" \n"), st.integers(), st.just([]), st.just(["a"] * 7)]
        if param.max_length:
            wrong.append(st.just("a" * (param.max_length + 1)))
    elif param.media:
        wrong = [
            st.just(""),
            st.just("ftp://example.com/a"),
            st.just("https://"),
            st.just("data:what"),
            st.just([]),
            st.just(["https://example.com/a"] * 10),
            st.integers(),
            st.just([5]),
        ]
    match draw(st.integers(0, 4)):
        case 0:
            request.pop(name, None)
        case 1:
            request["no_such_parameter"] = "x"
        case 2:
            request["count"] = draw(st.integers(-1, 6))
        case _:
            request[name] = draw(st.one_of(wrong))
    return request


@every_model
def test_every_schema_is_a_schema(model: Model) -> None:
    """Valid by its own draft, closed, and with a word on each parameter."""
    schema = SCHEMAS[model.full_id]
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert schema["title"] == model.full_id
    for param in model.params:
        described = schema["properties"][param.name]
        assert described["description"] == describe(param)
        assert f"On the wire: {param.wire}" in described["description"]
        assert described.get("default") == param.default
    assert set(schema["properties"]) == {param.name for param in model.params} | {"count"}


@every_model
@settings(max_examples=40)
@given(data=st.data())
def test_schema_and_check_agree_on_right_values(model: Model, data: st.DataObject) -> None:
    """Where each value alone is right, both find the same rules broken or kept."""
    request = data.draw(requests_of(model))
    problems = check(model, request, CATALOG).problems
    faults = list(VALIDATORS[model.full_id].iter_errors(request))
    assert bool(problems) == bool(faults), (problems, faults)


@every_model
@settings(max_examples=60)
@given(data=st.data())
def test_what_the_schema_refuses_check_refuses(model: Model, data: st.DataObject) -> None:
    """A wrong value in the canonical vocabulary is wrong to both, and a right one right."""
    request = data.draw(wrong_requests_of(model))
    problems = check(model, request, CATALOG).problems
    faults = list(VALIDATORS[model.full_id].iter_errors(request))
    # A list where one file goes is a form that `check` reads beyond the schema.
    assume(not any(isinstance(request.get(name), list) for name in ONE_FILE))
    assert bool(problems) == bool(faults), (problems, faults)


@every_model
@settings(max_examples=40)
@given(data=st.data())
def test_the_wire_is_read_back_as_it_was_written(model: Model, data: st.DataObject) -> None:
    """Every right request returns from its wire form unchanged, and changes nothing in passing."""
    request = data.draw(requests_of(model))
    before = copy.deepcopy(request)
    checked = check(model, request)
    assume(not checked.problems)
    wire = to_wire(model, checked.values)
    assert request == before
    assert set(wire) <= {param.wire for param in model.params}
    assert from_wire(model, wire) == checked.values
    again = check(model, wire)
    assert again.problems == ()
    assert again.values == checked.values
    assert list(again.values) == list(checked.values)


@every_model
def test_each_default_stands_on_the_wire_in_the_providers_form(model: Model) -> None:
    """A canonical default, sent and read back, is itself."""
    for param in model.params:
        if param.default is not None:
            wire = to_wire(model, {param.name: param.default})
            assert list(wire) == [param.wire]
            assert from_wire(model, wire) == {param.name: param.default}
