import msgspec
import pytest

from rushes.catalog.schema import Model
from rushes.providers.base import Answer, Order
from rushes.providers.samples import RequestSample, request_samples
from rushes.requests import check, from_wire, to_wire

from .driving import PROVIDERS, adapter, catalog, run, wire_params

SAMPLES = [
    pytest.param(catalog().model(f"{provider}/{model}"), sample, id=f"{provider}/{model}-{number}")
    for provider in PROVIDERS
    for model, samples in request_samples(provider).items()
    for number, sample in enumerate(samples)
]


def test_every_model_has_samples() -> None:
    """The 31 models of the catalog are those of the samples, and nothing else is."""
    sampled = [f"{one}/{model}" for one in PROVIDERS for model in request_samples(one)]
    packaged = [model.full_id for one in PROVIDERS for model in catalog().models(provider=one)]

    assert sorted(sampled) == sorted(packaged)
    assert len(sampled) == 31


@pytest.mark.parametrize(("model", "sample"), SAMPLES)
def test_canonical_in_exact_wire_out(model: Model, sample: RequestSample) -> None:
    """A canonical request becomes the sample's wire parameters, no more and no less."""
    checked = check(model, sample.request)

    assert checked.problems == ()
    wire = to_wire(model, checked.values)
    assert wire == wire_params(model.provider, sample.call.body)
    assert [type(wire[name]) for name in wire] == [
        type(wire_params(model.provider, sample.call.body)[name]) for name in wire
    ]


@pytest.mark.parametrize(("model", "sample"), SAMPLES)
def test_wire_back_to_canonical(model: Model, sample: RequestSample) -> None:
    """The sample's wire parameters read back are the request with its defaults."""
    back = from_wire(model, wire_params(model.provider, sample.call.body))

    assert back == check(model, sample.request).values
    assert sample.request.items() <= back.items()


@pytest.mark.parametrize(
    ("model", "sample"),
    [one for one in SAMPLES if one.values[1].given],  # type: ignore[union-attr]
)
def test_other_words_for_the_same_request(model: Model, sample: RequestSample) -> None:
    """The provider's own names and forms mean the canonical request."""
    assert sample.given is not None
    checked = check(model, sample.given)

    assert checked.problems == ()
    assert checked.values == check(model, sample.request).values


@pytest.mark.parametrize(("model", "sample"), SAMPLES)
def test_the_create_that_goes_out(model: Model, sample: RequestSample) -> None:
    """The adapter puts the wire parameters into the sample's call, once, marked as paid."""
    wanted = wire_params(model.provider, sample.call.body)

    exchange = adapter(model.provider).create(Order(model=model, params=wanted))
    calls, _ = run(exchange, Answer(status=500))

    (call,) = calls
    assert call.paid
    assert (call.method, call.path) == (sample.call.method, sample.call.path)
    assert msgspec.json.decode(call.body) == sample.call.body
    assert ("Content-Type", "application/json") in call.headers


@pytest.mark.parametrize("model", [m for p in PROVIDERS for m in catalog().models(provider=p)])
def test_samples_hold_every_parameter_and_choice(model: Model) -> None:
    """No parameter of a model, and no value of a choice, is left without a sample."""
    samples = request_samples(model.provider)[model.id]
    seen = [check(model, sample.request).values for sample in samples]

    for param in model.params:
        values = [values[param.name] for values in seen if param.name in values]
        assert values, param.name
        assert set(param.choices) <= {value for value in values if not isinstance(value, list)}
        if param.kind == "boolean":
            assert set(values) == {True, False}
