"""HTTP/1.1 over asyncio streams: strict in what it reads, and able to break off as told.

h11 parses; this module moves bytes, bounds them, and lets an answer be late, slow, cut short,
closed or reset.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Mapping
from http.client import responses
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote

import h11
import msgspec

__all__ = ["App", "Head", "Listener", "Outgoing", "Start", "Wire"]

_log = logging.getLogger(__name__)

_READ = 262_144
_CHUNK = 262_144
_MAX_HEAD = 65_536
_sleep = asyncio.sleep
_RESET = struct.pack("ii", 1, 0)

T = TypeVar("T")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A request without its body. `path` is decoded; names in `headers` are in lower case."""

    method: str
    target: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw_headers: tuple[tuple[str, str], ...]
    address: str


class Wire(NamedTuple):
    """How an answer goes out. `ending` replaces the answer; `cut` is how much of the body goes."""

    delay: float = 0.0
    ending: Literal["", "close", "reset"] = ""
    cut: int | None = None
    pace: float | None = None
    endless: bool = False


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer. Content-Length is added."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    wire: Wire = Wire()


class Start(NamedTuple, Generic[T]):
    """What is known before the body is read. `wire` ends the connection at once."""

    context: T
    limit: int
    wire: Wire = Wire()


class App(Protocol[T]):
    """What the listener serves."""

    def begin(self, head: Head) -> Start[T]:
        """Decide what a request is, from its head."""
        ...

    async def answer(self, start: Start[T], body: bytes | None) -> Outgoing:
        """Answer a request; None stands for a body beyond the limit."""
        ...


class _Gone(Exception):
    """The connection is over."""


class Listener(Generic[T]):
    """Serves an app on one loopback port until it is closed."""

    def __init__(self, app: App[T]) -> None:
        self._app = app
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> int:
        """Begin to listen, and return the port. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(
            self._connected, host, port, backlog=2048, limit=2 * _READ
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        connection = _Connection(reader, writer)
        try:
            while await self._exchange(connection):
                pass
            writer.close()
            await writer.wait_closed()
        except (_Gone, OSError):
            writer.close()
        except asyncio.CancelledError:
            # A peer that does not read would keep a polite close waiting for ever.
            writer.transport.abort()

    async def _exchange(self, connection: "_Connection") -> bool:
        """Serve one request; False where the connection ends with it."""
        try:
            head = await connection.head()
        except h11.RemoteProtocolError as error:
            text = f"Bad request: {error}\n".encode()
            plain = (("Content-Type", "text/plain; charset=utf-8"),)
            await connection.refuse(Outgoing(status=400, headers=plain, body=text))
            return False
        start = self._app.begin(head)
        if start.wire.ending:
            await connection.end(start.wire)
            return False
        try:
            body = await connection.body(start.limit)
        except h11.RemoteProtocolError:
            return False
        try:
            outgoing = await self._app.answer(start, body)
        except Exception:  # noqa: BLE001 - a bug ends one request, not the connection's client
            _log.exception("sandbox request failed", extra={"action": "sandbox.failed"})
            outgoing = Outgoing(status=500, body=b"The sandbox failed, which is a bug of its own\n")
        return await connection.send(outgoing, head.method)


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        peer = writer.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""

    async def _event(self) -> Any:
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA:
                if self._parser.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    self._writer.write(self._parser.send(go_on) or b"")
                self._parser.receive_data(await self._reader.read(_READ))
                continue
            return event

    async def head(self) -> Head:
        event = await self._event()
        if not isinstance(event, h11.Request):
            raise _Gone
        raw = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in event.headers.raw_items()
        )
        target = event.target.decode("latin-1")
        path, _, query = target.partition("?")
        return Head(
            method=event.method.decode("latin-1"),
            target=target,
            path=unquote(path),
            query=query,
            headers={name.lower(): value for name, value in raw},
            raw_headers=raw,
            address=self._address,
        )

    async def body(self, limit: int) -> bytes | None:
        """Return the body; None where it is longer than the limit, and then it is read away."""
        parts: list[bytes] = []
        size = 0
        while True:
            event = await self._event()
            if isinstance(event, h11.EndOfMessage):
                return b"".join(parts) if size <= limit else None
            if not isinstance(event, h11.Data):
                raise _Gone
            size += len(event.data)
            if size <= limit:
                parts.append(bytes(event.data))
            else:
                parts.clear()

    async def end(self, wire: Wire) -> None:
        """End without an answer."""
        if wire.delay:
            await _sleep(wire.delay)
        if wire.ending == "reset":
            kept: socket.socket = self._writer.get_extra_info("socket")
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._writer.transport.abort()

    async def refuse(self, outgoing: Outgoing) -> None:
        if self._parser.our_state is h11.SEND_RESPONSE or self._parser.our_state is h11.IDLE:
            await self.send(outgoing, "GET", closing=True)

    async def send(self, outgoing: Outgoing, method: str, *, closing: bool = False) -> bool:
        """Send an answer as its wire says; True where the connection stays open."""
        wire = outgoing.wire
        if wire.ending:
            await self.end(wire)
            return False
        if wire.delay:
            await _sleep(wire.delay)
        headers = list(outgoing.headers)
        bare = outgoing.status in (204, 304)
        if wire.endless:
            headers.append(("Transfer-Encoding", "chunked"))
        elif not bare:
            headers.append(("Content-Length", str(len(outgoing.body))))
        if closing:
            headers.append(("Connection", "close"))
        reason = responses.get(outgoing.status, "")
        answer = h11.Response(status_code=outgoing.status, headers=headers, reason=reason)
        content = b"" if method == "HEAD" or bare else outgoing.body
        whole = wire.cut is None and wire.pace is None and not wire.endless
        start = self._parser.send(answer) or b""
        if whole and len(content) <= _CHUNK:
            start += (self._parser.send(h11.Data(data=content)) or b"") if content else b""
            self._writer.write(start + (self._parser.send(h11.EndOfMessage()) or b""))
            await self._writer.drain()
        else:
            self._writer.write(start)
            await self._stream(content, wire)
            if wire.cut is not None and wire.cut < len(content):
                return False
            if method != "HEAD" or not wire.endless:
                self._writer.write(self._parser.send(h11.EndOfMessage()) or b"")
            await self._writer.drain()
        if self._parser.our_state is not h11.DONE or self._parser.their_state is not h11.DONE:
            return False
        self._parser.start_next_cycle()
        return True

    async def _stream(self, content: bytes, wire: Wire) -> None:
        size = len(content) if wire.cut is None else min(wire.cut, len(content))
        step = _CHUNK if wire.pace is None else max(1, min(_CHUNK, int(wire.pace / 20)))
        view = memoryview(content)
        sent = 0
        while sent < size or (wire.endless and content):
            piece = bytes(view[sent : min(sent + step, size)]) or bytes(step)
            if wire.pace is not None:
                await _sleep(len(piece) / wire.pace)
            self._writer.write(self._parser.send(h11.Data(data=piece)) or b"")
            await self._writer.drain()
            sent += len(piece)
