from typing import Any

import pytest

from rushes.catalog import load
from rushes.sandbox import Sandbox

from .calling import Client, sample_calls

CALLS = sample_calls()


def _sent(client: Client, call: dict[str, Any], body: Any) -> bool:
    """Send a create, and say whether a task was made."""
    before = client.sandbox.creates()
    if call["path"].startswith("/api/"):
        client.avm(call["method"], call["path"].removeprefix("/api/v1/"), body)
    else:
        client.mediaio(call["path"], body)
    return client.sandbox.creates() > before


@pytest.fixture
def rich(sandbox: Sandbox) -> Client:
    sandbox.add_credits("a-rich-key", 10**9)
    return Client(sandbox, "a-rich-key")


def test_every_sample_is_accepted(rich: Client) -> None:
    """Each literal request body makes a task of its model."""
    assert CALLS
    refused = [name for name, call in CALLS if not _sent(rich, call, call["body"])]
    assert refused == []


def test_samples_are_there_for_every_model() -> None:
    """Each model of the catalog has its samples."""
    sampled = {call["path"] for _, call in CALLS}
    assert {model.path for model in load().models()} <= sampled


WRONG_VALUES: tuple[Any, ...] = (None, [], {}, "", 7.5, -1, True, "nonsense", ["nonsense", 5])


def test_one_wrong_value_is_refused(rich: Client) -> None:
    """In the richest sample of each model, no value but text takes nonsense of another form."""
    richest: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, call in CALLS:
        held = richest.get(call["path"])
        if held is None or len(_params(call["body"])) > len(_params(held[1]["body"])):
            richest[call["path"]] = (name, call)
    models = {model.path: model for model in load().models()}
    taken = []
    for path, (name, call) in richest.items():
        for param in models[path].params:
            if param.wire not in _params(call["body"]):
                continue
            for value in WRONG_VALUES:
                if _fits(param, value):
                    continue
                params = _params(call["body"]) | {param.wire: value}
                body = {"data": params} if "data" in call["body"] else params
                if _sent(rich, call, body):
                    taken.append((name, param.wire, value))
    assert taken == []


def _params(body: dict[str, Any]) -> dict[str, Any]:
    return body["data"] if set(body) == {"data"} else body


def _fits(param: Any, value: Any) -> bool:
    if value is None:
        return bool(param.nullable)
    if param.kind == "text":
        return isinstance(value, str) and (bool(value) or not param.required)
    if param.form == "boolean":
        return isinstance(value, bool)
    if value == []:
        return not param.required and not (param.min_items or param.form == "string-or-strings")
    return False
