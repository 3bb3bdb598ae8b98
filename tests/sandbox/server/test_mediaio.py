import json
import re
from typing import Any

import pytest

from rushes.sandbox import Sandbox

from .calling import IMAGEN, IMAGEN_PATH, WAN_PATH, Client


def test_every_answer_is_an_envelope(client: Client) -> None:
    """Code, message, data and trace id are all there, and nothing else."""
    answer = client.mediaio("/user/credits", {})
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert list(body) == ["code", "msg", "data", "trace_id"]
    assert (body["code"], body["msg"], body["data"]) == (0, "", {"credits": 10_000})
    assert re.fullmatch("[0-9a-f]{32}", body["trace_id"])
    assert client.mediaio("/user/credits", {}).json()["trace_id"] != body["trace_id"]


def test_life_of_a_task(client: Client, sandbox: Sandbox) -> None:
    """A task waits, is worked on, and ends with a list of links."""
    sandbox.set(jitter=0, queued_seconds=1, image_seconds=2)
    task = client.imagine(counts="2")
    seen = [client.result(task).data]
    for seconds in (1, 2):
        sandbox.advance(seconds)
        seen.append(client.result(task).data)
    assert [look["status"] for look in seen] == ["waiting", "processing", "completed"]
    assert all(look["task_id"] == task for look in seen)
    assert [look["reason"] for look in seen] == ["", "", "success"]
    assert seen[0]["result"] == []
    assert [sorted(one) for one in seen[2]["result"]] == [["preview", "status", "val"]] * 2
    assert all(one["preview"].startswith(sandbox.url) for one in seen[2]["result"])


def test_older_names_and_an_object(client: Client, sandbox: Sandbox) -> None:
    """The words and the shape of the older docs are a setting each."""
    sandbox.set(older_names=True, mediaio_result="object")
    task = client.imagine()
    assert client.result(task).data["status"] == "pending"
    assert client.result(task).data["result"] == {}
    sandbox.advance(60)
    data = client.result(task).data
    assert data["status"] == "succeeded"
    assert data["result"]["preview"].startswith(sandbox.url)


@pytest.mark.parametrize("status", [200, 400, 503])
def test_status_beside_a_code_is_a_setting(client: Client, sandbox: Sandbox, status: int) -> None:
    """A refusal has the code in its envelope, whatever the HTTP status."""
    sandbox.set(mediaio_error_status=status)
    answer = client.mediaio(IMAGEN_PATH, {"data": {}})
    assert (answer.status, answer.json()["code"]) == (status, 490000)


@pytest.mark.parametrize("key", [None, "", "bad-key", "bad-other"])
def test_bad_keys_are_not_authenticated(sandbox: Sandbox, key: str | None) -> None:
    """A missing or bad key is refused with the contract's code, and nothing is created."""
    answer = Client(sandbox, key).mediaio(IMAGEN_PATH, {"data": IMAGEN})
    assert answer.json()["code"] == 374004
    assert sandbox.creates() == 0


def test_key_in_another_header_is_no_key(sandbox: Sandbox) -> None:
    """The key counts only under its own header."""
    answer = Client(sandbox, None).mediaio("/user/credits", {}, Authorization="Bearer a-key")
    assert answer.json()["code"] == 374004


def test_too_few_credits(sandbox: Sandbox) -> None:
    """An empty account is refused with the contract's code."""
    client = Client(sandbox, "empty-key")
    assert client.balance() == 0
    assert client.mediaio(IMAGEN_PATH, {"data": IMAGEN}).json()["code"] == 490505
    assert sandbox.creates() == 0


WRONG: dict[str, tuple[str, Any]] = {
    "unknown parameter": (IMAGEN_PATH, IMAGEN | {"seed": 1}),
    "missing prompt": (IMAGEN_PATH, {"ratio": "1:1"}),
    "empty prompt": (IMAGEN_PATH, {"prompt": " "}),
    "prompt not text": (IMAGEN_PATH, {"prompt": ["a"]}),
    "prompt too long": (IMAGEN_PATH, {"prompt": "a" * 1201}),
    "null": (IMAGEN_PATH, IMAGEN | {"ratio": None}),
    "wrong enum": (IMAGEN_PATH, IMAGEN | {"ratio": "5:4"}),
    "canonical name": (IMAGEN_PATH, IMAGEN | {"aspect_ratio": "1:1"}),
    "number for text": (IMAGEN_PATH, IMAGEN | {"counts": 2}),
    "too many": (IMAGEN_PATH, IMAGEN | {"counts": "5"}),
    "5 for 5s": (WAN_PATH, {"prompt": "a", "duration": "5"}),
    "number for 5s": (WAN_PATH, {"prompt": "a", "duration": 5}),
    "true for True": (WAN_PATH, {"prompt": "a", "generate_audio": "true"}),
    "boolean for True": (WAN_PATH, {"prompt": "a", "generate_audio": True}),
    "lower case": (
        "/generation/vidu/t2v-vidu-q3",
        {"prompt": "a", "resolution": "720p"},
    ),
    "data URI": (
        "/generation/kling/i2v-kling-v2-6",
        {"prompt": "a", "image": "data:image/png;base64,aGVsbG8="},
    ),
    "relative link": ("/generation/kling/i2v-kling-v2-6", {"prompt": "a", "image": "/cat.png"}),
    "file link": ("/generation/kling/i2v-kling-v2-6", {"prompt": "a", "image": "file:///cat.png"}),
    "one link for a list": (
        "/generation/banana/i2i-banana",
        {"prompt": "a", "images": "https://example.com/a.png"},
    ),
    "no link": ("/generation/banana/i2i-banana", {"prompt": "a", "images": []}),
    "ten links": (
        "/generation/banana/i2i-banana",
        {"prompt": "a", "images": ["https://example.com/a.png"] * 10},
    ),
    "rule": (
        "/generation/minimax/i2v-minimax-v2-3",
        {
            "prompt": "a",
            "image": "https://example.com/a.png",
            "resolution": "1080P",
            "duration": "10s",
        },
    ),
    "unknown model": ("/generation/imagen/t2i-imagen-5", IMAGEN),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_parameters_are_refused(client: Client, sandbox: Sandbox, name: str) -> None:
    """What the tables do not allow is a parameter error, and takes nothing."""
    path, params = WRONG[name]
    body = client.mediaio(path, {"data": params}).json()
    assert (body["code"], body["data"]) == (490000, None)
    assert body["msg"]
    assert (sandbox.creates(), client.balance()) == (0, 10_000)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"data": 5}', b'{"data": {}, "more": 1}', b"[" * 100_000],
)
def test_wrong_bodies_are_refused(client: Client, body: bytes) -> None:
    """A body that is not an object with data alone is a parameter error."""
    assert client.mediaio(IMAGEN_PATH, body).json()["code"] == 490000


