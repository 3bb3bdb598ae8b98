import json
from email.utils import parsedate_to_datetime

import pytest

from rushes.errors import SetupError
from rushes.sandbox import Sandbox

from .calling import IMAGEN, IMAGEN_PATH, Client, create_bytes, raw, request


@pytest.mark.parametrize(
    ("effect", "creates", "ending"),
    [
        ("drop-answer", 1, "closed"),
        ("reset-answer", 1, "reset"),
        ("drop-request", 0, "closed"),
        ("reset-request", 0, "reset"),
        ("reset-early", 0, "reset"),
    ],
)
def test_lost_answers(sandbox: Sandbox, effect: str, creates: int, ending: str) -> None:
    """The connection ends as named without one byte, and the task was made or was not."""
    sandbox.fault(f"create:{effect}", times=1)
    seen = raw(sandbox, create_bytes())
    assert (seen.content, seen.ending) == (b"", ending)
    assert (sandbox.creates(), sandbox.charged()) == (creates, 15 * creates)
    (entry,) = sandbox.requests()
    assert (entry.status, entry.fault, entry.action) == (None, effect, "create")
    assert raw(sandbox, create_bytes()).content.startswith(b"HTTP/1.1 200")


def test_early_reset_does_not_wait_for_the_body(sandbox: Sandbox) -> None:
    """The reset comes after the head, while the body is still to come."""
    sandbox.fault("create:reset-early")
    head = create_bytes().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert raw(sandbox, head).ending == "reset"


@pytest.mark.parametrize(("processed", "creates"), [(None, 0), (False, 0), (True, 1)])
@pytest.mark.parametrize("status", [202, 400, 429, 500, 502, 503, 504])
def test_status(
    client: Client, sandbox: Sandbox, status: int, processed: bool | None, creates: int
) -> None:
    """Any status comes in the provider's envelope, before or after the task was made."""
    sandbox.fault("create:status", status=status, processed=processed, reason="not now")
    answer = client.create()
    assert (answer.status, answer.json()["status"]) == (status, "FAILED")
    assert answer.json()["message"] == "not now"
    assert sandbox.creates() == creates
    other = client.mediaio(IMAGEN_PATH, {"data": IMAGEN})
    assert (other.status, other.json()["code"], other.json()["data"]) == (status, status, None)


@pytest.mark.parametrize(
    ("body", "kind"), [("html", "text/html"), ("text", "text/plain"), ("empty", None)]
)
def test_status_without_an_envelope(
    client: Client, sandbox: Sandbox, body: str, kind: str | None
) -> None:
    """A gateway's own page may stand under the status."""
    sandbox.fault("balance:status", status=502, body=body)
    answer = client.avm("GET", "account")
    assert (answer.headers.get_content_type() if kind else answer.headers["Content-Type"]) == kind
    assert bool(answer.body) == (body != "empty")


@pytest.mark.parametrize("status", [204, 304])
def test_status_that_has_no_body(client: Client, sandbox: Sandbox, status: int) -> None:
    """Under some statuses nothing can come."""
    sandbox.fault("any:status", status=status)
    for answer in (client.create(), client.get("/_media/x")):
        assert (answer.status, answer.body) == (status, b"")


def test_retry_after(client: Client, sandbox: Sandbox) -> None:
    """It comes as seconds, or as a date by the provider's clock."""
    sandbox.fault("create:status", status=429, retry_after=7, times=1)
    sandbox.fault("create:status", status=429, retry_after=7, retry_after_form="date")
    sandbox.advance(1000)
    assert client.create().headers["Retry-After"] == "7"
    date = parsedate_to_datetime(client.create().headers["Retry-After"])
    assert date.timestamp() == int(sandbox.now() + 7)


def test_redirect_is_not_processed(client: Client, sandbox: Sandbox) -> None:
    """A create is sent elsewhere with 307."""
    sandbox.fault("create:redirect:location=http://127.0.0.1:9/x")
    answer = client.create()
    assert (answer.status, answer.headers["Location"]) == (307, "http://127.0.0.1:9/x")
    assert sandbox.creates() == 0


