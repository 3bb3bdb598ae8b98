"""What a provider's `sandbox.py` sees of the sandbox: the protocols and records between them.

A provider's side is pure: it gets a `Request` and a `World`, and returns a `Reply`. The world
keeps accounts, tasks, time and media; the side knows paths, headers, envelopes, codes and
strictness. It never imports the adapter's `wire.py`, so that no mistake is made twice.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Protocol

import msgspec
from msgspec import Meta

from rushes.catalog.schema import Model

__all__ = [
    "NO_TWIST",
    "Account",
    "Action",
    "Look",
    "Phase",
    "Remembered",
    "Reply",
    "Request",
    "Rules",
    "Side",
    "Target",
    "Twist",
    "World",
]

Action = Literal["create", "query", "list", "status", "cancel", "balance", "quote"]
"""`query` shows a task whole, `status` only its status."""

Phase = Literal["queued", "running", "succeeded", "failed", "timed_out", "canceled"]


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the providers behave where their contracts leave it open. All are settings."""

    queries_per_minute: Annotated[
        int, Meta(ge=0, description="task queries a minute that AIVideoMaker answers one address")
    ] = 60
    creates_per_minute: Annotated[
        int, Meta(ge=0, description="creates a minute that a key may send; 0: no limit")
    ] = 0
    refund_seconds: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="how long after a failure or a cancel credits come back; none: never"),
    ] = 0.0
    invented_image_credits: Annotated[
        int, Meta(ge=0, description="price of an image where no price is published (invented)")
    ] = 5
    invented_video_credits: Annotated[
        int, Meta(ge=0, description="base price of a video where none is published (invented)")
    ] = 20
    invented_second_credits: Annotated[
        int, Meta(ge=0, description="price of each second of such a video (invented)")
    ] = 4

    mediaio_error_status: Annotated[
        int, Meta(ge=200, le=599, description="HTTP status beside a Media.io code other than 0")
    ] = 200
    charge_at: Annotated[
        Literal["create", "completion"], Meta(description="when Media.io takes credits")
    ] = "create"
    mediaio_refunds: Annotated[
        bool, Meta(description="whether Media.io gives credits back when a task fails")
    ] = True
    older_names: Annotated[
        bool, Meta(description="Media.io says pending and succeeded for waiting and completed")
    ] = False
    mediaio_result: Annotated[
        Literal["list", "object"],
        Meta(description="shape of Media.io's data.result (several outputs are always a list)"),
    ] = "list"
    mediaio_content_code: Annotated[
        int, Meta(ge=1, description="Media.io's code for refused content (invented)")
    ] = 490999
    mediaio_output_hours: Annotated[
        float, Meta(gt=0, description="how long Media.io keeps outputs")
    ] = 24.0
    mediaio_task_hours: Annotated[
        float, Meta(gt=0, description="how long Media.io answers for a task id")
    ] = 720.0

    new_fields: Annotated[
        bool,
        Meta(description="AIVideoMaker's newer fields: credits, idempotentReplay, errorCode"),
    ] = True
    money_headers: Annotated[
        bool, Meta(description="whether AIVideoMaker obeys Idempotency-Key and X-Max-Credits")
    ] = True
    idempotency_seconds: Annotated[
        float, Meta(ge=0, description="how long AIVideoMaker remembers an Idempotency-Key")
    ] = 86_400.0
    replay_status: Annotated[
        Literal["submitted", "current"],
        Meta(description="status in the answer to a create that was made before"),
    ] = "submitted"
    quote_live: Annotated[bool, Meta(description="whether the quote endpoint exists")] = True
    account_live: Annotated[bool, Meta(description="whether the account endpoint exists")] = True
    account_balance_field: Annotated[
        str, Meta(min_length=1, description="name of the balance in the account's answer")
    ] = "balance"
    list_cap: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="most tasks that a list shows; none: all"),
    ] = None
    list_delay_seconds: Annotated[
        float, Meta(ge=0, description="how late a new task appears in the list")
    ] = 0.0
    errors_as_200: Annotated[
        bool, Meta(description="AIVideoMaker refuses creates with HTTP 200 and status FAILED")
    ] = False
    output_url_field: Annotated[
        Literal["url", "videoUrl"], Meta(description="where a finished task carries its link")
    ] = "url"
    aivideomaker_output_hours: Annotated[
        float, Meta(gt=0, description="how long AIVideoMaker keeps outputs")
    ] = 24.0
    later_links_origin: Annotated[
        str, Meta(description="origin of a create's three links; empty: the sandbox's own")
    ] = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request. Header names are in lower case; `path` is without the query."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    address: str = "127.0.0.1"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer. `task_id` is for the request record."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    task_id: str | None = None