def test_parameters_outside_data_are_refused(client: Client) -> None:
    """The parameters stand under data, and a query takes none."""
    assert client.mediaio(IMAGEN_PATH, IMAGEN).json()["code"] == 490000
    task = client.imagine()
    body = {"data": {"task_id": task}}
    assert client.mediaio(f"/generation/result/{task}", body).json()["code"] == 490000


def test_content_type_is_required(client: Client) -> None:
    """JSON under another content type is a parameter error."""
    answer = client.mediaio(IMAGEN_PATH, {"data": IMAGEN}, **{"Content-Type": "text/plain"})
    assert answer.json()["code"] == 490000


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    """Everything is a POST."""
    headers = {"X-API-KEY": "a", "Content-Type": "application/json"}
    body = json.dumps({"data": IMAGEN}).encode()
    assert client.send(method, IMAGEN_PATH, body, headers).json()["code"] == 490000
    assert client.sandbox.creates() == 0


def test_task_of_another_key_is_unknown(client: Client, sandbox: Sandbox) -> None:
    """A task answers only to the key that made it."""
    task = client.imagine()
    assert Client(sandbox, "another").result(task).json()["code"] == 490000
    assert client.result("no-such-task").json()["code"] == 490000
    assert client.result(task).json()["code"] == 0


def test_task_ids_answer_for_a_while(client: Client, sandbox: Sandbox) -> None:
    """After the time that is set, a task id is unknown."""
    sandbox.set(mediaio_task_hours=2)
    task = client.imagine()
    sandbox.advance(7200)
    assert client.result(task).json()["code"] == 0
    sandbox.advance(1)
    assert client.result(task).json()["code"] == 490000


def test_hidden_price_shows_in_the_balance(client: Client, sandbox: Sandbox) -> None:
    """The invented price follows kind, count and seconds, and only the balance tells it."""
    client.imagine(counts="3")
    assert client.balance() == 10_000 - 15
    client.imagine(WAN_PATH, duration="10s")
    assert client.balance() == 10_000 - 15 - 60
    assert sandbox.charged() == 75


@pytest.mark.parametrize("fate", ["succeeded", "fail", "timeout"])
@pytest.mark.parametrize("refunds", [True, False])
@pytest.mark.parametrize("charge_at", ["create", "completion"])
def test_when_credits_move(
    client: Client, sandbox: Sandbox, charge_at: str, refunds: bool, fate: str
) -> None:
    """Credits are taken at create or at completion, and given back or not, as set."""
    sandbox.set(charge_at=charge_at, mediaio_refunds=refunds, refund_seconds=100)
    if fate != "succeeded":
        sandbox.fault(f"create:{fate}")
    task = client.imagine()
    early = sandbox.charged()
    sandbox.advance(60)
    word = {"succeeded": "completed", "fail": "failed", "timeout": "timeout"}[fate]
    assert client.result(task).data["status"] == word
    taken = 5 if charge_at == "create" or fate == "succeeded" else 0
    assert early == (5 if charge_at == "create" else 0)
    assert (sandbox.charged(), client.balance()) == (taken, 10_000 - taken)
    sandbox.advance(100)
    kept = 0 if refunds and fate != "succeeded" else taken
    assert (sandbox.charged(), client.balance()) == (kept, 10_000 - kept)


def test_refused_content(client: Client, sandbox: Sandbox) -> None:
    """Refused content has the code that is set, and takes nothing."""
    sandbox.set(mediaio_content_code=490777)
    sandbox.fault("create:refuse-content", times=1)
    assert client.mediaio(IMAGEN_PATH, {"data": IMAGEN}).json()["code"] == 490777
    assert sandbox.creates() == 0
    assert client.imagine()


def test_creates_may_be_limited(client: Client, sandbox: Sandbox) -> None:
    """Beyond the limit that is set a create answers 429 and when to come back."""
    sandbox.set(creates_per_minute=1)
    client.imagine()
    sandbox.advance(20)
    answer = client.mediaio(IMAGEN_PATH, {"data": IMAGEN})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "40")
    assert Client(sandbox, "another").imagine()
    sandbox.advance(40)
    assert client.imagine()
