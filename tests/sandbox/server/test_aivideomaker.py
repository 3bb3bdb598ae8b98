import json
from typing import Any

import pytest

from rushes.sandbox import Sandbox

from .calling import T2V, Client

KEY = {"Idempotency_Key": "the-key-of-a-job"}


def test_create_answers_with_absolute_links(client: Client, sandbox: Sandbox) -> None:
    """The answer has status, task id, credits, and three absolute links."""
    answer = client.create()
    body = answer.json()
    task = body["taskId"]
    links = ["", "/status", "/cancel"]
    assert answer.status == 200
    assert body == {
        "status": "SUBMITTED",
        "taskId": task,
        "creditsCharged": 15,
        "idempotentReplay": False,
        **{
            name: f"{sandbox.url}/api/v1/tasks/{task}{end}"
            for name, end in zip(["responseUrl", "statusUrl", "cancelUrl"], links, strict=True)
        },
    }


def test_later_links_may_lead_elsewhere(client: Client, sandbox: Sandbox) -> None:
    """The origin of the three links is a setting, so that a test sees who follows them."""
    sandbox.set(later_links_origin="https://elsewhere.example")
    assert client.create().json()["statusUrl"].startswith("https://elsewhere.example/api/v1/tasks/")


def test_life_of_a_task(client: Client, sandbox: Sandbox) -> None:
    """A task is submitted, worked on and completed, the same in all three looks."""
    sandbox.set(jitter=0, queued_seconds=1, video_seconds=2)
    task = client.task()
    words = []
    for seconds in (0, 1, 2):
        sandbox.advance(seconds)
        shown = client.avm("GET", f"tasks/{task}").json()
        listed = client.avm("GET", "tasks").json()["tasks"][0]
        assert shown["status"] == listed["status"] == client.status(task)
        assert shown["input"] == listed["input"] == T2V
        words.append(shown["status"])
        if words[-1] != "COMPLETED":
            assert (shown["output"], shown["completedAt"]) == (None, None)
    assert words == ["SUBMITTED", "PROGRESS", "COMPLETED"]
    assert sorted(shown) == ["completedAt", "id", "input", "output", "status"]
    assert sorted(shown["output"]) == ["error", "msg", "url"]
    assert shown["output"]["url"].startswith(sandbox.url)
    assert shown["completedAt"].endswith("Z")


def test_link_may_stand_under_another_name(client: Client, sandbox: Sandbox) -> None:
    """The output's link has been under url and under videoUrl."""
    sandbox.set(output_url_field="videoUrl")
    task = client.task()
    sandbox.advance(60)
    output = client.avm("GET", f"tasks/{task}").json()["output"]
    assert output["videoUrl"].startswith(sandbox.url)
    assert "url" not in output


def test_list_shows_own_tasks_newest_first(client: Client, sandbox: Sandbox) -> None:
    """The list has every field of the contract, for the calling key alone."""
    first, second = client.task(**KEY), client.task()
    Client(sandbox, "another").task()
    rows = client.avm("GET", "tasks").json()["tasks"]
    assert [row["id"] for row in rows] == [second, first]
    assert [row["idempotencyKey"] for row in rows] == [None, "the-key-of-a-job"]
    assert list(rows[0]) == [
        "id",
        "createdAt",
        "model",
        "input",
        "output",
        "status",
        "creditsCharged",
        "creditsRefunded",
        "listValueCents",
        "idempotencyKey",
        "completedAt",
    ]


def test_list_may_be_short_and_late(client: Client, sandbox: Sandbox) -> None:
    """Its cap and its delay are settings."""
    sandbox.set(list_cap=2, list_delay_seconds=10)
    tasks = [client.task() for _ in range(3)]
    assert client.avm("GET", "tasks").json() == {"tasks": []}
    sandbox.advance(10)
    rows = client.avm("GET", "tasks").json()["tasks"]
    assert [row["id"] for row in rows] == tasks[:0:-1]
    assert client.avm("GET", f"tasks/{tasks[0]}").status == 200


