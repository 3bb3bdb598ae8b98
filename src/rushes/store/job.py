"""The life of a job: its states, the arrows between them, and its records. Pure.

    queued     -> submitting | canceled | failed
    submitting -> running | uncertain | queued | failed | canceled
    uncertain  -> running | queued | failed | canceled
    running    -> archiving | failed | canceled | timed_out
    timed_out  -> archiving | failed | canceled
    archiving  -> succeeded | failed
    failed     -> archiving                 (only after OUTPUT_EXPIRED or OUTPUT_INVALID)

Each arrow is one transaction of the store. Anything that is not an arrow is refused.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

State = Literal[
    "queued",
    "submitting",
    "uncertain",
    "running",
    "timed_out",
    "archiving",
    "succeeded",
    "failed",
    "canceled",
]

ARROWS: Mapping[State, frozenset[State]] = {
    "queued": frozenset({"submitting", "canceled", "failed"}),
    "submitting": frozenset({"running", "uncertain", "queued", "failed", "canceled"}),
    "uncertain": frozenset({"running", "queued", "failed", "canceled"}),
    "running": frozenset({"archiving", "failed", "canceled", "timed_out"}),
    "timed_out": frozenset({"archiving", "failed", "canceled"}),
    "archiving": frozenset({"succeeded", "failed"}),
    "failed": frozenset({"archiving"}),
    "succeeded": frozenset(),
    "canceled": frozenset(),
}

ENDED: frozenset[State] = frozenset({"succeeded", "failed", "canceled"})
"""A job in one of these has nothing more to wait for."""

ACTIVE: frozenset[State] = frozenset(ARROWS) - ENDED
"""An engine still has something to do for a job in one of these, or a person for `uncertain`."""

NEVER = 1e12
"""A `next_at` that no clock reaches: only a person can move the job on."""

REARCHIVABLE = frozenset({"OUTPUT_EXPIRED", "OUTPUT_INVALID"})
"""A job that failed with one of these codes may be archived again."""


MUTABLE = frozenset(
    {
        "credential",
        "idempotency_key",
        "quote",
        "max_credits",
        "attempt",
        "task_id",
        "status",
        "cancel_wished_at",
        "submitted_at",
        "finished_at",
        "deadline_at",
        "expires_at",
        "seen_at",
        "next_at",
        "output_dir",
        "error",
        "differences",
        "owner",
    }
)
"""The fields of Job that a Change may set. State, claim, credits and outputs have their own ways;
the rest stays as it was inserted."""


def is_arrow(old: State, new: State, *, error_code: str | None = None) -> bool:
    """Say whether a job may go from `old` to `new`; `error_code` is that of the failed job."""
    if old == "failed" and error_code not in REARCHIVABLE:
        return False
    return new in ARROWS[old]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the store's records. Times are seconds since 1970, by our clock."""


QuoteSource = Literal["table", "provider", "learned", "unknown"]
EntryKind = Literal["reserve", "charge", "release", "refund"]
EntrySource = Literal["provider", "quote", "learned", "assumed"]
OutcomeWord = Literal["created", "not-created", "uncertain"]


class Quote(Record, frozen=True, kw_only=True):
    """What a request will cost, in the provider's credits, and who says so."""

    credits: int | None = None
    source: QuoteSource = "unknown"
    note: str = ""


class Credits(Record, frozen=True, kw_only=True):
    """What the ledger says of one job.

    `reserved` is what is still set aside: 0 once there is a charge or a release. `charged` is
    None until a charge is booked: an unknown price is never shown as 0.
    """

    reserved: int = 0
    charged: int | None = None
    refunded: int = 0


class Output(Record, frozen=True, kw_only=True):
    """One file that came out. `sha256` and what follows are None until it has been checked."""

    position: int
    url: str
    sha256: str | None = None
    file: str | None = None
    """Where the archive keeps it, relative to the archive's folder."""
    media_type: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    frames_per_second: float | None = None
    has_audio: bool | None = None
    archived_at: float | None = None
    copy: str | None = None
    """Where the user's own copy lies (`--output`)."""
    problem: dict[str, Any] | None = None
    """Why it is not here: an error's dict."""


