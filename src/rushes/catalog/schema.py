"""What a catalog file may say, as frozen records.

A catalog file is TOML: one `[provider]`, its `[[endpoint]]`s, its `[[model]]`s, and in a
user's own file also `[[price]]`s that override. Unknown keys are refused. Facts about a
provider come from its published contract; `as_of` says of which day.

Words: a parameter's `name` is Rushes' own (`duration`), its `wire` name the provider's
(`ratio`), and its `form` says how one canonical value is written on the wire (`seconds`: 5 is
"5s"). Values in `choices`, `default`, rules and prices are canonical.
"""

from typing import Literal

import msgspec

Capability = Literal[
    "text-to-image",
    "image-to-image",
    "text-to-video",
    "image-to-video",
    "reference-to-video",
    "video-to-video",
    "long-video",
]

Kind = Literal["text", "texts", "choice", "integer", "boolean", "media", "medias"]
"""The type of a canonical value: str, list of str, one of `choices`, int, bool, one media
input, list of media inputs."""

Form = Literal[
    "string",  # the canonical text as it is
    "strings",  # a list of strings
    "string-or-strings",  # one: a string; several: a list
    "integer",  # 5
    "digits",  # "5"
    "seconds",  # "5s"
    "upper",  # "720P", "1K"
    "pixels",  # 720 for "720p"
    "boolean",  # true
    "word",  # "True"
]

Scalar = str | int | bool
MediaKind = Literal["image", "video", "audio"]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all catalog records: frozen, by keyword, no unknown key."""


class MediaLimits(Record, frozen=True, kw_only=True):
    """What a media input must be. Sizes are pixels.

    A megabyte is read as 1,000,000 bytes: the stricter of the two readings, since the contract
    does not say which is meant. `aspect_ratio` is (narrowest, widest) as "width:height".
    `transports` are the forms in which the provider takes it.
    """

    kind: MediaKind
    transports: tuple[Literal["url", "data"], ...] = ("url",)
    formats: tuple[str, ...] = ()
    max_megabytes: float | None = None
    min_pixels: tuple[int, int] | None = None
    max_pixels: tuple[int, int] | None = None
    aspect_ratio: tuple[str, str] | None = None
    frames_per_second: tuple[float, float] | None = None
    seconds: tuple[float, float] | None = None


class Param(Record, frozen=True, kw_only=True):
    """One parameter of a model."""

    name: str
    wire: str
    kind: Kind
    form: Form
    required: bool = False
    nullable: bool = False
    choices: tuple[Scalar, ...] = ()
    default: Scalar | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    media: MediaLimits | None = None
    note: str = ""


class Exclusive(Record, frozen=True, kw_only=True, tag="exclusive", tag_field="rule"):
    """No parameter of one group may stand beside one of another group."""

    groups: tuple[tuple[str, ...], ...]


class AnyOf(Record, frozen=True, kw_only=True, tag="any-of", tag_field="rule"):
    """At least one of these must be given."""

    params: tuple[str, ...]


class OnlyWith(Record, frozen=True, kw_only=True, tag="only-with", tag_field="rule"):
    """`param` may be given only together with at least one of `others`."""

    param: str
    others: tuple[str, ...]


class OnlyWhen(Record, frozen=True, kw_only=True, tag="only-when", tag_field="rule"):
    """`param` may have `value` only when `other` is one of `values`."""

    param: str
    value: Scalar
    other: str
    values: tuple[Scalar, ...]


class Unused(Record, frozen=True, kw_only=True, tag="unused", tag_field="rule"):
    """The provider does not use `param` when `given` is given.

    It is then sent only when the user gave it, with a warning.
    """

    param: str
    given: str


Rule = Exclusive | AnyOf | OnlyWith | OnlyWhen | Unused


class Surcharge(Record, frozen=True, kw_only=True):
    """Credits added to the rate when `param` has `value`."""

    param: str
    value: Scalar
    credits: float


class Price(Record, frozen=True, kw_only=True):
    """What a generation costs: quantity x (rate + surcharges), in the provider's credits.

    The quantity is 1, the duration in seconds, or the number of prompt segments. `rates` gives
    the rate by the value of the parameter `by`; without `by`, `rate` is the rate.
    """

    per: Literal["generation", "second", "segment"]
    rate: float | None = None
    by: str | None = None
    rates: dict[str, float] = {}
    surcharges: tuple[Surcharge, ...] = ()
    as_of: str
    source: str = "contract"


class Model(Record, frozen=True, kw_only=True):
    """One model of one provider. `id` is without the provider: `kling-3.0`.

    `name` is the provider's exact name, which stands in the path where the path names the
    model; `title` is the provider's name for people, where it has another one.
    """

    id: str
    name: str
    title: str = ""
    capabilities: tuple[Capability, ...]
    path: str
    method: Literal["POST"] = "POST"
    params: tuple[Param, ...]
    rules: tuple[Rule, ...] = ()
    prices: tuple[Price, ...] = ()
    """Oldest first; the last one holds."""
    price_note: str = ""
    model_code: str | None = None
    api_id: int | None = None
    aliases: tuple[str, ...] = ()
    segment_seconds: int | None = None
    """How long one segment of a list of prompts becomes."""
    note: str = ""
    provider: str = ""
    """Set when loaded; a user's own file names the provider once, in `[provider]`."""

    @property
    def full_id(self) -> str:
        """`mediaio/kling-3.0`."""
        return f"{self.provider}/{self.id}"

    @property
    def label(self) -> str:
        """The name for people: `Kling 3.0`."""
        return self.title or self.name

    @property
    def makes(self) -> Literal["image", "video"]:
        """What comes out."""
        return "image" if self.capabilities[0].endswith("-image") else "video"

    @property
    def price(self) -> Price | None:
        """The price that holds, or None where nobody publishes one."""
        return self.prices[-1] if self.prices else None

    def param(self, name: str) -> Param | None:
        """Return the parameter of that canonical name."""
        return next((param for param in self.params if param.name == name), None)