def test_older_answers_lack_the_newer_fields(client: Client, sandbox: Sandbox) -> None:
    """Without the newer fields there are no credits, no replay and no error code."""
    sandbox.set(new_fields=False)
    assert {"creditsCharged", "idempotentReplay"}.isdisjoint(client.create().json())
    assert "creditsCharged" not in client.avm("GET", "tasks").json()["tasks"][0]
    assert list(client.create(value={}).json()) == ["status", "message"]


PICTURE = "data:image/png;base64,aGVsbG8="
HTTPS = "https://example.com/a.png"
SEEDANCE = {"duration": 5, "resolution": 720, "ratio": "16:9"}
WRONG: dict[str, tuple[str, Any]] = {
    "unknown model": ("t3v", T2V),
    "model id of ours": ("t2v-v3", T2V),
    "not an object": ("t2v", [T2V]),
    "wrapped in data": ("t2v", {"data": T2V}),
    "missing": ("t2v", {"prompt": "a", "duration": "5"}),
    "unknown": ("t2v", T2V | {"seed": 1}),
    "canonical name": ("t2v", {"prompt": "a", "aspect_ratio": "16:9", "duration": "5"}),
    "number for text": ("t2v", T2V | {"duration": 5}),
    "5s for 5": ("t2v", T2V | {"duration": "5s"}),
    "wrong enum": ("t2v", T2V | {"duration": "6"}),
    "null prompt": ("t2v", T2V | {"prompt": None}),
    "text for a number": ("seedance20", SEEDANCE | {"prompt": "a", "duration": "5"}),
    "true for a number": ("seedance20", SEEDANCE | {"prompt": "a", "duration": True}),
    "720p for 720": ("seedance20", SEEDANCE | {"prompt": "a", "resolution": "720p"}),
    "too long": ("seedance20", SEEDANCE | {"prompt": "a", "duration": 16}),
    "any of": ("seedance20", SEEDANCE),
    "audio alone": ("seedance20", SEEDANCE | {"audio": "https://example.com/a.mp3"}),
    "data URI for video": ("seedance20", SEEDANCE | {"video": PICTURE}),
    "data URI for minimax": ("minimax", {"content": "a", "imageUrl": PICTURE}),
    "exclusive": ("minimax", {"content": "a", "imageUrl": HTTPS, "referenceVideoUrl": HTTPS}),
    "five references": ("minimax", {"content": "a", "referenceImageUrls": [HTTPS] * 5}),
    "lower case": (
        "wan27",
        {"prompt": "a", "duration": "5", "resolution": "720p", "ratio": "1:1"},
    ),
    "text for a boolean": (
        "wan27",
        {
            "prompt": "a",
            "duration": "5",
            "resolution": "720P",
            "ratio": "1:1",
            "promptExtend": "true",
        },
    ),
    "seven segments": ("lv", {"image": PICTURE, "prompt": ["a"] * 7}),
    "one segment as text": ("lv", {"image": PICTURE, "prompt": "a"}),
    "unreadable base64": ("i2v", {"image": "data:image/png;base64,%%%", "duration": "5"}),
    "data URI of text": ("i2v", {"image": "data:text/plain;base64,aGVsbG8=", "duration": "5"}),
    "relative link": ("i2v", {"image": "cat.png", "duration": "5"}),
    "no images": (
        "happyhorse",
        {"prompt": "a", "image": [], "duration": 5, "resolution": "720P"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_payloads_are_refused(client: Client, sandbox: Sandbox, name: str) -> None:
    """What the tables do not allow is refused by create and quote alike, and takes nothing."""
    model, value = WRONG[name]
    for answer in (client.create(model, value), client.avm("POST", f"quote/{model}", value)):
        body = answer.json()
        assert (answer.status, body["status"]) == (400, "FAILED")
        assert (body["errorCode"], list(body)) == (
            "INVALID_PAYLOAD",
            ["status", "message", "errorCode"],
        )
    assert (sandbox.creates(), sandbox.charged()) == (0, 0)


@pytest.mark.parametrize("image", [PICTURE, HTTPS, [HTTPS], [PICTURE, HTTPS], None])
def test_image_may_be_one_or_several(client: Client, image: Any) -> None:
    """One wire name takes a link, a list of links, a data URI or null."""
    value = {"prompt": "a", "duration": 5, "resolution": "720P", "image": image}
    assert client.create("happyhorse", value).status == 200


@pytest.mark.parametrize("key", [None, "", "bad-key"])
def test_bad_keys_are_refused(sandbox: Sandbox, key: str | None) -> None:
    """A missing or bad key is 401 for every call."""
    client = Client(sandbox, key)
    calls = [
        client.create(),
        client.avm("GET", "tasks"),
        client.avm("GET", "tasks/x"),
        client.avm("GET", "account"),
        client.avm("POST", "quote/t2v", T2V),
        client.avm("PUT", "tasks/x/cancel"),
    ]
    assert {call.status for call in calls} == {401}
    assert {call.json()["errorCode"] for call in calls} == {"AUTH_FAILED"}


def test_too_few_credits(sandbox: Sandbox) -> None:
    """An empty account is 402, with the contract's message."""
    answer = Client(sandbox, "empty-key").create()
    assert answer.status == 402
    assert answer.json()["message"] == "Insufficient credits"


def test_refusals_may_come_with_200(sandbox: Sandbox) -> None:
    """The error body may stand under HTTP 200 in the answer to a create, and only there."""
    sandbox.set(errors_as_200=True)
    client = Client(sandbox, "empty-key")
    answer = client.create()
    assert (answer.status, answer.json()["status"]) == (200, "FAILED")
    assert client.avm("GET", "tasks/x").status == 404


def test_account(client: Client, sandbox: Sandbox) -> None:
    """The account says that the key is good, the balance and the models."""
    sandbox.set(account_balance_field="credits")
    body = client.avm("GET", "account").json()
    assert (body["valid"], body["credits"]) == (True, 10_000)
    assert "t2v_v3" in body["models"]


def test_account_and_quote_may_not_exist(client: Client, sandbox: Sandbox) -> None:
    """Each may be 404, as for a key for which it is not live."""
    sandbox.set(account_live=False, quote_live=False)
    assert client.avm("GET", "account").status == 404
    assert client.avm("POST", "quote/t2v", T2V).status == 404


@pytest.mark.parametrize("later", [0, 30, None])
def test_cancel_and_refund(client: Client, sandbox: Sandbox, later: float | None) -> None:
    """A submitted task is canceled, and its credits come back when it is set."""
    sandbox.set(refund_seconds=later)
    task = client.task()
    answer = client.avm("PUT", f"tasks/{task}/cancel")
    assert (answer.status, answer.json()["status"]) == (200, "CANCEL")
    assert client.status(task) == "CANCEL"
    row = client.avm("GET", "tasks").json()["tasks"][0]
    back = 15 if later == 0 else 0
    assert (row["creditsCharged"], row["creditsRefunded"]) == (15, back)
    assert row["completedAt"] is not None
    sandbox.advance(30)
    assert client.avm("GET", "account").json()["balance"] == (9_985 if later is None else 10_000)
    assert sandbox.charged() == (15 if later is None else 0)
    assert client.avm("PUT", f"tasks/{task}/cancel").status == 400


def test_cancel_comes_too_late(client: Client, sandbox: Sandbox) -> None:
    """A task that is at work can no longer be canceled, and goes on."""
    task = client.task()
    sandbox.advance(1)
    answer = client.avm("PUT", f"tasks/{task}/cancel")
    assert (answer.status, answer.json()["status"]) == (400, "FAILED")
    assert client.status(task) == "PROGRESS"


@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
def test_cancel_is_a_put(client: Client, method: str) -> None:
    """Another method is 405 and says which one is right."""
    task = client.task()
    answer = client.avm(method, f"tasks/{task}/cancel")
    assert (answer.status, answer.headers["Allow"]) == (405, "PUT")
    assert client.status(task) == "SUBMITTED"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "generate/t2v"), ("POST", "tasks"), ("PUT", "tasks/x"), ("GET", "quote/t2v")],
)
def test_other_methods_are_405(client: Client, method: str, path: str) -> None:
    """Every path takes one method."""
    assert client.avm(method, path).status == 405


