import json
from typing import Any

import pytest

from rushes.sandbox import Sandbox, Settings

from .calling import T2V, Client


def test_health(client: Client, sandbox: Sandbox) -> None:
    """The health path says that it is up, with the world's time."""
    body = client.control("GET", "health")
    assert body == {"ok": True, "providers": ["mediaio", "aivideomaker"], "now": sandbox.now()}


def test_settings_over_http(client: Client, sandbox: Sandbox) -> None:
    """Settings are read and changed, and hold at once."""
    assert client.control("GET", "settings")["list_cap"] is None
    assert client.control("PATCH", "settings", {"list_cap": 20, "charge_at": "completion"})
    assert (sandbox.settings.list_cap, sandbox.settings.charge_at) == (20, "completion")
    assert client.control("GET", "settings")["list_cap"] == 20


@pytest.mark.parametrize(
    "change",
    [{"list_cap": 0}, {"charge_at": "later"}, {"no_such": 1}, {"video_seconds": -1}],
)
def test_wrong_settings_change_nothing(
    client: Client, sandbox: Sandbox, change: dict[str, Any]
) -> None:
    """A name or value that is not allowed is an error, and nothing is changed."""
    body = {"list_delay_seconds": 5} | change
    answer = client.send("PATCH", "/_sandbox/settings", json.dumps(body).encode())
    assert answer.status == 400
    assert next(iter(change)) in answer.json()["error"]
    assert sandbox.settings == Settings()


def test_clock_over_http(client: Client, sandbox: Sandbox) -> None:
    """The clock is moved, set, stopped and let go, never backwards."""
    start = client.control("GET", "clock")
    assert start == {"now": sandbox.now(), "frozen": True}
    assert client.control("POST", "clock", {"advance": 10})["now"] == start["now"] + 10
    assert client.control("POST", "clock", {"set": start["now"] + 20})["now"] == start["now"] + 20
    assert "error" in client.control("POST", "clock", {"set": start["now"]})
    assert "error" in client.control("POST", "clock", {"advance": "soon"})
    assert sandbox.now() == start["now"] + 20
    assert client.control("POST", "clock", {"freeze": False})["frozen"] is False
    assert sandbox.now() >= start["now"] + 20


def test_accounts_over_http(client: Client, sandbox: Sandbox) -> None:
    """Accounts are known by fingerprint, and take credits by key or by fingerprint."""
    client.create()
    (account,) = client.control("GET", "accounts")["accounts"]
    assert (account["provider"], account["balance"], account["tasks"]) == ("aivideomaker", 9985, 1)
    name = account["fingerprint"]
    shown = client.control("PATCH", f"accounts/{name}", {"add_credits": 15})["accounts"]
    assert [one["balance"] for one in shown] == [10_000]
    client.control("PATCH", "accounts/a-new-key?provider=mediaio", {"add_credits": -10_000})
    assert Client(sandbox, "a-new-key").balance() == 0
    assert "error" in client.control("PATCH", f"accounts/{name}", {"add_credits": "5"})


def test_charges_and_tasks_over_http(client: Client, sandbox: Sandbox) -> None:
    """What was created and charged is told for all, a key or a provider."""
    task, other = client.task(), Client(sandbox, "another").imagine()
    sandbox.fault("create:fail")
    client.task()
    sandbox.advance(60)
    charges = client.control("GET", "charges")
    assert (charges["charged"], charges["creates"], len(charges["charges"])) == (20, 3, 3)
    assert client.control("GET", "charges?key=another")["charged"] == 5
    assert client.control("GET", "charges?provider=mediaio")["creates"] == 1
    assert [one["id"] for one in client.control("GET", "tasks")["tasks"]][1:] == [other, task]
    (shown,) = client.control("GET", "tasks?key=another")["tasks"]
    assert (shown["phase"], shown["params"]) == ("succeeded", {"prompt": "a paper boat"})
    assert (sandbox.charged("another"), sandbox.charged(provider="aivideomaker")) == (5, 15)


