import json
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushes.errors import SetupError
from rushes.sandbox import Sandbox

from .calling import T2V, Client, create_bytes, raw, request


def test_connection_is_kept(sandbox: Sandbox) -> None:
    """Several requests go over one connection, also sent at once."""
    one = create_bytes().replace(b"Connection: close\r\n", b"")
    seen = raw(sandbox, one + one + create_bytes())
    assert seen.content.count(b"HTTP/1.1 200") == 3
    assert seen.ending == "closed"
    assert sandbox.creates() == 3


def test_request_may_come_in_pieces(sandbox: Sandbox) -> None:
    """A chunked body and one that comes byte by byte are read whole."""
    body = json.dumps(T2V).encode()
    head = (
        b"POST /api/v1/generate/t2v HTTP/1.1\r\nHost: x\r\nkey: a-key\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    assert raw(sandbox, head + chunks + b"0\r\n\r\n").content.startswith(b"HTTP/1.1 200")


def test_expect_continue(sandbox: Sandbox) -> None:
    """A client that waits for leave to send its body gets it."""
    where = urlsplit(sandbox.url)
    head, _, body = create_bytes().partition(b"\r\n\r\n")
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_head_of_an_api_path(sandbox: Sandbox) -> None:
    """HEAD is a wrong method with no body, and the connection stays in step."""
    seen = raw(sandbox, request("HEAD", "/api/v1/tasks", key="a-key"))
    assert seen.content.startswith(b"HTTP/1.1 405")
    assert seen.body == b""


def test_broken_requests(sandbox: Sandbox) -> None:
    """What is no HTTP is answered 400 and closed."""
    for sent in (
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    ):
        seen = raw(sandbox, sent)
        assert seen.content.startswith(b"HTTP/1.1 400") or seen.ending == "reset"
    assert Client(sandbox).create().status == 200


def test_bodies_are_bounded(client: Client, sandbox: Sandbox) -> None:
    """A body beyond the limit is answered 413 and is not processed."""
    sandbox.set(max_body_bytes=2000, max_media_bytes=3000)
    assert client.create(value=T2V | {"prompt": "a" * 3000}).status == 413
    assert client.send("PUT", "/_sandbox/media", b"a" * 3001).status == 413
    assert client.send("PUT", "/_sandbox/media", b"a" * 3000).status == 200
    assert sandbox.creates() == 0
    assert sandbox.requests(action="create")[0].status == 413


def test_unknown_paths(client: Client, sandbox: Sandbox) -> None:
    """What is neither provider's nor the sandbox's is 404, and is on record."""
    assert client.get("/").status == 404
    assert client.get("/api/v2/tasks").status == 404
    assert [entry.status for entry in sandbox.requests()] == [404, 404]


def test_port_that_is_taken(sandbox: Sandbox) -> None:
    """A second sandbox on the same port says so."""
    port = urlsplit(sandbox.url).port or 0
    other = Sandbox(port=port)
    with pytest.raises(SetupError, match=str(port)):
        other.start()
    other.close()


def test_a_bug_of_its_own_is_a_500(
    client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks while drawing is answered and logged, and the next request is served."""
    link = client.output()

    def broken(*_: object) -> None:
        raise RuntimeError("no ink")

    with monkeypatch.context() as patched:
        patched.setattr("rushes.sandbox.world.scene_of", broken)
        assert client.get(link).status == 500
    assert client.get(link).status == 200


def test_stop_ends_open_connections() -> None:
    """A stopped sandbox has closed every connection, and can still be asked."""
    sandbox = Sandbox().start()
    where = urlsplit(sandbox.url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(create_bytes().replace(b"Connection: close\r\n", b""))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        sandbox.stop()
        assert connection.recv(1000) == b""
    assert sandbox.creates() == 1
    sandbox.close()


def test_stop_does_not_wait_for_a_peer_that_does_not_read() -> None:
    """A stalled download holds nothing up."""
    sandbox = Sandbox().start()
    sandbox.freeze()
    client = Client(sandbox)
    link = client.output()
    client.get(link)
    sandbox.fault("download:endless")
    where = urlsplit(link)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(request("GET", f"{where.path}?{where.query}"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        thread = sandbox._thread
        sandbox.close()
        assert thread is not None
        assert not thread.is_alive()


def test_only_loopback(sandbox: Sandbox) -> None:
    """It listens on 127.0.0.1."""
    assert urlsplit(sandbox.url).hostname == "127.0.0.1"


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                b"GET ", b"POST ", b"/api/v1/tasks", b"/_sandbox/health", b" HTTP/1.1", b"\r\n",
                b"Host: x", b"key: a", b"Content-Length: ", b"5", b"Transfer-Encoding: chunked",
                b"Expect: 100-continue", b"\x00", b"\xff", b": ", b"{}",
            ]
        )
    ).map(b"".join)
)  # fmt: skip
def test_no_bytes_break_it(sandbox: Sandbox, sent: bytes) -> None:
    """Whatever bytes come, they are answered below 500 or the connection just ends."""
    seen = raw(sandbox, sent, ended=True)
    assert seen.content == b"" or seen.content[9:10] in b"1234"
    assert Client(sandbox).control("GET", "health")["ok"] is True


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
    path=st.sampled_from(
        [
            "/user/credits",
            "/generation/imagen/t2i-imagen-4",
            "/generation/result/",
            "/api/v1/generate/",
            "/api/v1/tasks",
            "/api/v1/tasks/",
            "/_outputs/x/0.png",
            "/_media/",
            "/_sandbox/",
            "/_sandbox/settings",
            "/_sandbox/faults",
            "/_sandbox/clock",
            "/_sandbox/accounts/x",
            "/_sandbox/requests",
            "/",
        ]
    ),
    tail=st.text("abc0/%?=.&~-_é", max_size=12),
    body=st.one_of(
        st.binary(max_size=40),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_no_request_breaks_it(
    sandbox: Sandbox, method: str, path: str, tail: str, body: bytes
) -> None:
    """Whatever is sent, an HTTP answer below 500 comes."""
    target = (path + tail).encode("ascii", "ignore").decode()
    headers = {"key": "a-key", "X-API-KEY": "a-key", "Content-Type": "application/json"}
    seen = raw(sandbox, request(method, target, body, **headers))
    assert seen.content.startswith(b"HTTP/1.1 ")
    assert int(seen.content[9:12]) < 500
