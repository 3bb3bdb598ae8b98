"""What the engine asks of a provider, and the records in which it asks and is answered.

An adapter does no I/O: each of its methods is a generator that yields `Call`s and receives
`Answer`s, and returns what they mean. At most one call of an exchange is `paid`. The engine
adds the key, commits a paid call's exact bytes before it goes out, and sends it once.
"""

from collections.abc import Collection, Generator, Mapping
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from rushes.catalog.schema import Model

T = TypeVar("T")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, without the key. `path` is under the provider's base URL."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    paid: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One complete HTTP answer. Header names are in lower case. `at` is our time of arrival."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
    at: float = 0.0


Exchange = Generator[Call, Answer, T]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a create or a quote needs: the model and the wire body's parameters."""

    model: Model
    params: Mapping[str, Any]
    """Wire names and wire values, defaults included, in the catalog's order."""
    idempotency_key: str | None = None
    max_credits: int | None = None
    callback_url: str | None = None


class Created(msgspec.Struct, frozen=True, kw_only=True, tag="created"):
    """The provider made a task."""

    task_id: str
    credits: int | None = None
    replayed: bool | None = None
    """True: the provider says that it had made this task before, for the same idempotency key."""
    trace_id: str | None = None


class NotCreated(msgspec.Struct, frozen=True, kw_only=True, tag="not-created"):
    """Surely no task was made. `again`: worth another try (429), else a documented refusal."""

    code: str
    message: str
    provider_code: str | None = None
    retry_after: float | None = None
    again: bool = False
    trace_id: str | None = None


class Uncertain(msgspec.Struct, frozen=True, kw_only=True, tag="uncertain"):
    """A task may or may not have been made."""

    message: str
    provider_code: str | None = None
    trace_id: str | None = None


Outcome = Created | NotCreated | Uncertain

Phase = Literal["queued", "running", "succeeded", "failed", "canceled", "timed_out", "unknown"]


class RemoteOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One file that the provider offers."""

    url: str
    note: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the provider shows it. What an answer does not say is None."""

    id: str
    phase: Phase
    status: str
    """The provider's own word."""
    outputs: tuple[RemoteOutput, ...] = ()
    code: str | None = None
    """For a phase that ended badly: GENERATION_FAILED, CONTENT_REFUSED, TIMED_OUT."""
    message: str = ""
    credits_charged: int | None = None
    credits_refunded: int | None = None
    created_at: float | None = None
    completed_at: float | None = None
    idempotency_key: str | None = None
    model: str | None = None
    """The provider's name of the model."""
    params: Mapping[str, Any] | None = None
    """The wire body's parameters, where shown."""
    trace_id: str | None = None


class NoTask(msgspec.Struct, frozen=True, kw_only=True):
    """The provider says that it knows no such task (under this key)."""

    message: str = ""
    provider_code: str | None = None
    trace_id: str | None = None


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is not a create was not answered as documented.

    `code` is RATE_LIMITED, AUTH_FAILED, INSUFFICIENT_CREDITS, INVALID_PAYLOAD, NETWORK_ERROR
    (5xx) or UNKNOWN_ERROR.
    """

    code: str
    message: str
    provider_code: str | None = None
    retry_after: float | None = None
    trace_id: str | None = None


class CancelAccepted(msgspec.Struct, frozen=True):
    """The provider took the cancel; whether the task is canceled its next look says."""


class CancelRefused(msgspec.Struct, frozen=True):
    """The provider says that the task can no longer be canceled, or it never cancels."""

    message: str = ""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Credits on the account; None where the answer holds no balance that we know to read."""

    credits: int | None
    models: tuple[str, ...] = ()


class ProviderQuote(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's own price for an order, in its credits."""

    credits: int
    balance: int | None = None
    affordable: bool | None = None


class Adapter(Protocol):
    """One provider's wire. Every method is pure; none raises for anything a provider answers."""

    provider: str

    def create(self, order: Order) -> Exchange[Outcome]:
        """Create a task; the call is marked as paid."""
        ...

    def query(self, task_id: str) -> Exchange[Task | NoTask | Trouble]:
        """Look at one task."""
        ...

    def tasks(
        self, among: Collection[str] | None = None
    ) -> Exchange[tuple[Task, ...] | Trouble] | None:
        """List the key's tasks, newest first; None where the provider has no list.

        `among` are the ids of tasks whose ends are waited for: of others nothing is said, and one
        that has not ended may come with id, phase and status alone. None: all tasks, whole.
        """
        ...

    def cancel(self, task_id: str) -> Exchange[CancelAccepted | CancelRefused | NoTask | Trouble]:
        """Ask for a cancel; refused without a call where the provider never cancels."""
        ...

    def balance(self) -> Exchange[Balance | Trouble]:
        """Ask the balance; never billed."""
        ...

    def quote(self, order: Order) -> Exchange[ProviderQuote | Trouble] | None:
        """Ask the price of an order; never billed; None where the provider has no quote."""
        ...
