"""Load a provider's literal samples, which arbitrate between catalog, adapter and sandbox.

They are written by hand from the provider's contract. A request sample says what goes out for
a canonical request; an answer sample says what an answer means.
"""

from importlib.resources import files
from typing import Any

import msgspec

from rushes.providers.base import Answer

__all__ = ["AnswerSample", "RequestSample", "SampleCall", "answer_samples", "request_samples"]


class SampleCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HTTP request, without the key. `headers` are those beyond what HTTP itself needs."""

    method: str
    path: str
    headers: dict[str, str] = {}
    body: Any = None


class RequestSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A canonical request and the create that it becomes.

    `given`, where present, is the same request in other words that are accepted too, such as
    the provider's own names and forms.
    """

    about: str
    request: dict[str, Any]
    given: dict[str, Any] | None = None
    call: SampleCall


class SampleAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HTTP answer: a JSON body, or text as it is."""

    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    text: str = ""
    at: float = 0.0

    def answer(self) -> Answer:
        """Return the record that an adapter reads."""
        body = self.text.encode() if self.body is msgspec.UNSET else bytes(self.body)
        return Answer(status=self.status, headers=self.headers, body=body, at=self.at)


class AnswerSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was asked, what came, and what it means.

    `asked` holds an order's or query's facts, `call` what must go out for them, `means` the
    record: its kind and every field that is not at its default. A message is a part of the
    record's own.
    """

    about: str
    asked: dict[str, Any] = {}
    call: SampleCall | None = None
    answer: SampleAnswer
    means: dict[str, Any]


def request_samples(provider: str) -> dict[str, tuple[RequestSample, ...]]:
    """Return a packaged provider's request samples by model id."""
    return {
        name.removesuffix(".json"): msgspec.json.decode(data, type=tuple[RequestSample, ...])
        for name, data in _read(provider, "requests")
    }


def answer_samples(provider: str) -> dict[str, tuple[AnswerSample, ...]]:
    """Return a packaged provider's answer samples by what was asked: create, query, ..."""
    return {
        name.removesuffix(".json"): msgspec.json.decode(data, type=tuple[AnswerSample, ...])
        for name, data in _read(provider, "answers")
    }


def _read(provider: str, folder: str) -> list[tuple[str, bytes]]:
    found = files("rushes.providers") / provider / "samples" / folder
    return sorted((file.name, file.read_bytes()) for file in found.iterdir())
