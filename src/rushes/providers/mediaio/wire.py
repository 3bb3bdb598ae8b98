"""Media.io's wire, our side: requests out, answers in.

Every call is a POST that answers with one envelope, `{code, msg, data, trace_id}`; an error
may come with HTTP 200, so the code decides, and which HTTP status goes with it is not
published. There is no idempotency key, no cancel, no list, no webhook and no price.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from rushes.catalog.schema import Endpoint, Provider
from rushes.providers.base import (
    Answer,
    Balance,
    Call,
    CancelAccepted,
    CancelRefused,
    Created,
    Exchange,
    NoTask,
    NotCreated,
    Order,
    Outcome,
    Phase,
    ProviderQuote,
    RemoteOutput,
    Task,
    Trouble,
    Uncertain,
)
from rushes.providers.reading import (
    JSON_HEADERS,
    endpoint_where,
    fill,
    is_success,
    json_object,
    link,
    retry_after,
    shown,
    task_id,
    text,
    whole,
)

__all__ = ["MediaIoAdapter"]

_REFUSALS = {
    374004: ("AUTH_FAILED", "not authenticated"),
    490000: ("INVALID_PAYLOAD", "parameter error"),
    490505: ("INSUFFICIENT_CREDITS", "insufficient credits"),
}
"""The closed list of refusals: code, ours, and the words for an empty `msg`."""

_PHASES: Mapping[str, Phase] = {
    "waiting": "queued",
    "pending": "queued",
    "processing": "running",
    "completed": "succeeded",
    "succeeded": "succeeded",
    "failed": "failed",
    "timeout": "timed_out",
}

_ENDS = {"failed": "GENERATION_FAILED", "timed_out": "TIMED_OUT"}
"""A refusal of the content has no published code, so it cannot be told from other failures."""

_MOST_OUTPUTS = 100


class _Said(NamedTuple):
    code: int | None
    documented: bool
    """Whether the envelope's own fields are there."""
    provider_code: str
    message: str
    data: Mapping[str, Any]
    trace_id: str | None


class MediaIoAdapter:
    """The adapter for Media.io."""

    def __init__(self, provider: Provider, endpoints: Sequence[Endpoint]) -> None:
        self.provider = provider.id
        self._credits = endpoint_where(endpoints, model_code="user-credits")
        self._result = endpoint_where(endpoints, model_code="generation-result")

    def create(self, order: Order) -> Exchange[Outcome]:
        """Create a task.

        Media.io takes no idempotency key, cap or callback; an order's are not sent.
        """
        answer = yield _call(order.model.path, order.params, paid=True)
        said = _said(answer)
        task = task_id(said.data.get("task_id"))
        if said.code == 0 and task:
            return Created(task_id=task, trace_id=said.trace_id)
        if answer.status == 429:
            return NotCreated(
                code="RATE_LIMITED",
                message=said.message or "Too many requests",
                provider_code=said.provider_code,
                retry_after=retry_after(answer),
                again=True,
                trace_id=said.trace_id,
            )
        if said.documented and said.code in _REFUSALS and not said.data.get("task_id"):
            code, words = _REFUSALS[said.code]
            return NotCreated(
                code=code,
                message=said.message or words,
                provider_code=said.provider_code,
                trace_id=said.trace_id,
            )
        return Uncertain(
            message=_undocumented(answer, said),
            provider_code=said.provider_code,
            trace_id=said.trace_id,
        )

    def query(self, task_id: str) -> Exchange[Task | NoTask | Trouble]:
        """Look at one task. Media.io documents no answer that says "no such task"."""
        answer = yield _call(self._result.path, {"task_id": task_id})
        said = _said(answer)
        if said.code != 0 or not is_success(answer):
            return _trouble(answer, said)
        named = said.data.get("task_id")
        if isinstance(named, str) and named not in ("", task_id):
            return _unlike(said, f"The answer is about another task, {text(named, 100)}.")
        status = text(said.data.get("status"), 60)
        if not status:
            return _unlike(said, shown(answer))
        phase = _PHASES.get(status, "unknown")
        reason = text(said.data.get("reason"))
        return Task(
            id=task_id,
            phase=phase,
            status=status,
            outputs=_outputs(said.data.get("result")) if phase == "succeeded" else (),
            code=_ENDS.get(phase),
            message="" if reason == "success" else reason,
            trace_id=said.trace_id,
        )

    def tasks(self, among: Collection[str] | None = None) -> None:
        """Return None: Media.io has no list of tasks."""
        return

    def cancel(self, task_id: str) -> Exchange[CancelAccepted | CancelRefused | NoTask | Trouble]:
        """Refuse without a call: Media.io has no cancel."""
        return CancelRefused("Media.io cannot cancel a task.")
        yield  # makes this an exchange, of no calls

    def balance(self) -> Exchange[Balance | Trouble]:
        """Ask the account's credits."""
        answer = yield _call(self._credits.path, {})
        said = _said(answer)
        if said.code != 0 or not is_success(answer):
            return _trouble(answer, said)
        left = whole(said.data.get("credits"))
        return Balance(credits=left) if left is not None else _unlike(said, shown(answer))

    def quote(self, order: Order) -> Exchange[ProviderQuote | Trouble] | None:
        """Return None: Media.io publishes no prices."""
        return None