def test_faults_over_http(client: Client) -> None:
    """Faults are added as text or by field, listed, and removed."""
    first = client.control("POST", "faults", {"fault": "create:status:status=500"})["number"]
    client.control("POST", "faults", {"action": "balance", "effect": "status", "status": 501})
    listed = client.control("GET", "faults")["faults"]
    assert [one["fault"]["status"] for one in listed] == [500, 501]
    assert client.create().status == 500
    assert len(client.control("DELETE", f"faults/{first}")["faults"]) == 1
    assert client.create().status == 200
    assert client.control("DELETE", "faults") == {"faults": []}
    assert "error" in client.control("POST", "faults", {"fault": "create:nonsense"})
    assert "drop-answer" in client.control("GET", "effects")


def test_reset_begins_a_new_world(client: Client, sandbox: Sandbox) -> None:
    """Accounts, tasks, faults, record and clock are new; settings stay."""
    sandbox.set(list_cap=5)
    client.create()
    sandbox.fault("create:status:status=500")
    sandbox.advance(10**6)
    assert client.control("POST", "reset") == {"ok": True}
    assert (sandbox.creates(), sandbox.charged(), sandbox.requests()) == (0, 0, ())
    assert client.control("GET", "accounts") == {"accounts": []}
    assert client.create().status == 200
    assert sandbox.settings.list_cap == 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("POST", "health", 405),
        ("DELETE", "settings", 405),
        ("GET", "requests?format=xml", 400),
    ],
)
def test_wrong_controls(client: Client, method: str, path: str, status: int) -> None:
    """What is not there, or not so, is said."""
    answer = client.send(method, f"/_sandbox/{path}")
    assert answer.status == status
    assert answer.json()["error"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b"[" * 100_000])
def test_wrong_control_bodies(client: Client, body: bytes) -> None:
    """A body that is no JSON object is said to be wrong."""
    assert client.send("PATCH", "/_sandbox/settings", body).status == 400


def test_web_pages_cannot_control_it(client: Client, sandbox: Sandbox) -> None:
    """A page of another origin, open in a browser, is turned away."""
    sent = {"Origin": "https://evil.example"}
    assert client.send("POST", "/_sandbox/reset", b"", sent).status == 403
    own = {"Origin": sandbox.url}
    assert client.send("POST", "/_sandbox/reset", b"", own).status == 200


def test_record(client: Client, sandbox: Sandbox) -> None:
    """Every request is on record, in order, with body, answer and task."""
    task = client.task()
    client.status(task)
    client.avm("GET", "tasks")
    entries = sandbox.requests()
    assert [(entry.method, entry.action, entry.status) for entry in entries] == [
        ("POST", "create", 200),
        ("GET", "status", 200),
        ("GET", "list", 200),
    ]
    assert json.loads(entries[0].body) == T2V
    assert json.loads(entries[0].answer_body)["taskId"] == task
    assert [entry.task for entry in entries] == [task, task, None]
    assert entries[0].model == "aivideomaker/t2v"
    assert entries[0].url == f"{sandbox.url}/api/v1/generate/t2v"
    assert [entry.action for entry in sandbox.requests(task=task)] == ["create", "status"]
    assert len(sandbox.requests(action="create", key=client.key)) == 1
    assert sandbox.requests(key="another") == ()


def test_record_over_http(client: Client) -> None:
    """The record comes as JSON and as an HTTP archive."""
    client.create()
    (entry,) = client.control("GET", "requests?action=create")["requests"]
    assert entry["status"] == 200
    log = client.control("GET", "requests?format=har")["log"]
    assert log["version"] == "1.2"
    (shown,) = log["entries"]
    assert shown["request"]["postData"]["mimeType"] == "application/json"
    assert shown["response"]["status"] == 200
    assert json.loads(shown["response"]["content"]["text"])["status"] == "SUBMITTED"


def test_record_is_bounded(client: Client, sandbox: Sandbox) -> None:
    """Only so many requests, and so much of a body, are kept."""
    sandbox.set(record_requests=3, record_body_bytes=10)
    for _ in range(5):
        client.create()
    entries = sandbox.requests()
    assert len(entries) == 3
    assert (len(entries[0].body), entries[0].body_bytes > 10) == (10, True)
    sandbox.set(record_requests=0)
    client.create()
    assert sandbox.requests() == ()
    assert sandbox.creates() == 6
