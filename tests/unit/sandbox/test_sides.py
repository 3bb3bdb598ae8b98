"""Each provider's side over a world of its own, without a server."""

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.catalog import load
from rushes.providers.world import Reply, Request, Twist
from rushes.sandbox import Settings
from rushes.sandbox.spoil import TWISTS
from rushes.sandbox.state import State
from rushes.sandbox.world import World

ORIGIN = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    state = State(None, Settings(queries_per_minute=0))
    yield World(state, load())
    state.close()


def ask(world: World, method: str, path: str, twist: Twist, **fields: Any) -> Reply | None:
    request = Request(method=method, path=path, **fields)
    for name, side in world.sides.items():
        target = side.find(method, path)
        if target is not None:
            with world.state.writing():
                return side.answer(world.view(name, ORIGIN, twist), request, target)
    return None


PATHS = [
    *(model.path for model in load().models()),
    *(
        model.path.replace("/generate/", "/quote/")
        for model in load().models(provider="aivideomaker")
    ),
    "/user/credits",
    "/generation/result/x",
    "/generation/nothing",
    "/api/v1/tasks",
    "/api/v1/tasks/x",
    "/api/v1/tasks/x/status",
    "/api/v1/tasks/x/cancel",
    "/api/v1/account",
    "/api/v1/",
]
NAMES = ("key", "x-api-key", "content-type", "idempotency-key", "x-max-credits", "webhookurl")


@settings(max_examples=400, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "\xff"]),
    path=st.sampled_from(PATHS),
    headers=st.dictionaries(
        st.sampled_from(NAMES),
        st.sampled_from(["application/json", "a-key", "5", "-5", "bad-x"]) | st.text(max_size=12),
    ),
    body=st.binary(max_size=30)
    | st.dictionaries(
        st.sampled_from(["data", "prompt", "duration", "ratio"]),
        st.text(max_size=5) | st.dictionaries(st.sampled_from(["prompt"]), st.text(max_size=5)),
    ).map(msgspec.json.encode),
    twist=st.sampled_from([Twist(), *(Twist(effect, "WORD") for effect in sorted(TWISTS))]),
)
def test_every_request_has_an_answer(
    world: World, method: str, path: str, headers: dict[str, str], body: bytes, twist: Twist
) -> None:
    """Nothing that is sent makes a side raise, and every answer is a JSON object."""
    reply = ask(world, method, path, twist, headers=headers, body=body)
    assert reply is not None
    assert 200 <= reply.status < 500
    assert isinstance(msgspec.json.decode(reply.body), dict)


@pytest.mark.parametrize("path", ["/", "/api/v2/tasks", "/generate", "/users/credits", ""])
def test_paths_of_nobody(world: World, path: str) -> None:
    """A path that is no provider's is left to the sandbox."""
    assert ask(world, "GET", path, Twist()) is None


@pytest.mark.parametrize("body", [b'{"prompt":"\\ud800","aspectRatio":"16:9","duration":"5"}'])
def test_half_a_surrogate(world: World, body: bytes) -> None:
    """Text that cannot be written as UTF-8 is refused, not choked on."""
    headers = {"key": "a-key", "content-type": "application/json"}
    reply = ask(world, "POST", "/api/v1/generate/t2v", Twist(), headers=headers, body=body)
    assert reply is not None
    assert reply.status == 400


def test_sides_never_import_our_wire() -> None:
    """No module of the sandbox or of a provider's side imports the adapter's wire."""
    import subprocess
    import sys

    code = (
        "import sys, rushes.sandbox.server, rushes.providers.mediaio.sandbox,"
        " rushes.providers.aivideomaker.sandbox\n"
        "print([n for n in sys.modules if n.endswith('.wire') or n.startswith('rushes.requests')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_ten_thousand_tasks_are_one_list(world: World) -> None:
    """A key with very many tasks sees them all in one answer, newest first."""
    headers = {"key": "many", "content-type": "application/json"}
    body = b'{"prompt":"a","aspectRatio":"16:9","duration":"5"}'
    world.state.set_settings(msgspec.structs.replace(world.state.settings, default_credits=10**7))
    with world.state.writing():
        for _ in range(10_000):
            ask(world, "POST", "/api/v1/generate/t2v", Twist(), headers=headers, body=body)
    reply = ask(world, "GET", "/api/v1/tasks", Twist(), headers=headers)
    assert reply is not None
    rows = msgspec.json.decode(reply.body)["tasks"]
    assert len(rows) == 10_000
    assert all(one["createdAt"] >= two["createdAt"] for one, two in itertools.pairwise(rows))