def _call(path: str, params: Mapping[str, Any], *, paid: bool = False) -> Call:
    """Build a call: a parameter that the path names goes there, the others under `data`."""
    path, rest = fill(path, params)
    body = msgspec.json.encode({"data": rest} if rest else {})
    return Call(method="POST", path=path, headers=JSON_HEADERS, body=body, paid=paid)


def _said(answer: Answer) -> _Said:
    fields = json_object(answer.body) or {}
    code = fields.get("code")
    data = fields.get("data")
    number = code if isinstance(code, int) and not isinstance(code, bool) else None
    return _Said(
        code=number,
        documented=number is not None and isinstance(fields.get("msg"), str),
        provider_code=text(code, 60) or str(answer.status),
        message=text(fields.get("msg")),
        data=data if isinstance(data, dict) else {},
        trace_id=text(fields.get("trace_id"), 200) or None,
    )


def _undocumented(answer: Answer, said: _Said) -> str:
    """Say what came that is on no list, with whatever task it may name."""
    named = text(said.data.get("task_id"), 100)
    if not said.message and not named:
        return shown(answer)
    words = f": {said.message}" if said.message else ""
    task = f" (it names the task {named})" if named else ""
    return text(f"HTTP {answer.status}, code {said.provider_code}{task}{words}")


def _trouble(answer: Answer, said: _Said) -> Trouble:
    if answer.status == 429:
        code, words = "RATE_LIMITED", "Too many requests"
    elif said.documented and said.code in _REFUSALS:
        code, words = _REFUSALS[said.code]
    else:
        code = "NETWORK_ERROR" if answer.status >= 500 else "UNKNOWN_ERROR"
        words = shown(answer)
    return Trouble(
        code=code,
        message=said.message or words,
        provider_code=said.provider_code,
        retry_after=retry_after(answer),
        trace_id=said.trace_id,
    )


def _unlike(said: _Said, message: str) -> Trouble:
    """A success that does not hold what it should."""
    return Trouble(
        code="UNKNOWN_ERROR",
        message=message,
        provider_code=said.provider_code,
        trace_id=said.trace_id,
    )


def _outputs(result: Any) -> tuple[RemoteOutput, ...]:
    """Read the outputs of a result, a list (as documented) or an object (as in older docs).

    The link is `preview`; `val` is a path inside the provider. Of an older object nothing more
    is published: its values are looked at as if they were a list's, and where no `preview` is
    found at all, a plain link in their place is taken.
    """
    if isinstance(result, dict):
        items = [result] if "preview" in result else list(result.values())
    else:
        items = result if isinstance(result, list) else [result]
    flat = [one for item in items for one in (item if isinstance(item, list) else [item])]
    records = [one for one in flat[:_MOST_OUTPUTS] if isinstance(one, dict)]
    found = [
        RemoteOutput(url=url, note=text(one.get("status"), 60))
        for one in records
        if (url := link(one.get("preview")))
    ]
    if not found:
        found = [RemoteOutput(url=url) for one in flat[:_MOST_OUTPUTS] if (url := link(one))]
    return tuple(found)