@pytest.mark.parametrize("effect", ["not-json", "html", "empty"])
def test_unreadable_answers(client: Client, sandbox: Sandbox, effect: str) -> None:
    """The task is made, and the answer under 200 is no JSON."""
    sandbox.fault(f"create:{effect}")
    answer = client.create()
    assert (answer.status, sandbox.creates()) == (200, 1)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_truncated_answer(sandbox: Sandbox) -> None:
    """Content-Length is right and the body is shorter."""
    sandbox.fault("create:truncate:after_bytes=10")
    seen = raw(sandbox, create_bytes())
    length = int(seen.content.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert (len(seen.body), seen.ending) == (10, "closed")
    assert length > 100
    assert sandbox.creates() == 1


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays that the server would have made."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr("rushes.sandbox.http._sleep", sleep)
    return asked


def test_slow_answer_still_comes(client: Client, sandbox: Sandbox, delays: list[float]) -> None:
    """A delay of real time, however the world's clock stands, and then the answer."""
    sandbox.fault("create:slow:seconds=90")
    assert client.create().status == 200
    assert delays == [90]


@pytest.mark.parametrize("effect", ["drop-answer", "reset-early", "html", "status:status=500"])
def test_delay_goes_with_any_effect(sandbox: Sandbox, effect: str, delays: list[float]) -> None:
    """Whatever happens may happen after a while."""
    sandbox.fault(f"create:{effect}", seconds=90)
    raw(sandbox, create_bytes())
    assert delays == [90]


def test_no_task_id(client: Client, sandbox: Sandbox) -> None:
    """The answer is good but for the id, and the task was made."""
    sandbox.fault("create:no-task-id")
    assert "taskId" not in client.create().json()
    body = client.mediaio(IMAGEN_PATH, {"data": IMAGEN}).json()
    assert (body["code"], body["data"]) == (0, {})
    assert sandbox.creates() == 2


@pytest.mark.parametrize("processed", [False, True])
def test_unknown_code(client: Client, sandbox: Sandbox, processed: bool) -> None:
    """The envelope is readable and its code is in no documentation."""
    sandbox.fault("create:unknown-code", code=777, processed=processed, reason="what now")
    body = client.mediaio(IMAGEN_PATH, {"data": IMAGEN}).json()
    assert (body["code"], body["msg"], body["data"]) == (777, "what now", None)
    assert client.create().json()["errorCode"] == "777"
    assert sandbox.creates() == 2 * processed


def test_unknown_status(client: Client, sandbox: Sandbox) -> None:
    """For as many looks as it is set, the status is a word that nobody knows."""
    sandbox.fault("any:unknown-status:word=DREAMING:times=4")
    task = client.task()
    assert client.avm("GET", f"tasks/{task}").json()["status"] == "DREAMING"
    assert client.status(task) == "DREAMING"
    assert client.avm("GET", "tasks").json()["tasks"][0]["status"] == "DREAMING"
    other = client.imagine()
    assert client.result(other).data["status"] == "DREAMING"
    assert client.result(other).data["status"] == "waiting"


def test_lost_task(client: Client, sandbox: Sandbox) -> None:
    """The provider does not know a task for a while, and then does."""
    task, other = client.task(), client.imagine()
    sandbox.fault("query:lost-task:times=2")
    assert client.avm("GET", f"tasks/{task}").status == 404
    assert client.result(other).json()["code"] == 490000
    assert client.avm("GET", f"tasks/{task}").status == 200


def test_never_ends(client: Client, sandbox: Sandbox) -> None:
    """The task is at work for ever."""
    sandbox.fault("create:never-ends")
    task = client.task()
    sandbox.advance(10_000_000)
    assert client.status(task) == "PROGRESS"


def test_no_link(client: Client, sandbox: Sandbox) -> None:
    """A task may have ended well before its link is there."""
    task, other = client.task(), client.imagine()
    sandbox.advance(60)
    sandbox.fault("query:no-link:times=2")
    shown = client.avm("GET", f"tasks/{task}").json()
    assert (shown["status"], shown["output"]["url"]) == ("COMPLETED", None)
    assert client.result(other).data["result"] == []
    assert client.result(other).data["result"]


def test_fewer_outputs(client: Client, sandbox: Sandbox) -> None:
    """Fewer pictures may come than were asked and paid for."""
    sandbox.fault("create:fewer-outputs")
    task = client.imagine(counts="4")
    sandbox.advance(60)
    assert len(client.result(task).data["result"]) == 1
    assert sandbox.charged() == 20


def test_fault_meets_what_it_names(client: Client, sandbox: Sandbox) -> None:
    """Provider, model, key and task of a rule must all be those of the request."""
    other = Client(sandbox, "another")
    task, spared = client.task(), client.task()
    sandbox.fault("create:status:status=500:provider=mediaio")
    sandbox.fault("create:status:status=501:model=t2v:key=another")
    sandbox.fault("create:status:status=502:model=aivideomaker/t2v_v3")
    sandbox.fault(f"status:status:status=503:task={task}")
    assert client.mediaio(IMAGEN_PATH, {"data": IMAGEN}).status == 500
    assert client.create().status == 200
    assert other.create().status == 501
    assert other.create("t2v_v3").status == 200
    assert client.avm("GET", f"tasks/{task}/status").status == 503
    assert client.avm("GET", f"tasks/{spared}/status").status == 200


def test_nth_and_times(client: Client, sandbox: Sandbox) -> None:
    """A rule may begin late, hold for a while, and end."""
    sandbox.fault("create:status:status=500:nth=2:times=2")
    sandbox.fault("balance:status:status=500:nth=2")
    statuses = [client.create().status for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]
    assert [client.avm("GET", "account").status for _ in range(3)] == [200, 500, 200]
    counts = client.control("GET", "faults")["faults"]
    assert [(one["seen"], one["used"]) for one in counts] == [(5, 2), (3, 1)]


def test_probability_follows_its_seed(client: Client, sandbox: Sandbox) -> None:
    """The same seed meets the same requests; about as many as it says."""
    runs = []
    for seed in (1, 1, 2):
        sandbox.clear_faults()
        sandbox.fault("balance:status", status=500, probability=0.5, seed=seed)
        runs.append([client.avm("GET", "account").status for _ in range(40)])
    assert runs[0] == runs[1] != runs[2]
    assert 8 < runs[0].count(500) < 32


def test_first_fault_holds(client: Client, sandbox: Sandbox) -> None:
    """Of two that meet a request the older one holds, and then the other."""
    sandbox.fault("create:status:status=500:times=1")
    sandbox.fault("create:status:status=501")
    assert [client.create().status for _ in range(2)] == [500, 501]


def test_wrong_faults_are_refused(sandbox: Sandbox) -> None:
    """A fault that cannot be is said to be wrong, and is not added."""
    with pytest.raises(SetupError, match="did you mean drop-answer"):
        sandbox.fault("create:drop-anser")
    with pytest.raises(SetupError, match="is for download"):
        sandbox.fault("create:corrupt")
    with pytest.raises(SetupError, match="at least 1"):
        sandbox.fault("create:drop-answer", times=0)
    assert raw(sandbox, create_bytes()).content.startswith(b"HTTP/1.1 200")


def test_faults_do_not_meet_the_control(client: Client, sandbox: Sandbox) -> None:
    """However broken the providers are, the sandbox can be asked."""
    sandbox.fault("any:reset-early")
    assert client.control("GET", "health")["ok"] is True
    assert raw(sandbox, request("GET", "/api/v1/tasks", key="a")).ending == "reset"
