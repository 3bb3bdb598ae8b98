"""Faults: which requests they meet, and what they do to them."""

import random
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from rushes.errors import SetupError

__all__ = ["ACTIONS", "EFFECTS", "Effect", "Fault", "Met", "met", "parse_fault"]

Action = Literal[
    "create", "query", "list", "status", "cancel", "balance", "quote", "download", "media", "any"
]
ACTIONS: tuple[str, ...] = get_args(Action)

API = ("create", "query", "list", "status", "cancel", "balance", "quote")
FILES = ("download", "media")
LOOKS = ("query", "list", "status")


class Effect(NamedTuple):
    """What a fault can do. `processed`: whether the request took effect, unless the fault says."""

    help: str
    actions: tuple[str, ...] = API + FILES
    processed: bool | None = None
    options: tuple[str, ...] = ()


EFFECTS: Mapping[str, Effect] = {
    "drop-answer": Effect("carried out, then closed without an answer", processed=True),
    "reset-answer": Effect("carried out, then reset (RST)", processed=True),
    "drop-request": Effect("read, not carried out, closed", processed=False),
    "reset-request": Effect("read, not carried out, reset (RST)", processed=False),
    "reset-early": Effect("reset (RST) before the body is read", processed=False),
    "status": Effect(
        "an HTTP status: status, retry_after (seconds), retry_after_form, body, code",
        processed=False,
        options=("status", "retry_after", "retry_after_form", "body", "code", "reason"),
    ),
    "redirect": Effect("307 to location", processed=False, options=("status", "location")),
    "slow": Effect(
        "answers after `seconds`, or at bytes_per_second",
        processed=True,
        options=("bytes_per_second",),
    ),
    "truncate": Effect(
        "the right Content-Length, a short body (after_bytes, else half)",
        processed=True,
        options=("after_bytes",),
    ),
    "not-json": Effect("200 with text that is not JSON", processed=True),
    "html": Effect("200 with a page of HTML", processed=True),
    "empty": Effect("200 with an empty body", processed=True),
    "no-task-id": Effect("a good answer without the task's id", ("create",), True),
    "unknown-code": Effect(
        "the provider's envelope with a code that is not documented",
        API,
        False,
        ("code", "status", "reason"),
    ),
    "unknown-status": Effect("a task status that is not documented: word", LOOKS, True, ("word",)),
    "lost-task": Effect("the provider says that there is no such task", ("query", "status"), True),
    "refuse-content": Effect("refused content", ("create",), False, ("reason",)),
    "fail": Effect("the task is accepted and fails", ("create",), True, ("reason",)),
    "timeout": Effect("the task times out at the provider", ("create",), True, ("reason",)),
    "never-ends": Effect("the task runs for ever", ("create",), True),
    "no-link": Effect("the task has ended well and shows no output", ("query", "list"), True),
    "fewer-outputs": Effect("one output, however many were asked for", ("create",), True),
    "other-output": Effect(
        "an output of half the size, a second shorter, with sound where none was asked",
        ("create",),
        True,
    ),
    "expired-link": Effect("the link has died", ("download",)),
    "wrong-type": Effect("text under the media type of the output", ("download",)),
    "corrupt": Effect("the right length, with bytes flipped", ("download",)),
    "endless": Effect("a body that never ends", ("download",)),
    "no-range": Effect("Range is ignored", ("download",)),
    "no-validator": Effect("neither ETag nor Last-Modified", ("download",)),
}
_USAGE = "Write action:effect[:option=value...], such as create:drop-answer:times=2."
_COMMON = ("provider", "model", "key", "task", "nth", "times", "probability", "seed", "seconds")


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule: the requests that it meets, and its effect on them.

    Without `times` it holds for every request that it meets; `nth` is the first of them that it
    holds for, and alone means only that one. Of several faults the one added first holds.
    """

    action: Action
    effect: str
    provider: str | None = None
    model: str | None = None
    """A full id, or an id without its provider."""
    key: str | None = None
    """An API key; kept only as its fingerprint."""
    task: str | None = None
    nth: int | None = None
    times: int | None = None
    probability: float | None = None
    seed: int = 0
    processed: bool | None = None
    seconds: float = 0.0
    """A delay before the effect, with any effect."""
    status: int | None = None
    retry_after: float | None = None
    retry_after_form: Literal["seconds", "date"] = "seconds"
    body: Literal["envelope", "html", "empty", "text"] = "envelope"
    code: int | None = None
    reason: str = ""
    word: str = "REVIEWING"
    location: str | None = None
    bytes_per_second: float | None = None
    after_bytes: int | None = None

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise ValueError(problem)

    @property
    def carries_out(self) -> bool:
        """Whether the request still takes effect."""
        if self.processed is not None:
            return self.processed
        return EFFECTS[self.effect].processed is not False

    def chooses(self, seen: int, used: int) -> bool:
        """Whether it holds for the request that is number `seen` (from 1) of those it meets."""
        times = self.times if self.times is not None else 1 if self.nth is not None else None
        if seen < (self.nth or 1) or (times is not None and used >= times):
            return False
        if self.probability is None:
            return True
        return random.Random(f"{self.seed}:{seen}").random() < self.probability


class Met(NamedTuple):
    """What a request is, to a fault."""

    action: str
    provider: str | None
    model: str | None
    account: str | None
    task: str | None


def met(fault: Fault, request: Met) -> bool:
    """Say whether the fault's rule meets the request."""
    return (
        (fault.action == request.action or _any(fault, request.action))
        and fault.provider in (None, request.provider)
        and (fault.model is None or fault.model in _ids(request.model))
        and fault.key in (None, request.account)
        and fault.task in (None, request.task)
    )


