import asyncio
import base64
import contextlib
import ssl
from pathlib import Path

import pytest
import trustme

from rushes.engine.transport import AnswerLost, NeverMade, Transport
from rushes.errors import SetupError
from rushes.providers.base import Call

from .peer import Peer, Request, asynchronous, hang_up, says

CALL = Call(method="POST", path="/create", body=b"{}", paid=True)


@asynchronous
async def test_a_link_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY, on a private address, is asked for the whole URL, with name and password."""
    async with Peer(says(b"film")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:pass%21@localhost:{proxy.port}")
        async with (
            Transport() as transport,
            transport.download("http://provider.test/a%7E.mp4?b=1") as download,
        ):
            assert b"".join([chunk async for chunk in download.chunks()]) == b"film"
        [request] = proxy.requests
    assert request.target == "http://provider.test/a%7E.mp4?b=1"
    assert request.headers["host"] == "provider.test"
    token = request.headers["proxy-authorization"].removeprefix("Basic ")
    assert base64.b64decode(token) == b"me:pass!"


@pytest.mark.parametrize("exempt", ["provider.test", ".test", "a.test,provider.test:80"])
@asynchronous
async def test_no_proxy_is_obeyed(exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host named by NO_PROXY is looked up and reached directly."""
    async with Peer(says()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", exempt)
        async with Transport() as transport:
            with pytest.raises(NeverMade, match="no address is known"):
                async with transport.download("http://provider.test/a.mp4"):
                    pass
        assert proxy.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@asynchronous
async def test_loopback_is_never_proxied(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox on this machine is reached directly, whatever the variables say."""
    async with Peer(hang_up) as proxy, Peer(says()) as peer:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with Transport() as transport:
            await transport.send(f"http://{host}:{peer.port}", CALL)
        assert proxy.connections == 0


@asynchronous
async def test_a_tunnel_is_asked_for_and_the_key_goes_through_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY sees a CONNECT without the key; the provider behind it sees the call."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("provider.test").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def tunnel(request: Request, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", provider.port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        reader: asyncio.StreamReader = readers[0]
        with contextlib.closing(forth):
            await asyncio.gather(pump(reader, forth), pump(back, writer))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    readers: list[asyncio.StreamReader] = []
    async with Peer(says(), tls=context) as provider, Peer(tunnel, readers=readers) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with Transport() as transport:
            answer = await transport.send("https://provider.test", CALL, key=("key", "canary"))
            assert answer.status == 200
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert "canary" not in str(proxy.requests)
        assert [request.headers["key"] for request in provider.requests] == ["canary"]


@asynchronous
async def test_a_proxy_that_cannot_be_reached_means_never_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The provider got nothing, and the proxy's password is in no message."""
    monkeypatch.setenv("https_proxy", "http://me:canary@127.0.0.1:1")
    async with Transport() as transport:
        with pytest.raises(NeverMade, match=r"could not connect to 127\.0\.0\.1:1") as caught:
            await transport.send("https://provider.test", CALL)
    assert "canary" not in repr(caught.value)
    assert caught.value.__context__ is None


@asynchronous
async def test_a_tunnel_that_is_refused_means_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy answered the CONNECT, not the call: nothing reached the provider."""
    async with Peer(says(b"", status="407 Who Are You")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        async with Transport() as transport:
            with pytest.raises(NeverMade, match=r"would not connect .* \(status 407\)"):
                await transport.send("https://provider.test", CALL, key=("key", "canary"))
        [request] = proxy.requests
    assert (request.method, request.target) == ("CONNECT", "provider.test:443")
    assert "key" not in request.headers


@asynchronous
async def test_a_proxy_that_hangs_up_on_the_tunnel_loses_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """This looks the same as a hang-up after the call, and so counts as that."""
    async with Peer(hang_up) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        async with Transport() as transport:
            with pytest.raises(AnswerLost):
                await transport.send("https://provider.test", CALL)
        assert len(proxy.requests) == 1


@asynchronous
async def test_a_proxy_that_speaks_no_http_is_a_set_up_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A SOCKS proxy is not gone around in silence."""
    monkeypatch.setenv("all_proxy", "socks5://me:canary@127.0.0.1:1080")
    async with Transport() as transport:
        with pytest.raises(SetupError, match="HTTPS_PROXY") as caught:
            await transport.send("https://provider.test", CALL)
    assert "canary" not in str(caught.value)


@asynchronous
async def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password for the host in .netrc is not sent along."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password canary\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with Peer(says()) as peer, Transport() as transport:
        await transport.send(peer.url, CALL)
        assert "authorization" not in peer.requests[0].headers
