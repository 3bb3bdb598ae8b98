import asyncio
import gzip
import socket
import ssl
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from rushes.engine.transport import AnswerLost, NeverMade, TooLarge, Transport
from rushes.errors import SetupError
from rushes.providers.base import Call

from .peer import Peer, Request, answer, asynchronous, cut_short, reset_now, says, silent

CALL = Call(method="POST", path="/create", body=b"{}", paid=True)


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@asynchronous
async def test_a_name_that_nobody_knows_was_never_reached() -> None:
    """A name that does not resolve: nothing was sent."""
    async with Transport() as transport:
        with pytest.raises(NeverMade, match=r"no address is known for nowhere\.invalid"):
            await transport.send("https://nowhere.invalid", CALL)


@asynchronous
async def test_a_refused_connection_was_never_made() -> None:
    """A closed port: nothing was sent."""
    async with Transport() as transport:
        with pytest.raises(NeverMade, match=r"could not connect to 127\.0\.0\.1"):
            await transport.send(f"http://127.0.0.1:{closed_port()}", CALL)


@asynchronous
async def test_a_server_that_speaks_no_tls_was_never_reached() -> None:
    """A failed handshake comes before any request."""
    greeting = lambda writer: writer.write(b"220 mail ready\r\n")  # noqa: E731
    async with Peer(says(), greet=greeting) as peer, Transport() as transport:
        with pytest.raises(NeverMade):
            await transport.send(f"https://127.0.0.1:{peer.port}", CALL)
        assert peer.requests == []


@asynchronous
async def test_a_reset_during_the_handshake_was_never_reached() -> None:
    """The connection stood, but no request can have left without its TLS."""
    async with (
        Peer(says(), greet=reset_now) as peer,
        Transport() as transport,
    ):
        with pytest.raises(NeverMade):
            await transport.send(f"https://127.0.0.1:{peer.port}", CALL)


@pytest.fixture
def full_listener() -> Iterator[int]:
    """A port whose queue of connections is full, so that connecting to it gets no answer."""
    waiting: list[socket.socket] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
            waiting.append(sock)
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


@asynchronous
async def test_a_time_out_while_connecting_was_never_made(full_listener: int) -> None:
    """Who does not even accept got nothing."""
    async with Transport(connect_seconds=0.02) as transport:
        with pytest.raises(NeverMade):
            await transport.send(f"http://127.0.0.1:{full_listener}", CALL)


@asynchronous
async def test_a_time_out_after_sending_is_a_lost_answer() -> None:
    """Who accepted and said nothing may have created the task."""
    async with Peer(silent) as peer, Transport(read_seconds=0.02) as transport:
        with pytest.raises(AnswerLost, match="did not answer in time"):
            await transport.send(peer.url, CALL)
        assert len(peer.requests) == 1


@asynchronous
async def test_an_answer_that_trickles_for_ever_is_given_up() -> None:
    """Bytes that keep coming do not keep the send waiting beyond its bound."""

    async def trickle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", length=10**6))
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.005)

    quick = Transport(connect_seconds=0.02, answer_seconds=0.03)
    async with Peer(trickle) as peer, quick as transport:
        with pytest.raises(AnswerLost, match="did not answer in time"):
            await transport.send(peer.url, Call(method="GET", path="/x"))


@asynchronous
async def test_a_truncated_answer_is_lost() -> None:
    """Half an answer is none."""
    async with Peer(cut_short) as peer, Transport() as transport:
        with pytest.raises(AnswerLost, match="ended too early"):
            await transport.send(peer.url, CALL)


@pytest.mark.parametrize("said", [b"HTTP/1.1 twohundred OK\r\n\r\n", b"hello\r\n\r\n", b"\0" * 99])
@asynchronous
async def test_an_answer_that_is_not_http_is_lost(said: bytes) -> None:
    """Whatever comes back, the request had been sent."""

    async def babble(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    async with Peer(babble) as peer, Transport() as transport:
        with pytest.raises(AnswerLost):
            await transport.send(peer.url, CALL)


@pytest.mark.parametrize("announced", [True, False])
@asynchronous
async def test_an_oversized_answer_is_lost(announced: bool) -> None:
    """An answer beyond the bound is not kept, whether it says its length or not."""

    async def much(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"x" * 1001, length=None if announced else -1))
        writer.close()

    async with Peer(much) as peer, Transport(max_answer_bytes=1000) as small:
        with pytest.raises(TooLarge, match="more than the 1000 bytes"):
            await small.send(peer.url, CALL)
    async with Peer(much) as peer, Transport(max_answer_bytes=1001) as fits:
        assert len((await fits.send(peer.url, CALL)).body) == 1001


@asynchronous
async def test_an_answer_that_announces_too_much_is_not_waited_for() -> None:
    """Its announced length is enough to give it up."""

    async def announce(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", length=1001))

    async with Peer(announce) as peer, Transport(max_answer_bytes=1000) as transport:
        with pytest.raises(TooLarge):
            await transport.send(peer.url, CALL)


@asynchronous
async def test_a_compressed_answer_is_read_and_a_bomb_is_not() -> None:
    """A server that compresses unasked is understood, within the same bound."""
    bomb = gzip.compress(b"\0" * 64 * 2**20, 9)
    packed = {"/good": gzip.compress(b'{"code": 0}'), "/bomb": bomb}

    async def send(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(packed[request.target], "Content-Encoding: gzip"))

    async with (
        Peer(send) as peer,
        Transport(max_answer_bytes=2**20) as transport,
    ):
        good = await transport.send(peer.url, Call(method="GET", path="/good"))
        assert good.body == b'{"code": 0}'
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                await transport.send(peer.url, Call(method="GET", path="/bomb"))
            assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
        finally:
            tracemalloc.stop()


@asynchronous
async def test_an_unknown_certificate_was_never_reached_and_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of an unknown authority is refused; SSL_CERT_FILE makes it known."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with Peer(says(), tls=context) as peer:
        async with Transport() as strict:
            with pytest.raises(NeverMade, match=r"not trusted.*SSL_CERT_FILE"):
                await strict.send(peer.url, CALL)
        assert peer.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        async with Transport() as trusting:
            assert (await trusting.send(peer.url, CALL)).status == 200


@asynchronous
async def test_a_certificate_for_another_name_was_never_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trusting the authority is not enough: the name must be right."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.test").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with Peer(says(), tls=context) as peer, Transport() as transport:
        with pytest.raises(NeverMade, match="not trusted"):
            await transport.send(peer.url, CALL)
        assert peer.requests == []


@asynchronous
async def test_a_base_url_that_is_not_safe_for_a_key_is_refused() -> None:
    """Plain http is for this machine only, and a closed transport says so."""
    transport = Transport()
    with pytest.raises(SetupError, match="must be https"):
        await transport.send("http://provider.test", CALL)
    await transport.close()
    with pytest.raises(RuntimeError, match="closed"):
        await transport.send("https://provider.test", CALL)
