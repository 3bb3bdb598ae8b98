from typing import Any

import pytest

from rushes.sandbox import Sandbox

from .calling import T2V, Client

KEY = {"Idempotency_Key": "the-key-of-a-job"}
PICTURE = "data:image/png;base64,aGVsbG8="
SEEDANCE = {"duration": 5, "resolution": 720, "ratio": "16:9"}


def test_same_idempotency_key_makes_one_task(client: Client, sandbox: Sandbox) -> None:
    """The same key and body give the same task, said to be a replay, and no second charge."""
    first = client.create(**KEY).json()
    again = client.create(value=dict(reversed(T2V.items())), **KEY).json()
    assert again == first | {"idempotentReplay": True}
    assert (sandbox.creates(), sandbox.charged()) == (1, 15)


def test_replay_may_show_the_current_status(client: Client, sandbox: Sandbox) -> None:
    """Whether a replay says SUBMITTED or where the task stands is a setting."""
    client.create(**KEY)
    sandbox.advance(60)
    assert client.create(**KEY).json()["status"] == "SUBMITTED"
    sandbox.set(replay_status="current")
    assert client.create(**KEY).json()["status"] == "COMPLETED"


def test_idempotency_key_belongs_to_one_body_and_account(client: Client, sandbox: Sandbox) -> None:
    """Another body or model is a conflict; another account may use the same key."""
    client.create(**KEY)
    other = client.create(value=T2V | {"prompt": "another"}, **KEY)
    longer = client.create("t2v_v3", **KEY)
    assert (other.status, other.json()["errorCode"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert longer.status == 409
    assert Client(sandbox, "another").create(**KEY).json()["idempotentReplay"] is False
    assert sandbox.creates() == 2


def test_idempotency_key_is_forgotten(client: Client, sandbox: Sandbox) -> None:
    """After the time that is set, the same key makes a second task."""
    sandbox.set(idempotency_seconds=100)
    client.create(**KEY)
    sandbox.advance(100)
    assert client.create(**KEY).json()["idempotentReplay"] is True
    sandbox.advance(1)
    assert client.create(**KEY).json()["idempotentReplay"] is False
    assert sandbox.creates() == 2


def test_refused_create_leaves_its_key_free(sandbox: Sandbox) -> None:
    """A key whose create was refused may be used for the same body later."""
    client = Client(sandbox, "empty-key")
    assert client.create(**KEY).status == 402
    sandbox.add_credits("empty-key", 20)
    assert client.create(**KEY).json()["idempotentReplay"] is False


def test_money_headers_may_be_dead(client: Client, sandbox: Sandbox) -> None:
    """Where they are not live, both headers are ignored."""
    sandbox.set(money_headers=False)
    for _ in range(2):
        assert client.create(X_Max_Credits="1", **KEY).json()["idempotentReplay"] is False
    assert sandbox.charged() == 30


@pytest.mark.parametrize(("limit", "status"), [("15", 200), ("14", 422), ("0", 422)])
def test_max_credits_is_compared_with_the_price(client: Client, limit: str, status: int) -> None:
    """A ceiling below the price is refused before anything is charged."""
    answer = client.create(X_Max_Credits=limit)
    assert answer.status == status
    assert client.sandbox.charged() == (15 if status == 200 else 0)
    if status == 422:
        assert answer.json()["errorCode"] == "BUDGET_EXCEEDED"


@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency_Key": "short"},
        {"Idempotency_Key": "x" * 129},
        {"X_Max_Credits": "-1"},
        {"X_Max_Credits": "1.5"},
        {"X_Max_Credits": ""},
        {"Content_Type": "text/plain"},
    ],
)
def test_wrong_headers_are_refused(client: Client, headers: dict[str, str]) -> None:
    """A header of the wrong form is a wrong payload."""
    answer = client.create(**headers)
    assert (answer.status, answer.json()["errorCode"]) == (400, "INVALID_PAYLOAD")
    assert client.sandbox.creates() == 0


def test_quote(client: Client, sandbox: Sandbox) -> None:
    """The quote has every field of the contract, and takes nothing."""
    assert client.avm("POST", "quote/t2v", T2V).json() == {
        "model": "t2v",
        "credits": 15,
        "listPriceUsd": 0.15,
        "usdPerCredit": 0.01,
        "currentBalance": 10_000,
        "affordable": True,
        "billable": False,
    }
    assert Client(sandbox, "empty-key").avm("POST", "quote/t2v", T2V).json()["affordable"] is False
    assert (sandbox.creates(), sandbox.charged()) == (0, 0)


def test_quote_knows_what_the_table_does_not(client: Client) -> None:
    """A model without a published price has one in its quote, and it is what is charged."""
    value = SEEDANCE | {"prompt": "a"}
    quoted = client.avm("POST", "quote/seedance20", value).json()["credits"]
    assert quoted == 40
    assert client.create("seedance20", value).json()["creditsCharged"] == quoted


@pytest.mark.parametrize(
    ("model", "value", "cost"),
    [
        ("lv", {"image": PICTURE, "prompt": ["a", "b"]}, 150),
        ("minimax", {"content": "a"}, 15),
        ("minimax", {"content": "a", "resolution": "1080p", "tier": "base", "duration": 7}, 35),
        ("wan27", {"prompt": "a", "duration": "10", "resolution": "1080P", "ratio": "1:1"}, 150),
        ("happyhorse", {"prompt": "a", "duration": 3, "resolution": "720P"}, 75),
        ("i2v_v3", {"image": PICTURE, "prompt": None, "duration": "20"}, 80),
    ],
)
def test_published_prices(client: Client, model: str, value: Any, cost: int) -> None:
    """What is charged is the published price."""
    assert client.create(model, value).json()["creditsCharged"] == cost
