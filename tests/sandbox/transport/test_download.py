import asyncio

import pytest

from rushes.engine.transport import AnswerLost, Download, TooLarge, Transport

from .peer import Act, Peer, Request, answer, asynchronous, hang_up, says

FILM = bytes(range(256)) * 40


async def read(download: Download) -> bytes:
    return b"".join([chunk async for chunk in download.chunks()])


def film(*, etag: str = '"v1"', ranges: bool = True, heed: bool = True) -> Act:
    """A media server; `heed` says whether it obeys If-Range."""

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        wanted = request.headers.get("range")
        same = request.headers.get("if-range") == etag or not heed
        lines = ["Content-Type: video/mp4; codecs=avc1", f"ETag: {etag}"]
        if wanted is None or not ranges or not same:
            writer.write(answer(FILM, *lines))
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(FILM):
            lines = [f"Content-Range: bytes */{len(FILM)}"]
            writer.write(answer(b"", *lines, status="416 Beyond"))
            return
        lines.append(f"Content-Range: bytes {start}-{len(FILM) - 1}/{len(FILM)}")
        writer.write(answer(FILM[start:], *lines, status="206 Part"))

    return act


@asynchronous
async def test_a_file_comes_whole_with_its_facts() -> None:
    """A first download: everything that a resume and the archive will want."""
    async with Peer(film()) as peer, Transport() as transport:
        async with transport.download(f"{peer.url}/a.mp4", allow_private=True) as download:
            assert await read(download) == FILM
        assert (download.status, download.start, download.length) == (200, 0, len(FILM))
        assert (download.validator, download.media_type) == ('"v1"', "video/mp4")
        [request] = peer.requests
    assert "range" not in request.headers
    assert request.headers["accept-encoding"] == "identity"


@asynchronous
async def test_the_rest_of_a_file_is_asked_for_with_its_validator() -> None:
    """A resume gets only what is missing."""
    async with Peer(film()) as peer, Transport() as transport:
        link = f"{peer.url}/a.mp4"
        async with transport.download(
            link, start=1000, validator='"v1"', allow_private=True
        ) as download:
            assert await read(download) == FILM[1000:]
        assert (download.status, download.start, download.length) == (206, 1000, len(FILM))
        [request] = peer.requests
    assert (request.headers["range"], request.headers["if-range"]) == ("bytes=1000-", '"v1"')


@pytest.mark.parametrize(
    ("server", "validator", "requests"),
    [
        (film(), None, 1),
        (film(ranges=False), '"v1"', 1),
        (film(etag='"v2"'), '"v1"', 1),
        (film(etag='"v2"', heed=False), '"v1"', 2),
    ],
    ids=["no validator", "no ranges", "changed", "changed, If-Range ignored"],
)
@asynchronous
async def test_where_the_rest_cannot_be_had_the_whole_file_comes(
    server: Act, validator: str | None, requests: int
) -> None:
    """Two halves of different files are never joined."""
    async with Peer(server) as peer, Transport() as transport:
        link = f"{peer.url}/a.mp4"
        async with transport.download(
            link, start=1000, validator=validator, allow_private=True
        ) as download:
            assert (download.status, download.start) == (200, 0)
            assert await read(download) == FILM
        assert len(peer.requests) == requests


@asynchronous
async def test_a_file_that_is_already_whole_has_nothing_more() -> None:
    """The 416 at a file's very end says: done."""
    async with Peer(film()) as peer, Transport() as transport:
        async with transport.download(
            f"{peer.url}/a.mp4", start=len(FILM), validator='"v1"', allow_private=True
        ) as download:
            assert await read(download) == b""
        assert (download.status, download.start, download.length) == (416, len(FILM), len(FILM))


@asynchronous
async def test_more_than_the_file_has_is_thrown_away() -> None:
    """A 416 for a start beyond the file's end begins again."""
    async with (
        Peer(film()) as peer,
        Transport() as transport,
        transport.download(
            f"{peer.url}/a.mp4", start=len(FILM) + 1, validator='"v1"', allow_private=True
        ) as download,
    ):
        assert (download.status, download.start) == (200, 0)
        assert await read(download) == FILM


@asynchronous
async def test_a_part_that_nobody_asked_for_is_refused() -> None:
    """A server that always sends the middle is of no use."""
    act = says(b"xy", "Content-Range: bytes 5-6/10", status="206 Part")
    async with Peer(act) as peer, Transport() as transport:
        with pytest.raises(AnswerLost, match="a part of the file"):
            async with transport.download(f"{peer.url}/a.mp4", allow_private=True):
                pass


@pytest.mark.parametrize("status", ["403 No", "404 Gone", "410 Gone", "500 Oh", "416 Beyond"])
@asynchronous
async def test_other_statuses_are_the_callers_to_judge(status: str) -> None:
    """An expired link is no failure of the transport, and says nothing of the file's length."""
    async with (
        Peer(says(b"<Error/>", status=status)) as peer,
        Transport() as transport,
        transport.download(f"{peer.url}/a.mp4", allow_private=True) as download,
    ):
        assert (download.status, download.length) == (int(status[:3]), None)


