"""A real server on loopback that does with each request what the test says."""

import asyncio
import functools
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, NamedTuple, ParamSpec, Self

P = ParamSpec("P")


def asynchronous(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on a loop of its own; one that hangs fails."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 20))

    return run


class Request(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    port: int
    """The client's port: another connection, another port."""


Act = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """Counts connections and records requests.

    `act` answers each request, `greet` each connection; `readers` gets each one's reader.
    """

    def __init__(
        self,
        act: Act,
        *,
        greet: Callable[[asyncio.StreamWriter], None] | None = None,
        tls: ssl.SSLContext | None = None,
        readers: list[asyncio.StreamReader] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._act = act
        self._greet = greet
        self._tls = tls
        self._readers = [] if readers is None else readers
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._readers.append(reader)
        try:
            if self._greet is not None:
                self._greet(writer)
            while not writer.is_closing():
                request = await _read(reader, writer)
                self.requests.append(request)
                await self._act(request, writer)
                await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.rstrip().split("\r\n")
    method, target, _ = line.split(" ")
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in rest)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body, writer.get_extra_info("peername")[1])


def answer(
    body: bytes = b"{}", *lines: str, status: str = "200 OK", length: int | None = None
) -> bytes:
    """Spell an answer; `length` may lie, and -1 leaves it out."""
    announced = len(body) if length is None else length
    head = [f"HTTP/1.1 {status}", *lines]
    if announced >= 0:
        head.append(f"Content-Length: {announced}")
    return "\r\n".join([*head, "", ""]).encode() + body


def says(body: bytes = b"{}", *lines: str, status: str = "200 OK") -> Act:
    """Always answer the same."""

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body, *lines, status=status))

    return act


async def silent(request: Request, writer: asyncio.StreamWriter) -> None:
    """Read and say nothing."""
    await asyncio.Event().wait()


async def hang_up(request: Request, writer: asyncio.StreamWriter) -> None:
    """Close after reading."""
    writer.close()


async def reset(request: Request, writer: asyncio.StreamWriter) -> None:
    """Reset after reading."""
    reset_now(writer)


def reset_now(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def cut_short(request: Request, writer: asyncio.StreamWriter) -> None:
    """Announce more than is sent."""
    writer.write(answer(b'{"code":', length=400))
    await writer.drain()
    writer.close()
