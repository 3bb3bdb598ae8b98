"""The control API under `/_sandbox/`: settings, clock, faults, accounts, record, reset, media."""

import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from rushes.errors import SetupError

from . import ledger, record, tasks
from .faults import EFFECTS, fault_from, parse_fault
from .http import Head, Outgoing
from .settings import changed
from .shelf import media_type_of
from .state import fingerprint
from .world import World

__all__ = ["MEDIA_PATH", "PREFIX", "ROUTES", "answer"]

PREFIX = "/_sandbox/"
MEDIA_PATH = "/_sandbox/media"
_JSON = (("Content-Type", "application/json"),)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Query = dict[str, str]


class _Wrong(Exception):
    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


def answer(world: World, head: Head, body: bytes, origin: str) -> Outgoing:
    """Answer a control request; what is wrong with it is said as {"error": ...}."""
    try:
        return _json(_answer(world, head, body, origin))
    except (_Wrong, SetupError, ValueError) as error:
        status = error.status if isinstance(error, _Wrong) else 400
        return _json({"error": str(error)}, status)


def _json(value: Any, status: int = 200) -> Outgoing:
    return Outgoing(status=status, headers=_JSON, body=msgspec.json.encode(value))


def _answer(world: World, head: Head, body: bytes, origin: str) -> Any:
    page = head.headers.get("origin")
    if page and urlsplit(page).hostname not in _LOOPBACK:
        raise _Wrong("web pages of other origins may not control the sandbox", 403)
    query = dict(parse_qsl(head.query))
    allowed = [method for method, pattern, _, _ in ROUTES if re.fullmatch(pattern, head.path)]
    for method, pattern, _, handle in ROUTES:
        match = re.fullmatch(pattern, head.path)
        if match and (method == head.method or (method, head.method) == ("GET", "HEAD")):
            if head.path == MEDIA_PATH:
                return _media(world, body, origin)
            with world.state.writing():
                return handle(world, query, _object(body), match.group(match.lastindex or 0))
    if allowed:
        raise _Wrong(f"{head.path} takes {', '.join(allowed)}", 405)
    raise _Wrong(f"no such control; there are {', '.join(sorted({r[1] for r in ROUTES}))}", 404)


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise _Wrong("the body is not JSON") from None
    if not isinstance(value, dict):
        raise _Wrong("the body must be a JSON object")
    return value


