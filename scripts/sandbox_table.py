"""Writes the tables of docs/reference/sandbox.md from the code and from a running sandbox.

With --check, only says whether the page is out of date.
"""

import argparse
import http.client
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rushes.sandbox import EFFECTS, Sandbox, setting_infos
from rushes.sandbox.control import ROUTES
from rushes.sandbox.spoil import TWISTS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "sandbox.md"
T2V = {"prompt": "a", "aspectRatio": "16:9", "duration": "5"}
IMAGEN = {"data": {"prompt": "a"}}
KEYS = {"mediaio": "X-API-KEY", "aivideomaker": "key"}
OPTIONS: dict[str, dict[str, Any]] = {
    "status": {"status": 503, "retry_after": 5},
    "redirect": {"location": "/elsewhere"},
    "slow": {"seconds": 0.001},
}


class Endpoint(NamedTuple):
    """One endpoint. `{task}` in a path is a task of the key's."""

    provider: str
    action: str
    method: str
    path: str
    body: Any = None

    @property
    def title(self) -> str:
        """The endpoint as the page names it."""
        return f"`{self.method} {self.path.split('?')[0]}`"


ENDPOINTS = (
    Endpoint("mediaio", "create", "POST", "/generation/imagen/t2i-imagen-4", IMAGEN),
    Endpoint("mediaio", "query", "POST", "/generation/result/{task}", {}),
    Endpoint("mediaio", "balance", "POST", "/user/credits", {}),
    Endpoint("aivideomaker", "create", "POST", "/api/v1/generate/t2v", T2V),
    Endpoint("aivideomaker", "list", "GET", "/api/v1/tasks"),
    Endpoint("aivideomaker", "query", "GET", "/api/v1/tasks/{task}"),
    Endpoint("aivideomaker", "status", "GET", "/api/v1/tasks/{task}/status"),
    Endpoint("aivideomaker", "cancel", "PUT", "/api/v1/tasks/{task}/cancel"),
    Endpoint("aivideomaker", "account", "GET", "/api/v1/account"),
    Endpoint("aivideomaker", "quote", "POST", "/api/v1/quote/t2v", T2V),
)
ACTION = {"account": "balance"}


class Bench:
    """A sandbox in which time stands still, and one task of each provider."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        sandbox.freeze()
        sandbox.set(queries_per_minute=0)
        self.tasks = {provider: self._create(provider) for provider in ("mediaio", "aivideomaker")}
        sandbox.advance(0.1)

    def _create(self, provider: str) -> str:
        endpoint = next(one for one in ENDPOINTS if one.provider == provider)
        body = json.loads(self.send(endpoint).body)
        return str(body["data"]["task_id"] if provider == "mediaio" else body["taskId"])

    def send(
        self,
        endpoint: Endpoint,
        *,
        key: str | None = "a-key",
        method: str | None = None,
        body: Any = ...,
        task: str | None = None,
        path: str | None = None,
        **headers: str,
    ) -> "Seen":
        """Send a request, changed where said, and tell what came."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent[KEYS[endpoint.provider]] = key
        value = endpoint.body if body is ... else body
        content = None if value is None else json.dumps(value)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        name = task or getattr(self, "tasks", {}).get(endpoint.provider, "none")
        return see(
            self.sandbox, method or endpoint.method, (path or endpoint.path).format(task=name),
            content, sent,
        )  # fmt: skip


class Seen(NamedTuple):
    """What came back."""

    ending: str
    status: int = 0
    headers: Any = None
    body: bytes = b""

    @property
    def text(self) -> str:
        """The answer in a cell's few words."""
        if self.ending:
            return self.ending
        word = str(self.status)
        try:
            body = json.loads(self.body)
        except ValueError:
            kind = self.headers.get_content_type() if self.body else "empty"
            return f"{word} {kind.replace('text/html', 'HTML').replace('application/json', 'text')}"
        if "code" in body:
            return f"{word}, code {body['code']}"
        if body.get("status") == "FAILED" and "message" in body:
            code = body.get("errorCode")
            return f"{word} {code}" if code else word
        return word


def see(
    sandbox: Sandbox, method: str, path: str, body: str | None, headers: dict[str, str]
) -> Seen:
    """Send one request over its own connection."""
    where = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        try:
            content = answer.read() if not _is_endless(answer) else answer.read(1_000_000)
        except http.client.IncompleteRead:
            return Seen("cut short")
        return Seen("", answer.status, answer.headers, content)
    except http.client.RemoteDisconnected:
        return Seen("closed")
    except ConnectionResetError:
        return Seen("reset")
    finally:
        connection.close()


