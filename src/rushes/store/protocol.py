"""What the engine asks of a store. One contract suite runs against every implementation."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import msgspec

from rushes.store.job import Cap, Change, Entry, Event, Job, Owner, State, Submission

CommitHook = Callable[[str], None]
"""Called in the writer right before and right after each commit, with "before" or "after"."""


class Stale(Exception):
    """The change does not fit the job as it now stands; `job` is that job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        super().__init__(f"job {job.id} is {job.state}, held by {job.owner} at claim {job.claim}")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list, the last inserted first. None: any."""

    states: frozenset[State] | None = None
    provider: str | None = None
    model: str | None = None
    sandbox: bool | None = None
    credential: str | None = None
    task_id: str | None = None
    """The job's task, or that of one of its submissions."""
    since: float | None = None
    before: str | None = None
    """Only jobs older than this job id: a cursor."""
    expires_before: float | None = None
    limit: int = 100


class Inserted(msgspec.Struct, frozen=True, kw_only=True):
    """The job that stands for the request, and whether this call made it."""

    job: Job
    new: bool


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """How long one task took: last seen unfinished, first seen finished, seconds after submit."""

    model: str
    sandbox: bool
    unfinished: float
    finished: float
    at: float


class PriceSample(msgspec.Struct, frozen=True, kw_only=True):
    """By how many credits the balance fell for one job that was alone on the account.

    `terms` are what the price may depend on: the request without its prompt and media.
    """

    job_id: str
    model: str
    terms: str
    credits: int
    at: float


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What the jobs of one local day, model and credential come to, in the provider's credits.

    A job counts on the day on which it was asked for, as it does under a cap. `provider_said`,
    `by_quote`, `learned` and `assumed` are the parts of `charged` by who said so.
    """

    day: str
    """`2026-11-21`, by this machine's clock."""
    provider: str
    model: str
    credential: str
    jobs: int
    reserved: int
    charged: int
    refunded: int
    provider_said: int
    by_quote: int
    learned: int
    assumed: int
    unknown: int
    """How many jobs succeeded without anybody saying what they cost."""
    sandbox: bool


