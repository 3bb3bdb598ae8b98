"""Drives adapters without a network: an exchange is answered by hand."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from rushes.catalog import Catalog, load
from rushes.catalog.schema import Model
from rushes.providers.aivideomaker import adapter as aivideomaker_adapter
from rushes.providers.base import Adapter, Answer, Call, Exchange, Order
from rushes.providers.mediaio import adapter as mediaio_adapter

PROVIDERS = ("mediaio", "aivideomaker")


@cache
def catalog() -> Catalog:
    return load()


@cache
def adapter(provider: str) -> Adapter:
    make = {"mediaio": mediaio_adapter, "aivideomaker": aivideomaker_adapter}[provider]
    return make(catalog().provider(provider), catalog().endpoints(provider))


def order(provider: str, asked: Mapping[str, Any]) -> Order:
    """Return the order that a sample asks for; what it leaves open is the first model's."""
    models = catalog().models(provider=provider)
    wanted = asked.get("model")
    model = next((each for each in models if each.id == wanted), models[0])
    return Order(
        model=model,
        params=asked.get("params", {"prompt": "a paper boat in a storm"}),
        idempotency_key=asked.get("idempotency_key"),
        max_credits=asked.get("max_credits"),
        callback_url=asked.get("callback_url"),
    )


def exchange(provider: str, action: str, asked: Mapping[str, Any]) -> Exchange[Any]:
    """Begin what a sample asks for."""
    ours = adapter(provider)
    begin: dict[str, Callable[[], Any]] = {
        "create": lambda: ours.create(order(provider, asked)),
        "query": lambda: ours.query(asked.get("task_id", "task-1")),
        "tasks": ours.tasks,
        "cancel": lambda: ours.cancel(asked.get("task_id", "task-1")),
        "balance": ours.balance,
        "quote": lambda: ours.quote(order(provider, asked)),
    }
    begun: Exchange[Any] = begin[action]()
    return begun


def run(begun: Exchange[Any], answer: Answer) -> tuple[list[Call], Any]:
    """Answer every call of an exchange alike; return the calls and what they meant."""
    calls: list[Call] = []
    try:
        calls.append(next(begun))
        while True:
            calls.append(begun.send(answer))
    except StopIteration as end:
        return calls, end.value


def wire_params(provider: str, body: Any) -> Any:
    """Return the parameters in a create's body."""
    return body.get("data", {}) if provider == "mediaio" else body


def with_param(model: Model, at: int, **changes: Any) -> Model:
    """Return the model with one of its parameters changed."""
    params = list(model.params)
    params[at] = msgspec.structs.replace(params[at], **changes)
    return msgspec.structs.replace(model, params=tuple(params))
