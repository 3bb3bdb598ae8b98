"""Our side of the wire against theirs: both were written from the contract alone."""

from typing import Any

import pytest

from rushes.catalog import load
from rushes.providers.base import (
    Adapter,
    Answer,
    Balance,
    CancelAccepted,
    CancelRefused,
    Created,
    Exchange,
    NoTask,
    NotCreated,
    Order,
    ProviderQuote,
    Task,
    Trouble,
    Uncertain,
)
from rushes.sandbox import Sandbox

from .calling import IMAGEN, T2V, Client

CATALOG = load()
PARAMS = {"mediaio": ("imagen-4", IMAGEN), "aivideomaker": ("t2v", T2V)}


class Bench:
    """An adapter, the client that sends its calls, and an order."""

    def __init__(self, sandbox: Sandbox, provider: str, key: str = "a-key-of-mine") -> None:
        package = CATALOG.package(provider)
        self.adapter: Adapter = package.adapter(
            CATALOG.provider(provider), CATALOG.endpoints(provider)
        )
        self.header = CATALOG.provider(provider).auth.header
        self.client = Client(sandbox, key)
        name, params = PARAMS[provider]
        self.order = Order(model=CATALOG.model(f"{provider}/{name}"), params=params)

    def run(self, exchange: Exchange[Any] | None) -> Any:
        assert exchange is not None
        try:
            call = next(exchange)
            while True:
                headers = dict(call.headers) | {self.header: self.client.key or ""}
                got = self.client.send(call.method, call.path, call.body, headers)
                lower = {name.lower(): value for name, value in got.headers.items()}
                answer = Answer(status=got.status, headers=lower, body=got.body)
                call = exchange.send(answer)
        except StopIteration as stop:
            return stop.value

    def create(self, **changes: Any) -> Any:
        import msgspec

        return self.run(self.adapter.create(msgspec.structs.replace(self.order, **changes)))

    def query(self, task_id: str) -> Any:
        return self.run(self.adapter.query(task_id))


@pytest.fixture(params=["mediaio", "aivideomaker"])
def bench(request: pytest.FixtureRequest, sandbox: Sandbox) -> Bench:
    return Bench(sandbox, request.param)


def test_life_of_a_task(bench: Bench, sandbox: Sandbox) -> None:
    """Created, queued, running, succeeded with links that lead to files."""
    sandbox.set(jitter=0, queued_seconds=1, image_seconds=1, video_seconds=1)
    made = bench.create()
    assert isinstance(made, Created)
    phases = []
    for seconds in (0, 1, 1):
        sandbox.advance(seconds)
        task = bench.query(made.task_id)
        assert isinstance(task, Task)
        phases.append(task.phase)
    assert phases == ["queued", "running", "succeeded"]
    assert [one.url.startswith(sandbox.url) for one in task.outputs] == [True]


@pytest.mark.parametrize(
    "settings",
    [
        {"older_names": True, "mediaio_result": "object"},
        {"new_fields": False, "output_url_field": "videoUrl"},
    ],
)
def test_older_forms_mean_the_same(
    bench: Bench, sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    """The older words, fields and shapes are understood."""
    sandbox.set(**settings)
    made = bench.create()
    assert bench.query(made.task_id).phase == "queued"
    sandbox.advance(60)
    task = bench.query(made.task_id)
    assert (task.phase, len(task.outputs)) == ("succeeded", 1)


@pytest.mark.parametrize(("effect", "phase"), [("fail", "failed"), ("timeout", None)])
def test_bad_ends(bench: Bench, sandbox: Sandbox, effect: str, phase: str | None) -> None:
    """A failure and a time-out at the provider are told apart where the provider does."""
    sandbox.fault(f"create:{effect}:reason=out of paper")
    made = bench.create()
    sandbox.advance(60)
    task = bench.query(made.task_id)
    timed_out = "timed_out" if bench.adapter.provider == "mediaio" else "failed"
    assert task.phase == (phase or timed_out)
    assert "out of paper" in task.message


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("key", "code"), [("bad-key", "AUTH_FAILED"), ("empty-key", "INSUFFICIENT_CREDITS")]
)
@pytest.mark.parametrize("provider", ["mediaio", "aivideomaker"])
def test_refusals(sandbox: Sandbox, provider: str, key: str, code: str, status: int) -> None:
    """A refused key and missing credits are surely not created, whatever the HTTP status."""
    sandbox.set(mediaio_error_status=status, errors_as_200=status == 200)
    refused = Bench(sandbox, provider, key).create()
    assert isinstance(refused, NotCreated)
    assert (refused.code, refused.again) == (code, False)