class InFlight(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs of a credential have not ended, and how many of them no living owner has."""

    credential: str
    provider: str
    sandbox: bool
    jobs: int
    unheld: int


class Store(Protocol):
    """Durable jobs. Every write is one transaction, durable when the call returns.

    All methods may be called from any task of the event loop that opened the store. A disk
    that is full or broken raises StoreError.
    """

    def open(self) -> Awaitable[None]:
        """Open or create; migrate an older layout; refuse a newer one (StoreError)."""
        ...

    def close(self) -> Awaitable[None]:
        """Finish what was begun, then close."""
        ...

    def insert(
        self, job: Job, *, entries: Sequence[Entry] = (), caps: Sequence[Cap] = ()
    ) -> Awaitable[Inserted]:
        """Insert a job with its `queued` event, or find the one with its request id.

        In one transaction: a request id that is bound to an equal digest gives that job; to
        another digest raises IdempotencyConflict; entries that would pass a cap raise
        BudgetExceeded, and nothing is stored or bound. A job's `credits` are those of the
        entries. An id that is taken raises StoreError.
        """
        ...

    def apply(self, change: Change) -> Awaitable[Job]:
        """Apply one change, and return the job as it then stands.

        Raises Stale when fence, `expect`, the arrow or `free_task` does not fit, JobNotFound, and
        ValueError for a field that no change may set. A job that ends, or is changed when it has
        ended, is let go: its `owner` is None.
        """
        ...

    def job(self, job_id: str) -> Awaitable[Job]:
        """Return one job with its outputs and sums. Raises JobNotFound."""
        ...

    def find(self, fragment: str) -> Awaitable[Job]:
        """Return the job whose id is, or alone begins or ends with, `fragment`.

        Less than a whole id needs at least 4 characters. Raises JobNotFound, naming the
        candidates where there are several.
        """
        ...

    def jobs(self, filter: Filter) -> Awaitable[list[Job]]:
        """List jobs, newest first."""
        ...

    def count(self, filter: Filter) -> Awaitable[dict[State, int]]:
        """Count jobs by state, without the limit."""
        ...

    def events(
        self, *, after: int = 0, job_id: str | None = None, limit: int = 1000
    ) -> Awaitable[list[Event]]:
        """List events with a greater `seq`, oldest first."""
        ...

    def submissions(self, job_id: str) -> Awaitable[list[Submission]]:
        """List a job's submissions, first first."""
        ...

    def entries(self, job_id: str) -> Awaitable[list[Entry]]:
        """List a job's ledger entries, oldest first."""
        ...

    def tasks_owned(self, provider: str, task_ids: Collection[str]) -> Awaitable[set[str]]:
        """Return those of the task ids that belong to a job or a submission of ours."""
        ...

    # Who works on what.

    def claim(
        self,
        owner: str,
        *,
        now: float,
        states: Collection[State],
        credentials: Collection[str],
        limit: int,
    ) -> Awaitable[list[Job]]:
        """Take due jobs (`next_at` <= now) of these credentials that no living owner holds.

        Those that `owner` holds already are not returned again. Each taken job's `claim` grows.
        Soonest to expire first, then soonest due. An owner lives while its lease lasts: until
        then nobody takes its jobs; without a row it is dead.
        """
        ...

    def register(self, owner: Owner) -> Awaitable[None]:
        """Add an owner, or renew its lease."""
        ...

    def owners(self) -> Awaitable[list[Owner]]:
        """List all owners, also those whose lease has ended."""
        ...

    def release(self, owner: str) -> Awaitable[int]:
        """Forget an owner and free all its jobs; returns how many."""
        ...

    # Small shared facts.

    def take_query(self, key: str, *, now: float, per_minute: int) -> Awaitable[float]:
        """Take one query from a shared budget; returns how many seconds to wait before sending.

        0 when it may go at once. Queries are spaced evenly: at most `per_minute` in any minute,
        whichever processes ask.
        """
        ...

    def block_queries(self, key: str, *, until: float) -> Awaitable[None]:
        """Let nobody query before `until` (Retry-After)."""
        ...

    def blocked_until(self, key: str) -> Awaitable[float]:
        """Return until when nobody may query, 0 for never: asked again after a wait for a place."""
        ...

    def add_sample(self, sample: Sample) -> Awaitable[None]:
        """Remember how long a task took; only the newest 2,000 of a model are kept."""
        ...

    def samples(self, model: str, *, sandbox: bool) -> Awaitable[list[Sample]]:
        """Return what is known of a model's times, newest first."""
        ...

    def is_alone(self, job_id: str, *, since: float) -> Awaitable[bool]:
        """Say whether no other job can have moved the account's balance between `since` and now.

        Every other real job of the provider counts that was sent and had not ended by then, and
        one that ended badly less than an hour before: credits may still come back for it. A
        sandbox job is never alone.
        """
        ...

    def learn_price(self, sample: PriceSample, *, alone_since: float) -> Awaitable[bool]:
        """Keep what a job was seen to cost, if it was alone since then; says whether it was kept.

        Only the newest 200 of a model's equal terms are kept, and one of each job.
        """
        ...

    def price_samples(self, model: str, terms: str) -> Awaitable[list[PriceSample]]:
        """Return what such a request of a model was seen to cost, newest first."""
        ...

    def check_caps(self, job: Job, caps: Sequence[Cap]) -> Awaitable[None]:
        """Raise BudgetExceeded if a job that is not stored, with its `credits`, passed a cap now.

        For previews: only `insert` holds the caps.
        """
        ...

    def spend(self, *, since: float, sandbox: bool) -> Awaitable[list[Spent]]:
        """Sum the jobs that were asked for since then by local day, model and credential."""
        ...

    def allow_unpriced(self, model: str, credential: str) -> Awaitable[None]:
        """Remember a person's word that this model may be used without a known price."""
        ...

    def is_unpriced_allowed(self, model: str, credential: str) -> Awaitable[bool]:
        """Say whether that word has been given."""
        ...

    def remember(self, name: str, value: str) -> Awaitable[None]:
        """Keep a small fact under its name, in the place of an older one."""
        ...

    def recall(self, name: str) -> Awaitable[str | None]:
        """Return the fact of that name, or None."""
        ...

    def recall_all(self, prefix: str) -> Awaitable[dict[str, str]]:
        """Return the facts whose names begin so, by the rest of their names."""
        ...

    def in_flight(self, *, now: float) -> Awaitable[list[InFlight]]:
        """Count the jobs that have not ended, by credential."""
        ...

    def secret(self) -> Awaitable[bytes]:
        """Return this store's own 32 random bytes, made once: the key of fingerprints."""
        ...

    def watch_changes(self) -> Awaitable[int]:
        """Return a number that differs after any process has committed; cheap to ask."""
        ...