def _is_endless(answer: http.client.HTTPResponse) -> bool:
    return answer.headers["Transfer-Encoding"] == "chunked"


def _limited(bench: Bench, endpoint: Endpoint) -> Seen:
    """Ask until the limit on queries, or on creates, is reached."""
    bench.sandbox.set(queries_per_minute=1, creates_per_minute=1)
    bench.sandbox.advance(60)
    bench.send(endpoint)
    seen = bench.send(endpoint)
    bench.sandbox.set(queries_per_minute=0, creates_per_minute=0)
    return seen


def _conflict(bench: Bench, endpoint: Endpoint) -> Seen:
    bench.send(endpoint, Idempotency_Key="one-and-the-same")
    other = {"prompt": "another", "aspectRatio": "16:9", "duration": "5"}
    return bench.send(endpoint, body=other, Idempotency_Key="one-and-the-same")


Situation = Callable[[Bench, Endpoint], Seen | None]
SITUATIONS: dict[str, Situation] = {
    "good": lambda b, e: b.send(e),
    "no key, or a bad one": lambda b, e: b.send(e, key="bad-key"),
    "another method": lambda b, e: b.send(e, method="PATCH"),
    "another content type": lambda b, e: (
        b.send(e, Content_Type="text/plain") if e.body is not None else None
    ),
    "wrong parameter": lambda b, e: (
        b.send(e, body={"data": {"prompt": 5}} if e.provider == "mediaio" else {"prompt": 5})
        if e.body
        else None
    ),
    "unknown model": lambda b, e: b.send(e, path=f"{e.path}-x") if e.body else None,
    "unknown task, or another key's": lambda b, e: (
        b.send(e, task="none") if "{task}" in e.path else None
    ),
    "too few credits": lambda b, e: b.send(e, key="empty-key") if e.action == "create" else None,
    "too late": lambda b, e: _late(b, e) if e.action == "cancel" else None,
    "above X-Max-Credits": lambda b, e: (
        b.send(e, X_Max_Credits="1")
        if (e.provider, e.action) == ("aivideomaker", "create")
        else None
    ),
    "Idempotency-Key of another body": lambda b, e: (
        _conflict(b, e) if (e.provider, e.action) == ("aivideomaker", "create") else None
    ),
    "above the limit": lambda b, e: (
        _limited(b, e)
        if e.action == "create" or (e.provider == "aivideomaker" and e.action in LOOKS)
        else None
    ),
}
LOOKS = ("query", "status", "list")


def _late(bench: Bench, endpoint: Endpoint) -> Seen:
    bench.sandbox.advance(1)
    return bench.send(endpoint)


def answers() -> str:
    """The table endpoint x situation."""
    rows = []
    for endpoint in ENDPOINTS:
        cells = []
        for situation in SITUATIONS.values():
            with Sandbox() as sandbox:
                seen = situation(Bench(sandbox), endpoint)
            cells.append("" if seen is None else seen.text)
        rows.append((endpoint.title, *cells))
    return _turned(("", *SITUATIONS), rows)


def faults() -> str:
    """The table endpoint x fault, of the API; `+ task`: a task was made and charged."""
    rows = []
    for endpoint in ENDPOINTS:
        action = ACTION.get(endpoint.action, endpoint.action)
        cells = []
        for name, effect in EFFECTS.items():
            if action not in effect.actions:
                cells.append("")
                continue
            with Sandbox() as sandbox:
                bench = Bench(sandbox)
                before = sandbox.creates()
                sandbox.fault(f"{action}:{name}", **OPTIONS.get(name, {}))
                text = bench.send(endpoint).text
                made = sandbox.creates() > before
            cells.append(f"{text} + task" if made else text)
        rows.append((endpoint.title, *cells))
    api = [name for name, effect in EFFECTS.items() if set(effect.actions) & API]
    table = _turned(("", *EFFECTS), rows)
    head, rule, *lines = table.splitlines()
    kept = [line for line in lines if line.split("|")[1].strip().strip("`") in api]
    return "\n".join([head, rule, *kept])


API = {"create", "query", "list", "status", "cancel", "balance", "quote"}


