"""Whatever a provider answers, an adapter reads it: no exception, nothing invented."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushes.providers.base import (
    Answer,
    Balance,
    CancelAccepted,
    CancelRefused,
    Created,
    NoTask,
    NotCreated,
    ProviderQuote,
    Task,
    Trouble,
    Uncertain,
)
from rushes.providers.samples import answer_samples

from .driving import PROVIDERS, exchange, run

CASES = [(provider, action) for provider in PROVIDERS for action in answer_samples(provider)]
MEANINGS: dict[str, tuple[type, ...]] = {
    "create": (Created, NotCreated, Uncertain),
    "query": (Task, NoTask, Trouble),
    "tasks": (tuple, Trouble),
    "cancel": (CancelAccepted, CancelRefused, NoTask, Trouble),
    "balance": (Balance, Trouble),
    "quote": (ProviderQuote, Trouble),
}
REFUSALS = {
    "mediaio": {374004, 490000, 490505},
    "aivideomaker": {200, 400, 401, 402, 404, 422},
}
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")

statuses = st.one_of(
    st.sampled_from([200, 201, 301, 400, 401, 402, 403, 404, 405, 409, 422, 429, 500, 502, 503]),
    st.integers(100, 599),
)
dates = st.sampled_from(
    ["Sun, 13 Sep 2026 10:00:00 GMT", "Sun, 99 Foo 2026", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
headers = st.dictionaries(
    st.sampled_from(["retry-after", "date", "content-type"]),
    st.one_of(st.text(max_size=40), st.integers().map(str), dates),
)
WORDS = """
code msg data task_id status reason result preview val trace_id credits id taskId message
errorCode idempotentReplay creditsCharged tasks output url videoUrl error input createdAt balance
currentBalance affordable SUBMITTED FAILED COMPLETED completed failed tv_1 task-1
https://cdn.example/a.mp4 INSUFFICIENT_CREDITS IDEMPOTENCY_CONFLICT 2026-09-13T10:00:00Z
"""
words = st.sampled_from(WORDS.split())
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 490000, 490505, 374004]),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    words,
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(words, st.text(max_size=5)), inner, max_size=6),
    ),
    max_leaves=25,
)


def bodies_of(provider: str, action: str) -> list[Any]:
    """Return the JSON bodies of all samples of one call."""
    found = (sample.answer.body for sample in answer_samples(provider)[action])
    return [msgspec.json.decode(body) for body in found if isinstance(body, msgspec.Raw)]


@st.composite
def mutants(draw: st.DrawFn, provider: str, action: str) -> Any:
    """Draw a sample's body with one place of it replaced or taken away."""
    body = msgspec.json.decode(
        msgspec.json.encode(draw(st.sampled_from(bodies_of(provider, action))))
    )
    inside = body
    while isinstance(inside, dict | list) and inside:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = draw(st.sampled_from(keys))
        if isinstance(inside[key], dict | list) and inside[key] and draw(st.booleans()):
            inside = inside[key]
        elif draw(st.booleans()):
            inside[key] = draw(trees)
            break
        else:
            del inside[key]
            break
    return body


@st.composite
def answers(draw: st.DrawFn, provider: str, action: str) -> Answer:
    """Draw an answer: any bytes, any JSON, a changed sample, or a part of one."""
    body = draw(
        st.one_of(
            st.binary(max_size=200),
            trees.map(msgspec.json.encode),
            mutants(provider, action).map(msgspec.json.encode),
        )
    )
    if draw(st.integers(0, 9)) == 0:
        body = body[: draw(st.integers(0, len(body)))]
    at = draw(st.floats(0, 2e9))
    return Answer(status=draw(statuses), headers=draw(headers), body=body, at=at)


def check_created(provider: str, answer: Answer, means: Created) -> None:
    """Assert that a task is claimed only on the provider's word."""
    fields = msgspec.json.decode(answer.body)
    assert SAFE_ID.fullmatch(means.task_id)
    if provider == "mediaio":
        assert fields["code"] == 0
        assert fields["code"] is not False
        assert fields["data"]["task_id"] == means.task_id
    else:
        assert fields["taskId"] == means.task_id
        assert fields["status"] in {"SUBMITTED", "PROGRESS", "COMPLETED", "CANCEL", "FAILED"}
        assert answer.status != 409


def check_not_created(provider: str, answer: Answer, means: NotCreated) -> None:
    """Assert that "surely nothing" is said only for a 429 or a documented refusal."""
    if answer.status == 429:
        assert means.again
        return
    fields = msgspec.json.decode(answer.body)
    if provider == "mediaio":
        assert fields["code"] in REFUSALS[provider]
        assert isinstance(fields["msg"], str)
        assert not means.again
    else:
        assert fields["status"] == "FAILED"
        assert answer.status in REFUSALS[provider] or 200 <= answer.status < 300


@pytest.mark.parametrize(("provider", "action"), CASES)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_answer_is_read(provider: str, action: str, data: st.DataObject) -> None:
    """No answer raises; each means one of the records, with bounded words and safe facts."""
    answer = data.draw(answers(provider, action))

    calls, means = run(exchange(provider, action, {"task_id": "tv_1"}), answer)

    assert len(calls) == 1
    assert isinstance(means, MEANINGS[action])
    for record in means if isinstance(means, tuple) else (means,):
        message = getattr(record, "message", "")
        assert len(message) <= 500
        assert message.isprintable()
        wait = getattr(record, "retry_after", None)
        assert wait is None or 0 <= wait <= 86_400
    if isinstance(means, Created):
        check_created(provider, answer, means)
    if isinstance(means, NotCreated):
        check_not_created(provider, answer, means)
    if isinstance(means, Task):
        assert means.id == "tv_1"
        assert all(output.url.startswith(("http://", "https://")) for output in means.outputs)


@pytest.mark.parametrize(("provider", "action"), CASES)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 50_000,
        b'{"code":' * 5_000,
        b'{"code": 0, "data": ' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"code": ' + b"9" * 5_000 + b"}",
        b'{"code": 1e400}',
        b'"\\ud800"',
        b'{"msg": "\\ud83d", "message": "\\ud83d"}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe\x00",
        b"<" * 100_000,
    ],
    ids=range(10),
)
def test_a_hostile_answer_is_read(provider: str, action: str, body: bytes) -> None:
    """Deep, huge and broken answers are read as any other that is not documented."""
    _, means = run(exchange(provider, action, {"task_id": "tv_1"}), Answer(status=200, body=body))

    assert isinstance(means, (Uncertain, Trouble, CancelAccepted, Balance))
    assert action != "balance" or getattr(means, "credits", None) is None