def _any(fault: Fault, action: str) -> bool:
    return fault.action == "any" and action in EFFECTS[fault.effect].actions


def _ids(model: str | None) -> tuple[str, ...]:
    return () if model is None else (model, model.partition("/")[2])


def _problem(fault: Fault) -> str:
    effect = EFFECTS.get(fault.effect)
    if effect is None:
        import difflib

        near = difflib.get_close_matches(fault.effect, EFFECTS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"no effect {fault.effect!r}{hint} The effects: {', '.join(EFFECTS)}"
    if fault.action != "any" and fault.action not in effect.actions:
        return f"{fault.effect} is for {', '.join(effect.actions)}, not for {fault.action}"
    if fault.effect == "status" and fault.status is None:
        return "status needs status=, from 200 to 599"
    if fault.status is not None and not 200 <= fault.status <= 599:
        return "status must be from 200 to 599"
    if fault.location is not None and not re.fullmatch(r"[!-~]+", fault.location):
        return "location must be a URL, without spaces"
    if fault.effect == "redirect" and not fault.location:
        return "redirect needs location="
    if fault.effect == "slow" and not fault.seconds and not fault.bytes_per_second:
        return "slow needs seconds= or bytes_per_second="
    bad = [
        name
        for name, least in (("nth", 1), ("times", 1), ("after_bytes", 0), ("seconds", 0))
        if (value := getattr(fault, name)) is not None and not least <= value < 1e9
    ]
    if bad:
        return f"{bad[0]} must be a number of at least {1 if bad[0] in ('nth', 'times') else 0}"
    if fault.bytes_per_second is not None and not fault.bytes_per_second > 0:
        return "bytes_per_second must be more than 0"
    if fault.probability is not None and not 0 <= fault.probability <= 1:
        return "probability must be from 0 to 1"
    return ""


def parse_fault(text: str, **options: Any) -> Fault:
    """Read `action:effect[:option=value...]`, such as `create:drop-answer:times=2`.

    Raises SetupError that says what is wrong and what is allowed.
    """
    action, _, rest = text.strip().partition(":")
    if not rest:
        raise SetupError(f"Fault {text!r} names no effect.", next_step=_USAGE)
    if action not in ACTIONS:
        problem = f"no action {action!r}; the actions: {', '.join(ACTIONS)}"
        raise SetupError(f"Fault {text!r}: {problem}.", next_step=_USAGE)
    # A value may hold colons (a location), so an option begins only where name= follows.
    name, *written = re.split(r":(?=[A-Za-z_-]+=)", rest)
    given: dict[str, Any] = {}
    for option in written:
        key, _, value = option.partition("=")
        given[key.strip().replace("-", "_")] = value.strip()
    given |= options
    effect = EFFECTS.get(name)
    allowed = (*_COMMON, "processed", *(effect.options if effect else ()))
    for key in given:
        if effect is not None and key not in allowed:
            problem = f"{name} has no option {key!r}; it has {', '.join(allowed)}"
            raise SetupError(f"Fault {text!r}: {problem}.", next_step=_USAGE)
    return fault_from({"action": action, "effect": name, **given}, text)


def fault_from(given: Mapping[str, Any], text: str = "") -> Fault:
    """Make a fault from named values (text is understood); raises SetupError."""
    try:
        return msgspec.convert(given, Fault, strict=False)
    except msgspec.ValidationError as error:
        shown = f"Fault {text!r}" if text else "Fault"
        raise SetupError(f"{shown}: {error}.", next_step=_USAGE) from None