@pytest.mark.parametrize("path", ["tasks/x", "tasks/x/status", "nothing", "tasks/"])
def test_unknown_tasks_are_404(client: Client, sandbox: Sandbox, path: str) -> None:
    """What is not there, and what is another key's, is 404."""
    task = Client(sandbox, "another").task()
    for where in (path, f"tasks/{task}", f"tasks/{task}/status"):
        answer = client.avm("GET", where)
        assert (answer.status, answer.json()["errorCode"]) == (404, "TASK_NOT_FOUND")
    assert client.avm("PUT", f"tasks/{task}/cancel").status == 404


@pytest.mark.parametrize("effect", ["fail", "timeout"])
def test_failed_task_is_refunded(client: Client, sandbox: Sandbox, effect: str) -> None:
    """A failure shows in the output, and the credits come back."""
    sandbox.fault(f"create:{effect}:reason=out of paper")
    task = client.task()
    sandbox.advance(60)
    shown = client.avm("GET", f"tasks/{task}").json()
    assert (shown["status"], shown["output"]["error"]) == ("FAILED", "out of paper")
    assert (sandbox.creates(), sandbox.charged()) == (1, 0)


def test_refused_content(client: Client, sandbox: Sandbox) -> None:
    """Refused content is 422, told from a ceiling by its code."""
    sandbox.fault("create:refuse-content")
    answer = client.create()
    assert (answer.status, answer.json()["errorCode"]) == (422, "CONTENT_REFUSED")
    assert sandbox.creates() == 0


