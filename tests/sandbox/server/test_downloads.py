import hashlib

import pytest

from rushes.sandbox import Sandbox

from .calling import Client, raw, request


def _path(sandbox: Sandbox, link: str) -> str:
    return link.removeprefix(sandbox.url)


def test_whole_file(client: Client) -> None:
    """A download has type, length, a strong validator and a date."""
    answer = client.get(client.output())
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Last-Modified"].endswith("GMT")
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_head_has_the_same_headers(client: Client, sandbox: Sandbox) -> None:
    """HEAD says all and sends nothing."""
    link = client.output()
    whole = client.get(link)
    head = client.send("HEAD", link)
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "ETag", "Content-Type", "Last-Modified"):
        assert head.headers[name] == whole.headers[name]
    assert client.send("POST", link).status == 405


def test_ranges(client: Client) -> None:
    """One range is answered with 206 and its place, in every form."""
    link = client.output()
    whole = client.get(link).body
    size = len(whole)
    for asked, first, last in [
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, size - 1),
        ("bytes=-7", size - 7, size - 1),
        (f"bytes=5-{size * 2}", 5, size - 1),
        (f"bytes=-{size * 2}", 0, size - 1),
    ]:
        part = client.get(link, Range=asked)
        assert part.status == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert part.body == whole[first : last + 1]


def test_range_beyond_the_end(client: Client) -> None:
    """A range behind the end is 416, with the length."""
    link = client.output()
    size = len(client.get(link).body)
    for asked in (f"bytes={size}-", "bytes=-0"):
        answer = client.get(link, Range=asked)
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "items=0-1", "bytes=5-2", "bytes=-", "x"])
def test_odd_ranges_are_ignored(client: Client, asked: str) -> None:
    """Several ranges and nonsense get the whole file."""
    assert client.get(client.output(), Range=asked).status == 200


def test_if_range(client: Client) -> None:
    """A part comes only of the same file; else the whole file."""
    link = client.output()
    whole = client.get(link)
    for good in (whole.headers["ETag"], whole.headers["Last-Modified"]):
        assert client.get(link, Range="bytes=5-", If_Range=good).status == 206
    for bad in ('"another"', "Mon, 01 Jan 2024 00:00:00 GMT", "nonsense", 'W/"x"'):
        answer = client.get(link, Range="bytes=5-", If_Range=bad)
        assert (answer.status, answer.body) == (200, whole.body)


def test_link_needs_its_token(client: Client) -> None:
    """Without the right token there is nothing to see."""
    link = client.output()
    bare = link.partition("?")[0]
    assert client.get(bare).status == 403
    assert client.get(f"{bare}?token={'0' * 32}").status == 403
    assert client.get(link.replace("/0.png", "/1.png")).status == 404
    assert client.get(link.replace("/0.png", "/0.mp4")).status == 404


def test_output_is_there_when_the_task_is_done(client: Client, sandbox: Sandbox) -> None:
    """The link of another world, and a failed task's, lead nowhere."""
    link = client.output()
    sandbox.reset()
    assert client.get(link).status == 404


@pytest.mark.parametrize("status", [403, 404, 410])
def test_outputs_are_kept_for_a_day(client: Client, sandbox: Sandbox, status: int) -> None:
    """A link lives as long as the provider keeps outputs, and then has the status that is set."""
    sandbox.set(expired_status=status, jitter=0, queued_seconds=0, image_seconds=1)
    link = client.output()
    sandbox.advance(24 * 3600 - 60 + 1)
    assert client.get(link).status == 200
    sandbox.advance(0.1)
    assert client.get(link).status == status


def test_expired_link_fault(client: Client, sandbox: Sandbox) -> None:
    """A link may die early."""
    link = client.output()
    sandbox.fault("download:expired-link:times=1")
    assert client.get(link).status == 403
    assert client.get(link).status == 200


