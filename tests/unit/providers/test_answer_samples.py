from typing import Any

import msgspec
import pytest

from rushes.providers import base
from rushes.providers.samples import AnswerSample, SampleAnswer, answer_samples

from .driving import PROVIDERS, exchange, run

SAMPLES = [
    pytest.param(provider, action, sample, id=f"{provider}-{action}-{sample.about}")
    for provider in PROVIDERS
    for action, samples in answer_samples(provider).items()
    for sample in samples
]
SENT = [one for one in SAMPLES if one.values[2].call is not None]  # type: ignore[union-attr]


def expected(kind: str, fields: dict[str, Any]) -> Any:
    """Return the record that a sample spells; one without a message has any."""
    if kind == "Tasks":
        return tuple(expected("Task", task) for task in fields["tasks"])
    record = getattr(base, kind)
    names = msgspec.structs.fields(record)
    needed = {field.name: "" for field in names if field.required and field.name == "message"}
    return msgspec.convert(needed | fields, type=record)


def without_message(means: Any) -> Any:
    if isinstance(means, tuple):
        return tuple(without_message(each) for each in means)
    if hasattr(means, "message"):
        return msgspec.structs.replace(means, message="")
    return means


@pytest.mark.parametrize(("provider", "action", "sample"), SAMPLES)
def test_an_answer_means_what_its_sample_says(
    provider: str, action: str, sample: AnswerSample
) -> None:
    """Kind and fields are the sample's, all others at their defaults; a message is in ours."""
    fields = dict(sample.means)
    wanted = expected(fields.pop("kind"), fields)

    _, means = run(exchange(provider, action, sample.asked), sample.answer.answer())

    assert type(means) is type(wanted)
    assert without_message(means) == without_message(wanted)
    assert sample.means.get("message", "") in getattr(means, "message", "")
    if isinstance(means, tuple):
        assert [task.message for task in means] == [task.message for task in wanted]


@pytest.mark.parametrize(("provider", "action", "sample"), SAMPLES)
def test_what_ends_badly_says_why(provider: str, action: str, sample: AnswerSample) -> None:
    """Every refusal, uncertainty and trouble carries words and the provider's code or status."""
    _, means = run(exchange(provider, action, sample.asked), sample.answer.answer())

    if isinstance(means, base.NotCreated | base.Uncertain | base.Trouble):
        assert means.message
        assert means.provider_code


@pytest.mark.parametrize(("provider", "action", "sample"), SENT)
def test_what_goes_out_is_the_samples_call(
    provider: str, action: str, sample: AnswerSample
) -> None:
    """One call goes out: method, escaped path, every header and the body; paid if a create."""
    calls, _ = run(exchange(provider, action, sample.asked), sample.answer.answer())

    (call,) = calls
    wanted = sample.call
    assert wanted is not None
    assert (call.method, call.path) == (wanted.method, wanted.path)
    assert dict(call.headers) == wanted.headers
    assert len(call.headers) == len(wanted.headers)
    assert (msgspec.json.decode(call.body) if call.body else None) == wanted.body
    assert call.paid == (action == "create")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_call_has_samples(provider: str) -> None:
    """Each call that a provider offers has answers, the first of which pins what goes out."""
    calls = {"create", "query", "balance"}
    if provider == "aivideomaker":
        calls |= {"tasks", "cancel", "quote"}

    samples = answer_samples(provider)

    assert samples.keys() == calls
    assert all(each[0].call is not None for each in samples.values())


def test_links_in_an_answer_are_not_used() -> None:
    """A create's absolute links change no later call's address."""
    created = next(one for one in answer_samples("aivideomaker")["create"])
    assert b"elsewhere.example" in created.answer.answer().body
    run(exchange("aivideomaker", "create", created.asked), created.answer.answer())

    empty = SampleAnswer(status=200, text="").answer()
    calls = [
        call
        for action in ("query", "cancel", "tasks", "balance")
        for call in run(exchange("aivideomaker", action, {"task_id": "tv_7f3a9c"}), empty)[0]
    ]

    assert [call.path for call in calls] == [
        "/api/v1/tasks/tv_7f3a9c",
        "/api/v1/tasks/tv_7f3a9c/cancel",
        "/api/v1/tasks",
        "/api/v1/account",
    ]