def downloads() -> str:
    """The table of faults of a download, asked for whole and in part."""
    rows = []
    for name, effect in EFFECTS.items():
        if "download" not in effect.actions:
            continue
        with Sandbox() as sandbox:
            bench = Bench(sandbox)
            sandbox.advance(60)
            result = json.loads(bench.send(ENDPOINTS[1]).body)["data"]["result"]
            path = result[0]["preview"].removeprefix(sandbox.url)
            whole = see(sandbox, "GET", path, None, {})
            sandbox.fault(f"download:{name}", **OPTIONS.get(name, {}))
            seen = see(sandbox, "GET", path, None, {})
            part = see(sandbox, "GET", path, None, {"Range": "bytes=100-"})
        rows.append((f"`{name}`", _file(seen, whole), _file(part, whole)))
    return _table(("", "`GET` of the link", "the same with `Range: bytes=100-`"), rows)


def _file(seen: Seen, whole: Seen) -> str:
    if seen.ending:
        return seen.ending
    if _is_other(seen):
        return f"{seen.status} without end"
    start = 100 if seen.status == 206 else 0
    if seen.body == whole.body[start:]:
        missing = [name for name in ("ETag", "Accept-Ranges") if name not in seen.headers]
        return f"{seen.status} good" + (f", without {missing[0]}" if missing else "")
    if not seen.body:
        return f"{seen.status} empty"
    if seen.headers.get_content_type() == whole.headers.get_content_type():
        same = len(seen.body) == len(whole.body[start:])
        return f"{seen.status} other bytes" + (" of the right length" if same else "")
    return f"{seen.status} {seen.headers.get_content_type()}"


def _is_other(seen: Seen) -> bool:
    return bool(seen.headers["Transfer-Encoding"] == "chunked")


def settings() -> str:
    """The table of settings."""
    rows = [
        (f"`{info.name}`", f"`{info.kind}`", f"`{info.default}`", info.bounds, info.help)
        for info in setting_infos()
    ]
    return _table(("setting", "type", "default", "bounds", "what it is"), rows)


def effects() -> str:
    """The table of effects."""
    rows = []
    for name, effect in EFFECTS.items():
        everywhere = set(effect.actions) >= API
        where = "any" if everywhere and "download" in effect.actions else ", ".join(effect.actions)
        if everywhere and "download" not in effect.actions:
            where = "any but download, media"
        processed = {None: "", True: "yes", False: "no"}[effect.processed]
        if name in TWISTS and name != "unknown-code":
            processed = processed if name in ("no-task-id", "refuse-content") else ""
        rows.append((f"`{name}`", effect.help, where, processed))
    return _table(("effect", "what happens", "actions", "carried out"), rows)


def control() -> str:
    """The table of the control API."""
    rows = []
    for method, pattern, what, _ in ROUTES:
        path = pattern.replace("(.+)", "NAME").replace("([0-9]{1,15})", "NUMBER")
        rows.append((f"`{method} {path}`", what))
    return _table(("request", "what it does"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    escaped = [[cell.replace("|", "\\|") for cell in cells] for cells in lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in escaped)


def _turned(head: tuple[str, ...], columns: list[tuple[str, ...]]) -> str:
    titles = tuple(column[0] for column in columns)
    rows = [
        (f"`{name}`" if name in EFFECTS else name, *(column[number] for column in columns))
        for number, name in enumerate(head[1:], start=1)
    ]
    return _table(("", *titles), rows)


TABLES: dict[str, Callable[[], str]] = {
    "settings": settings,
    "control": control,
    "effects": effects,
    "answers": answers,
    "faults": faults,
    "downloads": downloads,
}


def page(text: str) -> str:
    """Return the page with its tables made anew."""

    def fill(place: re.Match[str]) -> str:
        name = place[1]
        return f"<!-- table: {name} -->\n\n{TABLES[name]()}\n\n<!-- end -->"

    return re.sub(r"(?s)<!-- table: (\w+) -->.*?<!-- end -->", fill, text)


def main() -> int:
    """Write or check; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if out of date")
    check = parser.parse_args().check
    text = PAGE.read_text(encoding="utf-8")
    made = page(text)
    if made == text:
        return 0
    if check:
        print(f"{PAGE.name} is out of date. Run: python scripts/sandbox_table.py", file=sys.stderr)
        return 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