def test_truncated_download(client: Client, sandbox: Sandbox) -> None:
    """Content-Length is that of the whole file, and half of it comes."""
    link = client.output()
    whole = client.get(link).body
    sandbox.fault("download:truncate")
    seen = raw(sandbox, request("GET", _path(sandbox, link)))
    assert f"Content-Length: {len(whole)}\r\n".encode() in seen.content
    assert (seen.body, seen.ending) == (whole[: len(whole) // 2], "closed")


@pytest.mark.parametrize(
    ("effect", "ending"), [("drop-answer", "closed"), ("reset-answer", "reset")]
)
def test_lost_download(client: Client, sandbox: Sandbox, effect: str, ending: str) -> None:
    """A download may end before its first byte."""
    path = _path(sandbox, client.output())
    sandbox.fault(f"download:{effect}")
    seen = raw(sandbox, request("GET", path))
    assert (seen.content, seen.ending) == (b"", ending)


def test_slow_download_is_whole(
    client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes in pieces, each followed by the time that it takes, and is whole."""
    link = client.output()
    whole = client.get(link).body
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr("rushes.sandbox.http._sleep", sleep)
    sandbox.fault("download:slow", bytes_per_second=len(whole) / 10)
    assert client.get(link).body == whole
    assert len(asked) > 100
    assert sum(asked) == pytest.approx(10)


def test_endless_download(client: Client, sandbox: Sandbox) -> None:
    """The body has no length and goes on behind the end of the file."""
    link = client.output()
    size = len(client.get(link).body)
    sandbox.fault("download:endless")
    seen = raw(sandbox, request("GET", _path(sandbox, link)), most=size * 3)
    assert b"Transfer-Encoding: chunked" in seen.content
    assert b"Content-Length" not in seen.content
    assert seen.ending == "enough"


def test_corrupt_download(client: Client, sandbox: Sandbox) -> None:
    """Length and beginning are right, the content is not, and no decoder takes it."""
    import io

    from PIL import Image

    link = client.output()
    whole = client.get(link).body
    sandbox.fault("download:corrupt")
    broken = client.get(link).body
    assert (len(broken), broken[:32]) == (len(whole), whole[:32])
    with pytest.raises((OSError, SyntaxError, ValueError)), Image.open(io.BytesIO(broken)) as image:
        image.load()


def test_wrong_type(client: Client, sandbox: Sandbox) -> None:
    """Text comes under the media type of a picture; HTML under its own."""
    link = client.output()
    sandbox.fault("download:wrong-type:times=1")
    sandbox.fault("download:html:times=1")
    sandbox.fault("download:empty:times=1")
    first, second, third = (client.get(link) for _ in range(3))
    assert (first.headers["Content-Type"], first.body[:4]) == ("image/png", b"This")
    assert second.headers.get_content_type() == "text/html"
    assert (third.status, third.headers["Content-Type"], third.body) == (200, "image/png", b"")


def test_no_range_and_no_validator(client: Client, sandbox: Sandbox) -> None:
    """A host may ignore ranges, or have nothing to compare a file by."""
    link = client.output()
    whole = client.get(link)
    sandbox.fault("download:no-range:times=1")
    ignored = client.get(link, Range="bytes=5-")
    assert (ignored.status, ignored.body) == (200, whole.body)
    assert ignored.headers["Accept-Ranges"] is None
    sandbox.fault("download:no-validator")
    bare = client.get(link, Range="bytes=5-")
    assert bare.status == 206
    assert (bare.headers["ETag"], bare.headers["Last-Modified"]) == (None, None)
    answer = client.get(link, Range="bytes=5-", If_Range=whole.headers["ETag"])
    assert answer.status == 200


def test_status_and_redirect_of_a_download(client: Client, sandbox: Sandbox) -> None:
    """A file host may be down, or send elsewhere."""
    link = client.output()
    sandbox.fault("download:status:status=503:retry_after=3:times=1")
    sandbox.fault("download:redirect:location=/elsewhere:status=302")
    down, moved = client.get(link), client.get(link)
    assert (down.status, down.headers["Retry-After"]) == (503, "3")
    assert (moved.status, moved.headers["Location"]) == (302, "/elsewhere")


def test_media_host(client: Client, sandbox: Sandbox) -> None:
    """What is put there comes back under a name made from its bytes."""
    content = b"\x89PNG\r\n\x1a\n and more"
    put = client.send("PUT", "/_sandbox/media", content)
    link = put.json()["url"]
    name = hashlib.sha256(content).hexdigest()
    assert link == f"{sandbox.url}/_media/{name}.png" == sandbox.put_media(content)
    answer = client.get(link)
    assert (answer.body, answer.headers["Content-Type"]) == (content, "image/png")
    assert client.get(link.replace(name[:4], "0000")).status == 404
    assert client.send("PUT", "/_sandbox/media", b"").status == 400


def test_media_host_may_fail(client: Client, sandbox: Sandbox) -> None:
    """Faults of the action `media` meet uploads and downloads of it."""
    link = sandbox.put_media(b"GIF89a")
    sandbox.fault("media:status:status=500:times=2")
    assert client.send("PUT", "/_sandbox/media", b"GIF87a").status == 500
    assert client.get(link).status == 500
    assert client.get(link).status == 200
    gone = link.replace(
        hashlib.sha256(b"GIF89a").hexdigest(), hashlib.sha256(b"GIF87a").hexdigest()
    )
    assert client.get(gone).status == 404
