"""The blocking client is the asynchronous one without `await`: names, parameters, docstrings."""

import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_type_hints

import pytest

from rushes.client.aio import AsyncRushes
from rushes.client.blocking import Job, Rushes
from rushes.client.job import AsyncJob

PAIRS = [(Rushes, AsyncRushes), (Job, AsyncJob)]
ASYNC_ONLY = {"session", "archive", "record"}
"""What the engine's own callers need, and a blocking program does not."""

ATTRIBUTES = {"config", "new", "warnings"}
"""Set in the asynchronous constructors, properties of the blocking classes."""


def public(kind: type) -> dict[str, Any]:
    return {
        name: value
        for base in reversed(kind.__mro__[:-1])
        for name, value in vars(base).items()
        if not name.startswith("_")
    }


def made_blocking(hint: Any) -> Any:
    """Turn the asynchronous client's types into those of the blocking one."""
    text = str(hint)
    for old, new in (
        ("rushes.client.job.AsyncJob", "rushes.client.blocking_job.Job"),
        ("AsyncIterator", "Iterator"),
    ):
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(("blocking", "asynchronous"), PAIRS)
def test_the_same_names(blocking: type, asynchronous: type) -> None:
    """What one has, the other has."""
    theirs = set(public(asynchronous)) - ASYNC_ONLY
    assert set(public(blocking)) - ATTRIBUTES == theirs - ATTRIBUTES


@pytest.mark.parametrize(
    ("blocking", "asynchronous", "name"),
    [
        (blocking, asynchronous, name)
        for blocking, asynchronous in PAIRS
        for name, value in public(blocking).items()
        if callable(value) or isinstance(value, property)
    ],
)
def test_the_same_parameters_and_docstrings(blocking: type, asynchronous: type, name: str) -> None:
    """Names, order, kinds, defaults and types of the parameters, what comes back, and the words."""
    ours, theirs = public(blocking)[name], public(asynchronous).get(name)
    if theirs is None:
        assert name in ATTRIBUTES
        return
    assert inspect.getdoc(ours) == inspect.getdoc(theirs)
    if isinstance(ours, property):
        ours, theirs = ours.fget, theirs.fget
    one, other = inspect.signature(ours), inspect.signature(theirs)
    shape = [(each.name, each.kind, each.default) for each in one.parameters.values()]
    assert shape == [(each.name, each.kind, each.default) for each in other.parameters.values()]
    hints = {key: str(hint) for key, hint in get_type_hints(ours).items()}
    assert hints == {key: made_blocking(hint) for key, hint in get_type_hints(theirs).items()}


def test_what_is_iterated_is_iterated_in_both() -> None:
    """Events come one by one, without and with `async for`."""
    assert get_type_hints(Job.events)["return"].__origin__ is Iterator
    assert get_type_hints(AsyncJob.events)["return"].__origin__ is AsyncIterator


def test_both_are_made_from_the_same_settings() -> None:
    """The constructors take the same arguments, and their class docstrings list them."""
    one, other = inspect.signature(Rushes), inspect.signature(AsyncRushes)
    assert list(one.parameters) == list(other.parameters)
    for name in one.parameters:
        assert f"{name}:" in str(Rushes.__doc__)
        assert f"{name}:" in str(AsyncRushes.__doc__)