@asynchronous
async def test_a_signed_link_reaches_the_server_letter_by_letter() -> None:
    """Escapes are left as they are, a fragment is not sent."""
    signed = "/a%2Fb/%7Euser/c+d.mp4?X-Sig=a%2Bb/c%3D&e=%20~&f=(1)&u=ä"
    async with Peer(says(b"film")) as peer, Transport() as transport:
        for link in (signed.removesuffix("&u=ä"), signed):
            async with transport.download(f"{peer.url}{link}#t=1", allow_private=True):
                pass
        plain, other = [request.target for request in peer.requests]
    assert plain == signed.removesuffix("&u=ä")
    assert other.endswith("&u=%C3%A4")


@asynchronous
async def test_redirects_are_followed_with_the_range() -> None:
    """A link may lead on, relative or to another host, five times."""

    def hop(target: str) -> Act:
        return says(b"moved", f"Location: {target}", status="302 Found")

    async def hops(request: Request, writer: asyncio.StreamWriter) -> None:
        left = int(request.target.rsplit("/", 1)[1])
        await hop(f"./{left - 1}" if left > 1 else f"{end.url}/a.mp4")(request, writer)

    async with Peer(film()) as end, Peer(hops) as peer, Transport() as transport:
        async with transport.download(
            f"{peer.url}/way/5", start=7, validator='"v1"', allow_private=True
        ) as download:
            assert await read(download) == FILM[7:]
        assert download.url == f"{end.url}/a.mp4"
        assert {request.headers["range"] for request in peer.requests} == {"bytes=7-"}
        with pytest.raises(AnswerLost, match="more than 5 times"):
            async with transport.download(f"{peer.url}/way/6", allow_private=True):
                pass


@asynchronous
async def test_what_came_before_a_break_is_kept_and_the_break_is_said() -> None:
    """A connection that ends too early is a lost answer, after the bytes that came."""

    async def half(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(FILM[:5000], length=len(FILM)))
        await writer.drain()
        await more.wait()
        writer.close()

    async def keep(download: Download) -> None:
        async for chunk in download.chunks():
            got.extend(chunk)
            if len(got) == 5000:
                more.set()

    more = asyncio.Event()
    got = bytearray()
    async with (
        Peer(half) as peer,
        Transport() as transport,
        transport.download(f"{peer.url}/a.mp4", allow_private=True) as download,
    ):
        with pytest.raises(AnswerLost, match="ended too early"):
            await keep(download)
    assert got == FILM[:5000]


@asynchronous
async def test_a_download_that_stalls_is_given_up() -> None:
    """Silence in the middle of a file ends by the read time-out."""

    async def stall(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"begin", length=100))
        await writer.drain()
        await asyncio.Event().wait()

    async with (
        Peer(stall) as peer,
        Transport(read_seconds=0.03) as transport,
        transport.download(f"{peer.url}/a.mp4", allow_private=True) as download,
    ):
        with pytest.raises(AnswerLost, match="did not answer in time"):
            await read(download)


@asynchronous
async def test_a_download_that_never_opens_is_a_lost_answer() -> None:
    """And it is asked for once: the caller decides about a next time."""
    async with Peer(hang_up) as peer, Transport() as transport:
        with pytest.raises(AnswerLost):
            async with transport.download(f"{peer.url}/a.mp4", allow_private=True):
                pass
        assert len(peer.requests) == 1


@pytest.mark.parametrize("announced", [True, False])
@asynchronous
async def test_a_file_beyond_the_bound_is_not_read(announced: bool) -> None:
    """The bound holds whether the server says a length or just goes on."""

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(FILM, length=None if announced else -1))
        writer.close()

    async with Peer(act) as peer, Transport() as transport:
        with pytest.raises(TooLarge):
            async with transport.download(
                f"{peer.url}/a", allow_private=True, max_bytes=len(FILM) - 1
            ) as download:
                await read(download)
        async with transport.download(
            f"{peer.url}/a", allow_private=True, max_bytes=len(FILM)
        ) as download:
            assert await read(download) == FILM


@asynchronous
async def test_a_file_comes_as_it_is_sent() -> None:
    """Its bytes are neither unpacked nor counted otherwise than the server counts them."""
    act = says(b"not gzip at all", "Content-Encoding: gzip")
    async with (
        Peer(act) as peer,
        Transport() as transport,
        transport.download(f"{peer.url}/a", allow_private=True) as download,
    ):
        assert await read(download) == b"not gzip at all"
        assert download.length == 15


@asynchronous
async def test_headers_that_trickle_for_ever_are_given_up() -> None:
    """A link's server cannot hold a download open without beginning it."""

    async def trickle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.005)

    async with Peer(trickle) as peer, Transport(connect_seconds=0.02, answer_seconds=0.02) as quick:
        with pytest.raises(AnswerLost, match="did not answer in time"):
            async with quick.download(f"{peer.url}/a", allow_private=True):
                pass
