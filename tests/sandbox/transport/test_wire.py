from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rushes import __version__
from rushes.engine.transport import Transport
from rushes.providers.base import Call

from .peer import Peer, asynchronous, hang_up, says


@asynchronous
async def test_exactly_the_given_headers_go_out() -> None:
    """Beside the call's own: who we are, what we take, and no more."""
    call = Call(
        method="POST",
        path="/api/create?b=%2F&a=1~",
        headers=(("Content-Type", "application/json"), ("X-Max-Credits", "40")),
        body=b'{"data":{}}',
        paid=True,
    )
    async with Peer(says()) as peer, Transport() as transport:
        await transport.send(peer.url + "/prefix/", call, key=("key", "secret"))
        [request] = peer.requests
    assert request.target == "/prefix/api/create?b=%2F&a=1~"
    assert request.body == b'{"data":{}}'
    # The connection is not to be used again, and says so.
    assert request.headers.pop("connection", "close") == "close"
    assert request.headers == {
        "host": f"127.0.0.1:{peer.port}",
        "user-agent": f"rushes/{__version__}",
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "content-length": "11",
        "x-max-credits": "40",
        "key": "secret",
    }


@asynchronous
async def test_a_call_may_say_its_own_accept() -> None:
    """A header of the call takes the place of ours, in any case."""
    async with Peer(says()) as peer, Transport() as transport:
        call = Call(method="GET", path="/x", headers=(("accept", "application/json"),))
        await transport.send(peer.url, call)
        [request] = peer.requests
    assert request.headers["accept"] == "application/json"
    assert "content-length" not in request.headers
    assert "content-type" not in request.headers


@asynchronous
async def test_a_body_of_many_megabytes_goes_out_whole() -> None:
    """A data URI's length is announced, and its bytes arrive."""
    body = bytes(range(256)) * 4 * 4096
    async with Peer(says()) as peer, Transport() as transport:
        await transport.send(peer.url, Call(method="POST", path="/x", body=body, paid=True))
        await transport.send(peer.url, Call(method="POST", path="/x"))
        large, empty = peer.requests
    assert large.body == body
    assert empty.headers["content-length"] == "0"
    assert "content-type" not in {**large.headers, **empty.headers}


@asynchronous
async def test_the_answer_comes_whole_with_names_in_lower_case() -> None:
    """Status, headers (repeated ones joined), body and time of arrival."""
    act = says(b"[1]", "Date: today", "X-A: 1", "x-a: 2", status="503 Not Now")
    async with Peer(act) as peer, Transport(clock=lambda: 1234.5) as transport:
        answer = await transport.send(peer.url, Call(method="GET", path="/x"))
    assert (answer.status, answer.body, answer.at) == (503, b"[1]", 1234.5)
    assert answer.headers == {"date": "today", "x-a": "1, 2", "content-length": "3"}


@pytest.mark.parametrize(
    "path", ["x", "", "/a b", "/a#b", "/é", "/a\r\nX: y", "https://other.test/"]
)
@asynchronous
async def test_a_path_that_is_none_is_refused(path: str) -> None:
    """What is no path cannot lead the key elsewhere."""
    async with Peer(says()) as peer, Transport() as transport:
        with pytest.raises(ValueError, match="not the path of a URL"):
            await transport.send(peer.url, Call(method="GET", path=path))
        assert peer.connections == 0


@pytest.mark.parametrize("header", [("a b", "x"), ("a", "x\r\nb: c"), ("", "x"), ("a", "é")])
@asynchronous
async def test_a_header_that_is_none_is_refused(header: tuple[str, str]) -> None:
    """It is refused before a connection exists, when it is still sure that nothing was sent."""
    async with Peer(says()) as peer, Transport() as transport:
        with pytest.raises(ValueError, match="cannot be sent as a header"):
            await transport.send(peer.url, Call(method="GET", path="/x", headers=(header,)))
        assert peer.connections == 0


@asynchronous
async def test_the_hold_covers_each_exchange() -> None:
    """The clock that a test holds stands still for sends, failures and whole downloads."""
    story: list[str] = []

    @contextmanager
    def hold() -> Iterator[None]:
        story.append("held")
        try:
            yield
        finally:
            story.append("free")

    async with (
        Peer(says(b"film")) as peer,
        Peer(hang_up) as dead,
        Transport(hold=hold) as transport,
    ):
        await transport.send(peer.url, Call(method="GET", path="/x"))
        with pytest.raises(Exception, match="closed the connection"):
            await transport.send(dead.url, Call(method="GET", path="/x"))
        async with transport.download(peer.url + "/y", allow_private=True) as download:
            story.extend([chunk.decode() async for chunk in download.chunks()])
    assert story == ["held", "free", "held", "free", "held", "film", "free"]