def _health(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    return {"ok": True, "providers": list(world.sides), "now": world.state.clock.now()}


def _settings(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    if body:
        world.state.set_settings(changed(world.state.settings, body))
    return world.state.settings


def _clock(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    clock = world.state.clock
    for name, value in body.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name == "freeze" and isinstance(value, bool):
            clock = clock.freeze(value)
        elif name == "advance" and number and 0 <= value < 1e10:
            clock = clock.moved(value)
        elif name == "set" and number and 0 <= value < 1e11:
            clock = clock.moved(value - clock.now())
        else:
            raise _Wrong('the clock takes {"advance": s}, {"set": t} and {"freeze": true|false}')
    if body:
        world.state.set_clock(clock)
    return {"now": clock.now(), "frozen": clock.frozen is not None}


def _requests(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    names = ("key", "provider", "action", "task")
    found = record.entries(world.state, **{name: query.get(name) for name in names})
    form = query.get("format", "json")
    if form == "har":
        return record.har(found)
    if form != "json":
        raise _Wrong("format is json or har")
    return {"requests": found}


def _accounts(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    return {"accounts": ledger.accounts(world.state)}


def _account(world: World, query: Query, body: dict[str, Any], name: str) -> Any:
    amount = body.get("add_credits")
    if not isinstance(amount, int) or isinstance(amount, bool) or abs(amount) > 10**15:
        raise _Wrong('an account takes {"add_credits": whole number}')
    state, provider = world.state, query.get("provider")
    if provider is not None and provider not in world.sides:
        raise _Wrong(f"no provider {provider!r}; there are {', '.join(world.sides)}")
    numbers = state.ask(
        "SELECT number FROM accounts WHERE fingerprint = ? AND (? IS NULL OR provider = ?)",
        (name, provider, provider),
    )
    for (number,) in numbers:
        ledger.move(state, number, amount)
    print_ = name
    if not numbers:
        print_ = fingerprint(name)
        providers = tuple(world.sides) if provider is None else (provider,)
        ledger.add_credits(state, name, amount, providers)
    shown = [one for one in ledger.accounts(state) if one["fingerprint"] == print_]
    return {"accounts": shown}


def _tasks(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    key = query.get("key")
    return {"tasks": tasks.overview(world.state, key and fingerprint(key))}


def _charges(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    state, key, provider = world.state, query.get("key"), query.get("provider")
    return {
        "charges": [charge._asdict() for charge in ledger.charges(state, key, provider)],
        "charged": ledger.net_charged(state, key, provider),
        "creates": ledger.created_count(state, key, provider),
    }


def _faults(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    names = ("number", "fault", "seen", "used")
    counts = world.state.fault_counts()
    return {"faults": [dict(zip(names, row, strict=True)) for row in counts]}


def _add_fault(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    text = body.get("fault")
    fault = parse_fault(text) if isinstance(text, str) and len(body) == 1 else fault_from(body)
    return {"number": world.state.add_fault(fault)}


def _drop_faults(world: World, query: Query, body: dict[str, Any], number: str) -> Any:
    world.state.drop_faults(int(number) if number.isdigit() else None)
    return _faults(world, query, body, number)


def _effects(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    return {name: {"help": one.help, "actions": one.actions} for name, one in EFFECTS.items()}


def _reset(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    world.state.reset()
    return {"ok": True}


def _nothing(world: World, query: Query, body: dict[str, Any], _: str) -> Any:
    raise AssertionError("the media path is answered before")


def _media(world: World, body: bytes, origin: str) -> Any:
    if not body:
        raise _Wrong("the body is the file, and it is empty")
    name = hashlib.sha256(body).hexdigest()
    if not world.media.has(name):
        world.media.put(name, body)
    return {"url": f"{origin}/_media/{name}.{media_type_of(body)}"}


Handle = Callable[["World", Query, dict[str, Any], str], Any]
ROUTES: tuple[tuple[str, str, str, Handle], ...] = (
    ("GET", "/_sandbox/health", "whether it is up, and its time", _health),
    ("GET", "/_sandbox/settings", "the settings", _settings),
    ("PATCH", "/_sandbox/settings", "change settings: {name: value}", _settings),
    ("GET", "/_sandbox/clock", "the time", _clock),
    ("POST", "/_sandbox/clock", 'move it: {"advance": s}, {"set": t}, {"freeze": bool}', _clock),
    (
        "GET",
        "/_sandbox/requests",
        "the record; ?format=json|har, ?key=, ?provider=, ?action=, ?task=",
        _requests,
    ),
    ("GET", "/_sandbox/accounts", "accounts by fingerprint, with balances", _accounts),
    (
        "PATCH",
        "/_sandbox/accounts/(.+)",
        'of a fingerprint or key: {"add_credits": n}; ?provider=',
        _account,
    ),
    ("GET", "/_sandbox/tasks", "tasks, newest first; ?key=", _tasks),
    ("GET", "/_sandbox/charges", "what was taken and given back; ?key=, ?provider=", _charges),
    ("GET", "/_sandbox/faults", "the faults, with how often each was met and held", _faults),
    (
        "POST",
        "/_sandbox/faults",
        'add one: {"fault": "create:drop-answer:times=2"} or its fields',
        _add_fault,
    ),
    ("DELETE", "/_sandbox/faults", "remove all faults", _drop_faults),
    ("DELETE", "/_sandbox/faults/([0-9]{1,15})", "remove one fault", _drop_faults),
    ("GET", "/_sandbox/effects", "what faults can do", _effects),
    ("POST", "/_sandbox/reset", "a new world; settings and media stay", _reset),
    ("PUT", MEDIA_PATH, "put a file (the body), get its {url}", _nothing),
    ("POST", MEDIA_PATH, "the same", _nothing),
)
