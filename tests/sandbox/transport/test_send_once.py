from typing import Literal

import aiohttp
import pytest

from rushes.engine.transport import AnswerLost, Transport
from rushes.providers.base import Call

from .peer import Act, Peer, Request, answer, asynchronous, hang_up, reset, reset_now, says

Method = Literal["GET", "POST", "PUT", "DELETE"]


@pytest.mark.parametrize("act", [hang_up, reset])
@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@asynchronous
async def test_a_call_whose_answer_is_lost_is_not_sent_again(
    method: Method, paid: bool, act: Act
) -> None:
    """The server that hangs up after reading sees one request, whatever the method."""
    async with Peer(act) as peer, Transport() as transport:
        with pytest.raises(AnswerLost):
            await transport.send(peer.url, Call(method=method, path="/x", body=b"1", paid=paid))
        assert [request.method for request in peer.requests] == [method]
        assert peer.connections == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@asynchronous
async def test_a_call_on_a_kept_connection_is_not_sent_again(method: Method) -> None:
    """A kept connection that dies under a call does not bring a second one to life."""

    async def once(request: Request, writer: object) -> None:
        await (says() if request.target == "/first" else hang_up)(request, writer)  # type: ignore[arg-type]

    async with Peer(once) as peer, Transport() as transport:
        await transport.send(peer.url, Call(method="GET", path="/first"))
        with pytest.raises(AnswerLost):
            await transport.send(peer.url, Call(method=method, path="/second"))
        assert [request.target for request in peer.requests] == ["/first", "/second"]
        assert peer.connections == 1


@asynchronous
async def test_a_reset_before_anything_is_read_is_a_lost_answer() -> None:
    """Once the connection stands, nobody can say what arrived."""
    async with (
        Peer(says(), greet=reset_now) as peer,
        Transport() as transport,
    ):
        with pytest.raises(AnswerLost):
            await transport.send(peer.url, Call(method="GET", path="/x"))
        assert peer.connections == 1


@asynchronous
async def test_the_pinned_client_has_the_switch_against_resending() -> None:
    """Without the private attribute that the transport sets, a GET would go out twice."""
    async with aiohttp.ClientSession() as session:
        assert session._retry_connection is True


@asynchronous
async def test_paid_calls_have_connections_of_their_own() -> None:
    """Each paid call comes from a new port; the others share one connection."""
    async with Peer(says()) as peer, Transport() as transport:
        for paid in (False, True, True, False, False):
            await transport.send(peer.url, Call(method="POST", path="/x", paid=paid))
        first, paid_one, paid_two, *others = [request.port for request in peer.requests]
        assert len({first, paid_one, paid_two}) == 3
        assert others == [first, first]
        assert peer.connections == 3


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Elsewhere", "308 Gone There"])
@asynchronous
async def test_a_redirect_is_an_answer_and_takes_no_key_along(status: str) -> None:
    """The other port sees neither request nor key."""
    async with Peer(says()) as other:
        moved = says(b"", f"Location: {other.url}/take", status=status)
        async with Peer(moved) as peer, Transport() as transport:
            call = Call(method="POST", path="/create", body=b"{}", paid=True)
            got = await transport.send(peer.url, call, key=("X-API-KEY", "k"))
    assert got.status == int(status[:3])
    assert got.headers["location"] == f"{other.url}/take"
    assert other.connections == 0
    assert len(peer.requests) == 1


@asynchronous
async def test_cancelling_reaches_the_caller_and_closes_the_connection() -> None:
    """A cancelled send is sent no second time and ends as a cancellation."""
    import asyncio

    arrived = asyncio.Event()

    async def wait(request: Request, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.Event().wait()
        writer.write(answer())

    async with Peer(wait) as peer, Transport() as transport:
        task = asyncio.create_task(transport.send(peer.url, Call(method="POST", path="/x")))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(peer.requests) == 1