def test_wrong_parameters(bench: Bench) -> None:
    """What their side refuses, ours reads as a wrong payload."""
    refused = bench.create(params={"prompt": 5})
    assert isinstance(refused, NotCreated)
    assert refused.code == "INVALID_PAYLOAD"


def test_limit(bench: Bench, sandbox: Sandbox) -> None:
    """Beyond the limit a create may be sent again, later."""
    sandbox.set(creates_per_minute=1)
    bench.create()
    refused = bench.create()
    assert isinstance(refused, NotCreated)
    assert (refused.code, refused.again, refused.retry_after) == ("RATE_LIMITED", True, 60)


@pytest.mark.parametrize(
    "fault",
    [
        "create:no-task-id",
        "create:status:status=500",
        "create:status:status=502:body=html",
        "create:not-json",
        "create:html",
        "create:empty",
        "create:redirect:location=/x",
    ],
)
def test_what_nobody_can_know(bench: Bench, sandbox: Sandbox, fault: str) -> None:
    """An answer that is no documented one leaves it open whether a task was made."""
    sandbox.fault(fault)
    assert isinstance(bench.create(), Uncertain)


def test_unknown_code_of_mediaio_is_uncertain(sandbox: Sandbox) -> None:
    """A code that is on no list is no refusal."""
    sandbox.fault("create:unknown-code:code=490321")
    outcome = Bench(sandbox, "mediaio").create()
    assert isinstance(outcome, Uncertain)
    assert outcome.provider_code == "490321"


def test_unknown_status_and_unknown_task(bench: Bench, sandbox: Sandbox) -> None:
    """A strange word is kept; a task that is not there is none."""
    made = bench.create()
    sandbox.fault("query:unknown-status:word=DREAMING:times=1")
    strange = bench.query(made.task_id)
    assert (strange.phase, strange.status) == ("unknown", "DREAMING")
    assert isinstance(bench.query("no-such-task"), NoTask | Trouble)


def test_balance(bench: Bench) -> None:
    """The balance is read where the provider shows it."""
    balance = bench.run(bench.adapter.balance())
    assert isinstance(balance, Balance)
    assert balance.credits == 10_000


def test_money_at_aivideomaker(sandbox: Sandbox) -> None:
    """Quote, ceiling, replay and conflict are what both sides say they are."""
    bench = Bench(sandbox, "aivideomaker")
    quote = bench.run(bench.adapter.quote(bench.order))
    assert isinstance(quote, ProviderQuote)
    assert (quote.credits, quote.affordable) == (15, True)
    first = bench.create(idempotency_key="the-key-of-a-job", max_credits=15)
    again = bench.create(idempotency_key="the-key-of-a-job", max_credits=15)
    assert (first.credits, first.replayed, again.replayed) == (15, False, True)
    assert first.task_id == again.task_id
    other = T2V | {"prompt": "another"}
    assert isinstance(bench.create(params=other, idempotency_key="the-key-of-a-job"), Uncertain)
    refused = bench.create(max_credits=14)
    assert isinstance(refused, NotCreated)
    assert refused.code == "BUDGET_EXCEEDED"
    assert sandbox.creates() == 1


def test_list_and_cancel_at_aivideomaker(sandbox: Sandbox) -> None:
    """The list shows what settles a lost answer; a cancel is taken or refused."""
    bench = Bench(sandbox, "aivideomaker")
    first = bench.create(idempotency_key="the-key-of-a-job").task_id
    second = bench.create().task_id
    tasks = bench.run(bench.adapter.tasks())
    assert [task.id for task in tasks] == [second, first]
    assert [task.idempotency_key for task in tasks] == [None, "the-key-of-a-job"]
    assert (tasks[1].params, tasks[1].created_at) == (T2V, pytest.approx(sandbox.now(), abs=0.001))
    assert isinstance(bench.run(bench.adapter.cancel(first)), CancelAccepted)
    canceled = bench.query(first)
    assert canceled.phase == "canceled"
    sandbox.advance(1)
    assert isinstance(bench.run(bench.adapter.cancel(second)), CancelRefused)
    assert isinstance(bench.run(bench.adapter.cancel("no-such-task")), NoTask)
