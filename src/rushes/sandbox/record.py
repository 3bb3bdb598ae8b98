"""The record of every request that the sandbox was sent, as JSON and as HAR. No key is in it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from .http import Head, Outgoing
from .state import State, fingerprint

__all__ = ["Entry", "append", "entries", "har"]

_SECRET_HEADERS = frozenset({"key", "x-api-key", "authorization", "proxy-authorization", "cookie"})
_TEXTS = ("application/json", "text/")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer. `status` is None where none was sent."""

    number: int = 0
    at: float
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    body_bytes: int
    status: int | None
    answer_headers: tuple[tuple[str, str], ...]
    answer_body: str
    answer_bytes: int
    action: str
    provider: str | None
    model: str | None
    account: str | None
    task: str | None
    fault: str | None


def append(
    state: State,
    head: Head,
    body: bytes,
    outgoing: Outgoing | None,
    *,
    origin: str,
    action: str,
    provider: str | None = None,
    model: str | None = None,
    key: str = "",
    task: str | None = None,
    fault: str | None = None,
) -> None:
    """Write down one exchange; the oldest ones go when there are too many."""
    settings = state.settings
    if not settings.record_requests:
        return
    answered = outgoing is not None and not outgoing.wire.ending
    out = outgoing if answered and outgoing is not None else Outgoing(status=0)
    kind = dict(out.headers).get("Content-Type", "")
    shown = out.body if kind.startswith(_TEXTS) else b""
    limit = settings.record_body_bytes
    entry = Entry(
        at=state.clock.now(),
        method=head.method,
        url=_masked(f"{origin}{head.target}", key),
        headers=tuple(
            (name, _stand_in(value) if name.lower() in _SECRET_HEADERS else _masked(value, key))
            for name, value in head.raw_headers
        ),
        body=_masked(body[:limit].decode("utf-8", "replace"), key),
        body_bytes=len(body),
        status=out.status or None,
        answer_headers=out.headers,
        answer_body=_masked(shown[:limit].decode("utf-8", "replace"), key),
        answer_bytes=len(out.body),
        action=action,
        provider=provider,
        model=model,
        account=fingerprint(key) if key else None,
        task=task,
        fault=fault,
    )
    state.db.execute("INSERT INTO requests (entry) VALUES (?)", (msgspec.json.encode(entry),))
    number = state.db.last_insert_rowid()
    if number % 256 == 0:
        state.db.execute(
            "DELETE FROM requests WHERE number <= ?", (number - settings.record_requests,)
        )


def _masked(text: str, key: str) -> str:
    return text.replace(key, _stand_in(key)) if len(key) >= 8 else text


def _stand_in(key: str) -> str:
    return f"[key {fingerprint(key)}]"


def entries(
    state: State,
    *,
    key: str | None = None,
    provider: str | None = None,
    action: str | None = None,
    task: str | None = None,
) -> list[Entry]:
    """Return the requests, oldest first, of one key, provider, action or task where given."""
    account = None if key is None else fingerprint(key)
    found = []
    for number, raw in state.db.execute("SELECT number, entry FROM requests ORDER BY number"):
        entry = msgspec.json.decode(raw, type=Entry)
        wanted = ((account, entry.account), (provider, entry.provider), (action, entry.action))
        if all(one in (None, other) for one, other in (*wanted, (task, entry.task))):
            found.append(msgspec.structs.replace(entry, number=number))
    return found[-state.settings.record_requests :] if state.settings.record_requests else []


def har(records: Iterable[Entry]) -> dict[str, Any]:
    """Return the requests as an HTTP archive (HAR 1.2), which browsers and proxies open."""
    from importlib.metadata import version

    creator = {"name": "rushes sandbox", "version": version("rushes")}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_har(r) for r in records]}}


def _har(entry: Entry) -> dict[str, Any]:
    started = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")
    request: dict[str, Any] = {
        "method": entry.method,
        "url": entry.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(entry.headers),
        "queryString": [],
        "headersSize": -1,
        "bodySize": entry.body_bytes,
    }
    if entry.body_bytes:
        kind = {name.lower(): value for name, value in entry.headers}.get("content-type", "")
        request["postData"] = {"mimeType": kind, "text": entry.body}
    headers = dict(entry.answer_headers)
    kind = headers.get("Content-Type", "")
    return {
        "startedDateTime": started,
        "time": 0,
        "request": request,
        "response": {
            "status": entry.status or 0,
            "statusText": "" if entry.status else "no answer",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(entry.answer_headers),
            "content": {
                "size": entry.answer_bytes,
                "mimeType": kind,
                "text": entry.answer_body,
            },
            "redirectURL": headers.get("Location", ""),
            "headersSize": -1,
            "bodySize": entry.answer_bytes,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"fault: {entry.fault}" if entry.fault else "",
        "_task": entry.task,
        "_account": entry.account,
    }


def _pairs(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
