"""AIVideoMaker's wire, our side: requests out, answers in.

An answer is a bare JSON object. An error is `{status: "FAILED", message, errorCode?}`, also
with HTTP 200. The absolute links in answers are never used: later calls go under the
configured base URL.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from rushes.catalog.schema import Endpoint, Provider
from rushes.providers.aivideomaker.tasks import PHASES, read_list, read_row, read_task
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
    ProviderQuote,
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
    retry_after,
    shown,
    task_id,
    text,
    whole,
)

__all__ = ["AiVideoMakerAdapter"]

_REFUSALS = {
    400: "INVALID_PAYLOAD",
    401: "AUTH_FAILED",
    402: "INSUFFICIENT_CREDITS",
    404: "UNKNOWN_ERROR",
    422: "CONTENT_REFUSED",
}
"""What an HTTP status of the closed list means for a create, where no code says more."""

_KINDS = {
    "INVALID_PAYLOAD",
    "AUTH_FAILED",
    "INSUFFICIENT_CREDITS",
    "BUDGET_EXCEEDED",
    "CONTENT_REFUSED",
    "RATE_LIMITED",
}
_READ_KINDS = {"INVALID_PAYLOAD", "AUTH_FAILED", "INSUFFICIENT_CREDITS", "RATE_LIMITED"}
_BUDGET = re.compile(r"credit|budget|ceiling", re.IGNORECASE)
_TOO_FEW = re.compile(r"insufficient credits\W*", re.IGNORECASE)
_BALANCE_NAMES = ("balance", "credits", "currentBalance")


class _Said(NamedTuple):
    fields: Mapping[str, Any]
    readable: bool
    failed: bool
    """Whether this has the error body's status; a failed task has it too, with an id."""
    kind: str
    """`errorCode` in the contract's spelling, or ""."""
    provider_code: str
    message: str


class AiVideoMakerAdapter:
    """The adapter for AIVideoMaker."""

    def __init__(self, provider: Provider, endpoints: Sequence[Endpoint]) -> None:
        self.provider = provider.id
        self._list = endpoint_where(endpoints, action="listTasks")
        self._task = endpoint_where(endpoints, action="getTask")
        self._cancel = endpoint_where(endpoints, action="cancelTask")
        self._account = endpoint_where(endpoints, action="account")
        self._quote = endpoint_where(endpoints, action="quote")

    def create(self, order: Order) -> Exchange[Outcome]:
        """Create a task, with the order's idempotency key, cap and callback as headers."""
        path, params = fill(order.model.path, order.params)
        answer = yield Call(
            method="POST",
            path=path,
            headers=_create_headers(order),
            body=msgspec.json.encode(params),
            paid=True,
        )
        said = _said(answer)
        created = _created(answer, said)
        if created:
            return created
        refusal = _refusal(answer, said, capped=order.max_credits is not None)
        if refusal:
            return NotCreated(
                code=refusal,
                message=said.message or _no_words(answer),
                provider_code=said.provider_code,
                retry_after=retry_after(answer) if refusal == "RATE_LIMITED" else None,
                again=refusal == "RATE_LIMITED",
            )
        return Uncertain(message=_undocumented(answer, said), provider_code=said.provider_code)

    def query(self, task_id: str) -> Exchange[Task | NoTask | Trouble]:
        """Look at one task. An error body with HTTP 200 is not taken for a failed task."""
        answer = yield Call(method="GET", path=fill(self._task.path, {"taskId": task_id})[0])
        said = _said(answer)
        shown_id = said.fields.get("id")
        if not is_success(answer) or (said.failed and not shown_id):
            return _no_task(answer, said) or _trouble(answer, said)
        if isinstance(shown_id, str) and shown_id not in ("", task_id):
            return _unlike(said, f"The answer is about another task, {text(shown_id, 100)}.")
        task = read_task(said.fields, id=task_id)
        return task if task.status else _unlike(said, shown(answer))

    def tasks(self, among: Collection[str] | None = None) -> Exchange[tuple[Task, ...] | Trouble]:
        """List the key's tasks, newest first.

        A list with an entry that cannot be read is trouble as a whole: it could not show
        that a task is absent.
        """
        answer = yield Call(method="GET", path=self._list.path)
        listed = read_list(answer.body) if is_success(answer) else None
        if listed is None or listed.failed:
            said = _said(answer)
            if not is_success(answer) or said.failed:
                return _trouble(answer, said)
            return _unlike(said, shown(answer))
        found = []
        for number, row in enumerate(listed.rows, 1):
            task = read_row(row, among)
            if task is None:
                message = f"In the list, task {number} of {len(listed.rows)} has no id."
                return _unlike(_said(answer), message)
            if among is None or task.id in among:
                found.append(task)
        return tuple(found)

    def cancel(self, task_id: str) -> Exchange[CancelAccepted | CancelRefused | NoTask | Trouble]:
        """Ask for a cancel, which is possible only while the task is queued."""
        answer = yield Call(method="PUT", path=fill(self._cancel.path, {"taskId": task_id})[0])
        said = _said(answer)
        if is_success(answer) and not said.failed and (said.readable or not answer.body.strip()):
            return CancelAccepted()
        no_task = _no_task(answer, said)
        if no_task:
            return no_task
        closed = answer.status == 400 or is_success(answer)
        if said.failed and closed and said.kind not in _READ_KINDS - {"INVALID_PAYLOAD"}:
            return CancelRefused(said.message or "The task can no longer be canceled.")
        return _trouble(answer, said)

    def balance(self) -> Exchange[Balance | Trouble]:
        """Ask the account.

        The provider does not publish this answer's fields. Its quote calls the balance
        `currentBalance`; a whole number under that name, `balance` or `credits`, at the top or
        under `data`, is taken for it, unless two of them differ. Else the balance is None.
        """
        answer = yield Call(method="GET", path=self._account.path)
        said = _said(answer)
        if not is_success(answer) or not said.readable or said.failed:
            return _trouble(answer, said)
        inner = said.fields.get("data")
        places = (said.fields, inner if isinstance(inner, dict) else {})
        seen = {
            place[name]
            for place in places
            for name in _BALANCE_NAMES
            if isinstance(place.get(name), int) and not isinstance(place[name], bool)
        }
        return Balance(credits=seen.pop() if len(seen) == 1 else None)

    def quote(self, order: Order) -> Exchange[ProviderQuote | Trouble]:
        """Ask the price of an order."""
        params = fill(order.model.path, order.params)[1]
        name = order.model.path.rsplit("/", 1)[-1]
        answer = yield Call(
            method="POST",
            path=fill(self._quote.path, {"model": name})[0],
            headers=JSON_HEADERS,
            body=msgspec.json.encode(params),
        )
        said = _said(answer)
        if not is_success(answer) or said.failed:
            return _trouble(answer, said)
        price = whole(said.fields.get("credits"))
        if price is None:
            return _unlike(said, shown(answer))
        affordable = said.fields.get("affordable")
        return ProviderQuote(
            credits=price,
            balance=whole(said.fields.get("currentBalance")),
            affordable=affordable if isinstance(affordable, bool) else None,
        )