def test_queries_are_limited_by_address(client: Client, sandbox: Sandbox) -> None:
    """Sixty task queries a minute for one address, whatever the key; then 429 and when."""
    task = client.task()
    other = Client(sandbox, "another")
    for _ in range(20):
        client.avm("GET", "tasks")
        client.avm("GET", f"tasks/{task}")
        client.status(task)
    sandbox.advance(15)
    for late in (client.avm("GET", "tasks"), other.avm("GET", "tasks/x/status")):
        assert (late.status, late.headers["Retry-After"]) == (429, "45")
        assert late.json()["errorCode"] == "RATE_LIMITED"
    assert client.create().status == 200
    sandbox.advance(45)
    assert client.avm("GET", "tasks").status == 200


def test_no_limit_where_none_is_set(client: Client, sandbox: Sandbox) -> None:
    """A limit of 0 is none."""
    sandbox.set(queries_per_minute=0)
    assert {client.avm("GET", "tasks").status for _ in range(70)} == {200}


def test_after_polls(client: Client, sandbox: Sandbox) -> None:
    """A task may end at its third look, however much time passes."""
    sandbox.set(after_polls=3)
    task = client.task()
    assert client.status(task) == "SUBMITTED"
    sandbox.advance(10_000)
    assert client.status(task) == "PROGRESS"
    assert client.avm("GET", "tasks").json()["tasks"][0]["status"] == "COMPLETED"


def test_realistic_pace(client: Client, sandbox: Sandbox) -> None:
    """Tasks may take minutes, each another time."""
    sandbox.set(pace="realistic")
    for _ in range(30):
        client.task()
    tasks = client.control("GET", "tasks")["tasks"]
    times = sorted(task["ends"] - task["created"] for task in tasks)
    assert len(set(times)) == 30
    assert 20 < times[0] < times[-1] < 600
    sandbox.set(pace="steady", jitter=0.5)
    client.task()
    assert client.control("GET", "tasks")["tasks"][0]["ends"] - sandbox.now() < 6


def test_date_is_the_worlds(client: Client, sandbox: Sandbox) -> None:
    """The Date header and createdAt follow the provider's clock."""
    sandbox.advance(86_400)
    before = sandbox.now()
    answer = client.create()
    from email.utils import parsedate_to_datetime

    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == int(before)


def test_body_comes_back_unchanged(client: Client) -> None:
    """The input that is shown equals the body that was sent, letter for letter."""
    value = T2V | {"prompt": 'grüße 🛶 "quoted" \\ \u2028'}
    client.create(value=json.dumps(value).encode())
    assert client.avm("GET", "tasks").json()["tasks"][0]["input"] == value