class Target(NamedTuple):
    """What a path of the provider's is for. `allow`: the methods that it takes, if not this one."""

    action: Action
    model: Model | None = None
    task_id: str | None = None
    allow: tuple[str, ...] = ()


class Twist(NamedTuple):
    """What a fault asks of this one exchange; `effect` is "" where nothing is wrong."""

    effect: str = ""
    word: str = ""
    code: int = 0
    status: int = 0
    reason: str = ""


NO_TWIST = Twist()


class Account(NamedTuple):
    """An account. `balance` is in credits, as of now."""

    number: int
    balance: int


class Look(NamedTuple):
    """A task as it stands now. Times are seconds since 1970; `params` is the JSON as it came."""

    id: str
    model: Model
    phase: Phase
    params: bytes
    created: float
    completed: float | None = None
    charged: int = 0
    refunded: int = 0
    reason: str = ""
    outputs: tuple[str, ...] = ()
    idempotency_key: str | None = None


class Remembered(NamedTuple):
    """An idempotency key that was used before: for which body, and which task it made."""

    digest: bytes
    task: Look


class World(Protocol):
    """One provider's part of the sandbox's world, for one request."""

    @property
    def rules(self) -> Rules:
        """The settings."""
        ...

    @property
    def twist(self) -> Twist:
        """What a fault asks of this exchange."""
        ...

    @property
    def origin(self) -> str:
        """The sandbox's own origin, such as `http://127.0.0.1:8000`."""
        ...

    def now(self) -> float:
        """The provider's clock: seconds since 1970."""
        ...

    def token(self) -> str:
        """32 new hexadecimal digits, for the id of a task or of this exchange."""
        ...

    def account(self, key: str) -> Account | None:
        """The key's account, made on first use; None for a key that is missing or bad."""
        ...

    def has_media(self, url: str) -> bool:
        """False for a link to the sandbox's own media host under which nothing lies."""
        ...

    def create(
        self,
        account: Account,
        *,
        model: Model,
        params: bytes,
        values: Mapping[str, Any],
        outputs: int,
        cost: int,
        charge_at: Literal["create", "completion"],
        refunds: bool,
        retention_seconds: float,
        task_id: str,
        idempotency: tuple[str, bytes] | None = None,
        callback: str | None = None,
    ) -> Look:
        """Accept a paid task. `idempotency` is the key with the digest of the body.

        `params` is the body's JSON, `values` the same as read.
        """
        ...

    def remembered(self, account: Account, key: str, seconds: float) -> Remembered | None:
        """What an idempotency key made within the last `seconds`."""
        ...

    def task(self, account: Account, task_id: str) -> Look | None:
        """Look at one of the account's own tasks."""
        ...

    def tasks(self, account: Account, *, before: float, cap: int | None) -> Iterable[Look]:
        """Look at the account's tasks that were created by `before`, newest first."""
        ...

    def cancel(self, account: Account, task_id: str) -> Look | None:
        """Cancel a task that is queued; None where it is not."""
        ...

    def wait(self, name: str, per_minute: int) -> float:
        """Count one use of `name`; 0.0, or the seconds until it may be used again."""
        ...


class Side(Protocol):
    """What `sandbox.py` of a provider offers, made by its `side(models)`."""

    provider: str
    key_header: str

    def find(self, method: str, path: str) -> Target | None:
        """Say what a path is for; None where it is not this provider's."""
        ...

    def answer(self, world: World, request: Request, target: Target) -> Reply:
        """Answer as the provider does; raises nothing for any request."""
        ...

    def trouble(self, world: World, status: int, message: str, code: int = 0) -> Reply:
        """Wrap an error of the given HTTP status in the provider's envelope."""
        ...