def _create_headers(order: Order) -> tuple[tuple[str, str], ...]:
    headers = list(JSON_HEADERS)
    if order.idempotency_key is not None:
        headers.append(("Idempotency-Key", order.idempotency_key))
    if order.max_credits is not None:
        headers.append(("X-Max-Credits", str(order.max_credits)))
    if order.callback_url is not None:
        headers.append(("webhookUrl", order.callback_url))
    return tuple(headers)


def _said(answer: Answer) -> _Said:
    fields = json_object(answer.body)
    known = fields or {}
    code = text(known.get("errorCode"), 60)
    return _Said(
        fields=known,
        readable=fields is not None,
        failed=known.get("status") == "FAILED",
        kind=re.sub(r"[\s-]+", "_", code).upper(),
        provider_code=code or str(answer.status),
        message=text(known.get("message")),
    )


def _created(answer: Answer, said: _Said) -> Created | None:
    """Read the documented answer to a create, whatever the HTTP status, save 409.

    (That one is about another body under the same key, and so about another order's task.)
    A create that replays an earlier one may show the task as it is by now, even failed.
    """
    known = task_id(said.fields.get("taskId"))
    replayed = said.fields.get("idempotentReplay")
    status = said.fields.get("status")
    if known is None or answer.status == 409 or said.kind == "IDEMPOTENCY_CONFLICT":
        return None
    if not isinstance(status, str) or status not in PHASES:
        return None
    if said.failed and replayed is not True:
        return None
    return Created(
        task_id=known,
        credits=whole(said.fields.get("creditsCharged")),
        replayed=replayed if isinstance(replayed, bool) else None,
    )


def _refusal(answer: Answer, said: _Said, *, capped: bool) -> str | None:
    """Return the code of a create that surely made nothing; None where that is not sure."""
    if answer.status == 429:
        return "RATE_LIMITED"
    listed = is_success(answer) or answer.status in _REFUSALS
    if not said.failed or not listed or said.kind == "IDEMPOTENCY_CONFLICT":
        return None
    if said.kind in _KINDS:
        return said.kind
    if answer.status == 422 and capped and _BUDGET.search(said.message):
        return "BUDGET_EXCEEDED"
    if is_success(answer) and _TOO_FEW.fullmatch(said.message):
        return "INSUFFICIENT_CREDITS"
    return _REFUSALS.get(answer.status, "UNKNOWN_ERROR")


def _no_words(answer: Answer) -> str:
    return "Too many requests" if answer.status == 429 else shown(answer)


def _undocumented(answer: Answer, said: _Said) -> str:
    """Say what came that is on no list, with whatever task it may name."""
    named = text(said.fields.get("taskId"), 100)
    if not said.message and not named:
        return shown(answer)
    words = f": {said.message}" if said.message else ""
    task = f" (it names the task {named})" if named else ""
    return text(f"HTTP {answer.status}, code {said.provider_code}{task}{words}")


def _no_task(answer: Answer, said: _Said) -> NoTask | None:
    told_by_code = said.kind == "TASK_NOT_FOUND" and is_success(answer)
    told_by_status = answer.status == 404 and said.kind not in _READ_KINDS
    if not said.failed or not (told_by_code or told_by_status):
        return None
    return NoTask(message=said.message, provider_code=said.provider_code)


def _trouble(answer: Answer, said: _Said) -> Trouble:
    return Trouble(
        code=_trouble_code(answer, said),
        message=said.message or _no_words(answer),
        provider_code=said.provider_code,
        retry_after=retry_after(answer),
    )


def _trouble_code(answer: Answer, said: _Said) -> str:
    if answer.status == 429:
        return "RATE_LIMITED"
    if answer.status >= 500:
        return "NETWORK_ERROR"
    if not said.failed:
        return "UNKNOWN_ERROR"
    if said.kind in _READ_KINDS:
        return said.kind
    if is_success(answer) and _TOO_FEW.fullmatch(said.message):
        return "INSUFFICIENT_CREDITS"
    code = _REFUSALS.get(answer.status, "")
    return code if code in _READ_KINDS else "UNKNOWN_ERROR"


def _unlike(said: _Said, message: str) -> Trouble:
    """A success that does not hold what it should."""
    return Trouble(code="UNKNOWN_ERROR", message=message, provider_code=said.provider_code)