class Job(Record, frozen=True, kw_only=True):
    """One request, from asking to archived output."""

    id: str
    state: State = "queued"
    provider: str
    model: str
    """With the provider: `mediaio/kling-3.0`."""
    sandbox: bool = False
    credential: str
    """Fingerprint of the key that submits it."""
    request: dict[str, Any]
    """Canonical; a local file stands as `sha256:...` of its bytes."""
    digest: str
    """SHA-256 of model and canonical request: two equal requests have equal digests."""
    request_id: str | None = None
    idempotency_key: str
    quote: Quote = Quote()
    max_credits: int | None = None
    attempt: int = 0
    """How many submissions there have been."""
    task_id: str | None = None
    status: str | None = None
    """The provider's own word for the task, last seen."""
    cancel_wished_at: float | None = None
    created_at: float
    submitted_at: float | None = None
    """When the provider's answer with the task id was recorded."""
    finished_at: float | None = None
    deadline_at: float | None = None
    expires_at: float | None = None
    """Until when the provider keeps the outputs, as far as is known."""
    seen_at: float | None = None
    next_at: float = 0.0
    """When there is next something to do."""
    output_dir: str | None = None
    error: dict[str, Any] | None = None
    differences: tuple[dict[str, Any], ...] = ()
    owner: str | None = None
    """The process that works on it."""
    claim: int = 0
    """Grows each time that a process takes the job; fences what an earlier one may still write."""
    outputs: tuple[Output, ...] = ()
    credits: Credits = Credits()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.state in ENDED


class Event(Record, frozen=True, kw_only=True):
    """Something that happened to a job. All that a user sees is read from these."""

    seq: int = 0
    job_id: str
    at: float
    kind: str
    """The state's name for an arrow; else `looked`, `cancel-wished`, `output`, `note`, ..."""
    state: State
    data: dict[str, Any] = {}


class Entry(Record, frozen=True, kw_only=True):
    """One movement of credits in the ledger; `credits` is never negative."""

    seq: int = 0
    job_id: str
    at: float
    kind: EntryKind
    credits: int
    source: EntrySource
    note: str = ""


class Submission(Record, frozen=True, kw_only=True):
    """One attempt to create the task: what was sent, and what came back.

    `headers` are without the key. `outcome` is None from the commit before the send until the
    commit after it: whoever finds it so later does not know what happened.
    """

    job_id: str
    attempt: int
    owner: str
    claim: int
    credential: str
    idempotency_key: str | None
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    body_file: str | None = None
    """A large body's file in the archive, instead of `body`."""
    at: float
    ended_at: float | None = None
    outcome: OutcomeWord | None = None
    status: int | None = None
    task_id: str | None = None
    code: str | None = None
    message: str = ""
    provider_code: str | None = None
    trace_id: str | None = None
    server_time: float | None = None
    """The provider's own clock, from the answer's Date header."""


class Change(Record, frozen=True, kw_only=True):
    """What one transaction does to one job: an arrow, new facts, an event, money, outputs.

    Applied whole or not at all. `to` None changes no state. `fence` is the (owner, claim) that
    must still hold the job; None for what counts whoever says it: evidence, and a person's word.
    `expect` are the states in which the change makes sense; None for any.
    """

    job_id: str
    to: State | None = None
    expect: frozenset[State] | None = None
    fence: tuple[str, int] | None = None
    fields: dict[str, Any] = {}
    """Columns of Job to set, by name: what is in MUTABLE. `owner` only to None, to let go."""
    free_task: str | None = None
    """A task that must belong to no other job yet: found by comparison, not by anyone's word."""
    kind: str | None = None
    """The event's kind; None: the arrow's state, or no event where there is no arrow."""
    data: dict[str, Any] = {}
    entries: tuple[Entry, ...] = ()
    refunded: int | None = None
    """What the provider says it has given back in all: what is not booked yet, is booked, never
    more than was charged. Safe to say again."""
    submission: Submission | None = None
    """Inserted, or replaced by (job, attempt)."""
    outputs: tuple[Output, ...] = ()
    """Inserted, or replaced by (job, position)."""
    at: float


class Owner(Record, frozen=True, kw_only=True):
    """A process that works on jobs; the operating system holds its lock file while it lives."""

    id: str
    host: str
    pid: int
    lock: str
    lease_until: float


class Cap(Record, frozen=True, kw_only=True):
    """A limit on credits: what is reserved or charged since `since` may not pass `limit`.

    `credential` None counts all. Sandbox jobs count only against sandbox jobs.
    """

    name: str
    limit: int
    since: float = 0.0
    credential: str | None = None
    next_step: str = ""
    """What a person who meets it can do."""
