import socket
from typing import Any

import pytest

from rushes.engine.transport import ForbiddenAddress, NeverMade, Transport

from .peer import Peer, asynchronous, says


async def follow(transport: Transport, url: str) -> None:
    async with transport.download(url):
        pass


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LocalHost.",
        "a.localhost",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "user@127.0.0.1",
        "x.test@localhost",
        "%6cocalhost",
        "①②⑦.0.0.1",
    ],
)
@asynchronous
async def test_no_spelling_of_loopback_is_connected_to(host: str) -> None:
    """The server on this machine is not reached by any way of writing its address."""
    async with Peer(says(b"secret")) as peer, Transport() as transport:
        with pytest.raises(ForbiddenAddress):
            await follow(transport, f"http://{host}:{peer.port}/")
        assert peer.connections == 0


@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/a.mp4",
        "https://[fd00::1]/a.mp4",
        "file:///etc/passwd",
        "ftp://example.test/a.mp4",
        "data:video/mp4;base64,AAAA",
        "//example.test/a.mp4",
        "/a.mp4",
        "a.mp4",
        "http://",
        "http://example.test:0/",
        "http://example.test:99999/",
        "http://[::1/",
        "",
        "\udcff",
    ],
)
@asynchronous
async def test_what_is_no_public_web_address_is_not_followed(link: str) -> None:
    """Private addresses, other schemes and fragments of links are refused by themselves."""
    async with Transport() as transport:
        with pytest.raises(ForbiddenAddress):
            await follow(transport, link)


@asynchronous
async def test_a_link_may_lead_to_loopback_where_that_is_allowed() -> None:
    """The sandbox's own links work, by address and by name."""
    async with Peer(says(b"film")) as peer, Transport() as transport:
        for host in ("127.0.0.1", "localhost"):
            link = f"http://{host}:{peer.port}/a.mp4"
            async with transport.download(link, allow_private=True) as download:
                assert download.status == 200


def dns(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let the system's resolver answer for cdn.test: no real name on loopback is at hand."""
    real = socket.getaddrinfo

    def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "cdn.test":
            return real(host, port, *args, **kwargs)
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("10.0.0.1", "127.0.0.1"), ("::ffff:127.0.0.1",), ("::1", "127.0.0.1")],
    ids=str,
)
@asynchronous
async def test_a_name_that_leads_to_loopback_is_judged_when_connecting(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the name resolves to for this very connection is what is judged."""
    dns(monkeypatch, *addresses)
    async with Peer(says(b"secret")) as peer, Transport() as transport:
        with pytest.raises(ForbiddenAddress, match=r"cdn\.test"):
            await follow(transport, f"http://cdn.test:{peer.port}/a.mp4")
        assert peer.connections == 0
        async with transport.download(
            f"http://cdn.test:{peer.port}/a.mp4", allow_private=True
        ) as download:
            assert download.status == 200 or addresses[0] != "127.0.0.1"


@asynchronous
async def test_a_kept_connection_does_not_pass_the_judgement_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection made where loopback was allowed is not taken where it is not."""
    dns(monkeypatch, "127.0.0.1")
    async with Peer(says(b"film")) as peer, Transport() as transport:
        link = f"http://cdn.test:{peer.port}/a.mp4"
        async with transport.download(link, allow_private=True) as download:
            async for _ in download.chunks():
                pass
        with pytest.raises(ForbiddenAddress):
            await follow(transport, link)


@asynchronous
async def test_only_public_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """That the public one cannot be reached is no judgement of the link."""

    def refuse(sock: socket.socket, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError(111, "refused")

    tried: list[object] = []
    dns(monkeypatch, "127.0.0.1", "8.8.8.8", "10.0.0.1")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    async with Transport() as transport:
        with pytest.raises(NeverMade):
            await follow(transport, "http://cdn.test/a.mp4")
    assert set(tried) == {("8.8.8.8", 80)}


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "//[::1]/"]
)
@asynchronous
async def test_a_redirect_is_judged_as_a_link_is(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public server (here: behind a proxy) cannot send us inside."""
    async with Peer(says(b"secret")) as inside:
        moved = says(b"", f"Location: {target.format(port=inside.port)}", status="302 Found")
        async with Peer(moved) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            async with Transport() as transport:
                with pytest.raises(ForbiddenAddress):
                    await follow(transport, "http://cdn.test/a.mp4")
            assert len(proxy.requests) == 1
        assert inside.connections == 0
