"""Alters the catalog, one wire name or form at a time: a request sample must notice."""

from typing import get_args

import pytest

from rushes.catalog.schema import Form, Model, Param
from rushes.providers.samples import request_samples
from rushes.requests import check, from_wire, to_wire

from .driving import PROVIDERS, catalog, wire_params, with_param

PARAMS = [
    pytest.param(model, at, id=f"{model.full_id}-{param.name}")
    for provider in PROVIDERS
    for model in catalog().models(provider=provider)
    for at, param in enumerate(model.params)
]


def noticed(model: Model) -> bool:
    """Whether some sample says that this catalog entry is wrong."""
    for sample in request_samples(model.provider)[model.id]:
        wanted = wire_params(model.provider, sample.call.body)
        try:
            values = check(model, sample.request).values
            wire = to_wire(model, values)
            back = from_wire(model, wanted)
        except (AttributeError, TypeError, ValueError):
            return True
        if (wire, [type(value) for value in wire.values()]) != (
            {name: wanted.get(name) for name in wire},
            [type(wanted.get(name)) for name in wire],
        ):
            return True
        if wire.keys() != wanted.keys() or back != values:
            return True
        if not sample.request.items() <= values.items():
            return True
    return False


def same_on_the_wire(param: Param, form: Form) -> bool:
    """Whether another form writes each value that this parameter may have alike.

    Five forms write a value as it is; `digits` writes a text, or the word for a boolean, as it
    is too; and a choice without letters is its own upper case. No sample can tell these.
    """
    as_it_is = {"string", "strings", "string-or-strings", "integer", "boolean"}
    if param.kind == "choice" and all(str(one).upper() == one for one in param.choices):
        as_it_is.add("upper")
    if {param.form, form} <= as_it_is:
        return True
    texts = param.choices and all(isinstance(one, str) for one in param.choices)
    as_text = param.form == "word" or (param.form == "string" and bool(texts))
    return form == "digits" and (as_text or param.kind in {"text", "media"})


def test_the_untouched_catalog_is_right() -> None:
    """Without a change, no sample has anything to say."""
    for provider in PROVIDERS:
        for model in catalog().models(provider=provider):
            assert not noticed(model), model.full_id


@pytest.mark.parametrize(("model", "at"), PARAMS)
def test_a_wrong_wire_name_is_noticed(model: Model, at: int) -> None:
    """Each wire name is held by a sample."""
    assert noticed(with_param(model, at, wire=model.params[at].wire + "X"))
    assert noticed(with_param(model, at, wire=model.params[at].wire.swapcase()))


@pytest.mark.parametrize(("model", "at"), PARAMS)
def test_a_wrong_form_is_noticed(model: Model, at: int) -> None:
    """Each form is held by a sample, against every other that writes anything else."""
    param = model.params[at]
    others = [form for form in get_args(Form) if form != param.form]

    missed = [
        form
        for form in others
        if not same_on_the_wire(param, form) and not noticed(with_param(model, at, form=form))
    ]

    assert missed == []


@pytest.mark.parametrize(
    ("model", "at"),
    [one for one in PARAMS if one.values[0].params[one.values[1]].default is not None],  # type: ignore[union-attr]
)
def test_a_wrong_default_is_noticed(model: Model, at: int) -> None:
    """Each default is held by a sample, and so is that it is sent at all."""
    assert noticed(with_param(model, at, default=None))
    for choice in model.params[at].choices:
        if choice != model.params[at].default:
            assert noticed(with_param(model, at, default=choice)), choice


@pytest.mark.parametrize(("model", "at"), PARAMS)
def test_a_wrong_canonical_name_is_noticed(model: Model, at: int) -> None:
    """Each canonical name is held by a sample."""
    assert noticed(with_param(model, at, name=model.params[at].name + "_x"))
