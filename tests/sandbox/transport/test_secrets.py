import logging
import traceback

import pytest

from rushes.engine.transport import Transport, TransportError
from rushes.errors import SetupError
from rushes.providers.base import Call

from .peer import Act, Peer, Request, asynchronous, cut_short, hang_up, reset, says, silent

CANARY = "canary-5f0c1e"
KEY = ("X-API-KEY", CANARY)
CALL = Call(method="POST", path="/create", body=b"{}", paid=True)


def everything_said(error: BaseException) -> str:
    """The traceback as printed, and every exception that hangs on it, suppressed or not."""
    said = traceback.format_exception(error)
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if each is not None and each not in seen:
            seen.append(each)
            said += [str(each), repr(each), repr(each.args), repr(vars(each))]
            todo += [each.__cause__, each.__context__]
    return "\n".join(said)


@pytest.mark.parametrize(
    "act",
    [hang_up, reset, cut_short, silent, says(b"x" * 5000), says(b"xyz", "Content-Encoding: gzip")],
)
@asynchronous
async def test_no_failure_of_a_sent_call_holds_the_key(
    act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither text nor attributes nor causes of the error, nor any log line, hold the key."""
    caplog.set_level(logging.DEBUG)
    async with (
        Peer(act) as peer,
        Transport(read_seconds=0.02, max_answer_bytes=1000) as transport,
    ):
        with pytest.raises(TransportError) as caught:
            await transport.send(peer.url, CALL, key=KEY)
        assert peer.requests[0].headers["x-api-key"] == CANARY
        assert repr(transport).count(CANARY) == 0
    assert CANARY not in everything_said(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert CANARY not in str([vars(record) for record in caplog.records])
    assert "rushes.engine.transport" in {record.name for record in caplog.records}


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "https://nowhere.invalid"])
@asynchronous
async def test_no_failure_to_connect_holds_the_key(base: str) -> None:
    """Nor does the error of a connection that was never made."""
    async with Transport() as transport:
        with pytest.raises(TransportError) as caught:
            await transport.send(base, CALL, key=KEY)
    assert CANARY not in everything_said(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("bad", [CANARY + "\n", "\r\nX: " + CANARY, CANARY + "é", " " + CANARY, ""])
@asynchronous
async def test_a_key_that_no_header_can_carry_is_refused_before_sending(bad: str) -> None:
    """A key file's stray line end is a set-up error, not an uncertain job, and is not shown."""
    async with Peer(says()) as peer, Transport() as transport:
        with pytest.raises(SetupError, match="Store the key again") as caught:
            await transport.send(peer.url, CALL, key=("X-API-KEY", bad))
        assert peer.connections == 0
    assert CANARY not in everything_said(caught.value)


@asynchronous
async def test_a_download_has_no_key_and_logs_no_link(caplog: pytest.LogCaptureFixture) -> None:
    """An output link is a secret of its own: it goes to its server and to no log."""
    caplog.set_level(logging.DEBUG)
    async with Peer(says(b"film")) as peer, Transport() as transport:
        await transport.send(peer.url, CALL, key=KEY)
        link = f"{peer.url}/film.mp4?signature={CANARY}"
        async with transport.download(link, allow_private=True) as download:
            assert b"".join([chunk async for chunk in download.chunks()]) == b"film"
        assert "x-api-key" not in peer.requests[1].headers
    records = [vars(record) for record in caplog.records if record.name.startswith("rushes")]
    assert {record["action"] for record in records} == {"answered", "opened"}
    assert CANARY not in str(records)


@asynchronous
async def test_no_cookie_is_kept() -> None:
    """What a server sets is not sent back, to calls or downloads."""

    async def act(request: Request, writer: object) -> None:
        await says(b"{}", "Set-Cookie: a=b; Path=/")(request, writer)  # type: ignore[arg-type]

    async with Peer(act) as peer, Transport() as transport:
        for _ in range(2):
            await transport.send(peer.url, Call(method="GET", path="/x"))
            async with transport.download(peer.url + "/y", allow_private=True):
                pass
        assert len(peer.requests) == 4
        assert not any("cookie" in request.headers for request in peer.requests)