class Family(Record, frozen=True, kw_only=True):
    """A short id for models that differ in required inputs: `wan-2.6`.

    Members stand with the most demanding first; the first whose required media inputs are all
    given is meant, else the last. A member may have the family's id as its provider's name
    (`Wan 2.6`): that name then means the family.
    """

    id: str
    members: tuple[str, ...]
    provider: str = ""


class Endpoint(Record, frozen=True, kw_only=True):
    """One call of the provider's API that is not the create of one model."""

    action: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    name: str = ""
    model_code: str | None = None
    api_id: int | None = None
    note: str = ""


class Auth(Record, frozen=True, kw_only=True):
    """How the key travels, and where it is looked for, first wins."""

    header: str
    environment: tuple[str, ...]
    note: str = ""


class Pages(Record, frozen=True, kw_only=True):
    """Pages for people."""

    key: str
    docs: str


class PollPlan(Record, frozen=True, kw_only=True):
    """When a task is looked at. Seconds.

    `first`, `growth` and `longest` hold while nothing has been learned about its model; from
    then on `usual` is the pause at the age at which half of the model's tasks have ended.
    `source` says whose figures these are.
    """

    first: float = 2.0
    growth: float = 1.5
    longest: float = 15.0
    usual: float = 3.6
    deadline: float = 3600.0
    queries_per_minute: int | None = None
    source: str = "ours"


class Provider(Record, frozen=True, kw_only=True):
    """One provider, as its catalog file's head says."""

    id: str
    title: str
    base_url: str
    as_of: str
    auth: Auth
    pages: Pages
    poll: PollPlan
    output_retention_hours: float | None = None
    usd_per_credit: float | None = None
    idempotency_key_hours: float | None = None
    """How long the provider remembers an idempotency key; None: not published, or no such key."""
    can_cancel: bool = False
    can_list: bool = False
    can_quote: bool = False
    media_note: str = ""


class ProviderRef(Record, frozen=True, kw_only=True):
    """In a user's own file: the provider whose models or prices the file adds to."""

    id: str


class PriceOverride(Record, frozen=True, kw_only=True):
    """In a user's own file: a price for a model that the catalog knows."""

    model: str
    price: Price


class CatalogFile(Record, frozen=True, kw_only=True):
    """One packaged catalog file."""

    schema: Literal[1]
    provider: Provider
    endpoint: tuple[Endpoint, ...] = ()
    model: tuple[Model, ...] = ()
    family: tuple[Family, ...] = ()


class UserFile(Record, frozen=True, kw_only=True):
    """One file of the user's own, in the folder `catalog` of the home folder."""

    schema: Literal[1]
    provider: ProviderRef
    model: tuple[Model, ...] = ()
    family: tuple[Family, ...] = ()
    price: tuple[PriceOverride, ...] = ()
