"""Speaks HTTP: sends a provider call exactly once, and streams outputs.

The only module that uses aiohttp. It repeats nothing, follows no redirect with a key, keeps no
cookie, and tells apart what decides about money: a connection that was never made, and an
answer that was lost. What it raises, repeats and logs holds no key and no proxy password, nor
does any exception behind it.
"""

import asyncio
import contextlib
import io
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, Self

import aiohttp
from aiohttp.abc import ResolveResult
from yarl import URL

from rushes.addresses import check_base_url, is_private
from rushes.engine.failures import (
    AnswerLost,
    ForbiddenAddress,
    NeverMade,
    TooLarge,
    TransportError,
    forbidden,
    place,
    too_large,
)
from rushes.engine.outgoing import headers as all_headers
from rushes.engine.outgoing import join
from rushes.engine.outgoing import link as to_link
from rushes.engine.proxies import Proxies
from rushes.engine.ranges import Span, range_headers, span, strong_validator
from rushes.providers.base import Answer, Call

__all__ = [
    "AnswerLost",
    "Download",
    "ForbiddenAddress",
    "NeverMade",
    "TooLarge",
    "Transport",
    "TransportError",
]

MIB = 1024 * 1024
MAX_REDIRECTS = 5
#: Bytes a second below which an upload is given up (it adds to the time an answer may take).
SLOWEST_UPLOAD = 64 * 1024

_log = logging.getLogger(__name__)
_Kind = Literal["kept", "fresh", "links", "guarded"]


class _RefusedError(OSError):
    """A name leads to no public address."""


class _PublicResolver(aiohttp.ThreadedResolver):
    """Gives out public addresses only, for the very connection that is about to be made."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        public = [each for each in found if not is_private(each["host"])]
        if not public:
            raise _RefusedError("not on the public internet")
        return public


class Transport:
    """Sends calls and opens downloads on the event loop it is first used on.

    Times are in seconds. `connect_seconds` bounds one attempt to connect (with TLS),
    `read_seconds` each silence of the other side, `answer_seconds` a whole exchange, whose
    connecting and uploading are allowed time of their own. `hold` is entered around each
    exchange, a download included, so that a test's clock can stand still meanwhile. `clock`
    dates the answers. The number of connections is not limited here.
    """

    def __init__(
        self,
        *,
        connect_seconds: float = 10.0,
        read_seconds: float = 30.0,
        answer_seconds: float = 120.0,
        max_answer_bytes: int = 64 * MIB,
        hold: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(
            # `total` must stay off: it raises the same error before and after the sending.
            # `connect` bounds the name's lookup and all of its addresses together.
            total=None,
            connect=2 * connect_seconds,
            sock_connect=connect_seconds,
            sock_read=read_seconds,
        )
        self._exchange_seconds = 2 * connect_seconds + answer_seconds
        self._max_answer_bytes = max_answer_bytes
        self._hold = hold
        self._clock = clock
        self._proxies = Proxies()
        self._sessions: dict[_Kind, aiohttp.ClientSession] = {}
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    async def send(
        self, base_url: str, call: Call, *, key: tuple[str, str] | None = None
    ) -> Answer:
        """Send `call` once and return the whole answer, whatever its status.

        A paid call goes over a connection of its own. `key` (header name and value) is added
        here and kept nowhere. Raises NeverMade, AnswerLost, or before anything is sent
        SetupError (base URL, key or proxy unusable) and ValueError (a call that is no HTTP).
        """
        url = join(check_base_url(base_url), call.path)
        headers = all_headers(call.headers, key)
        session = self._session("fresh" if call.paid else "kept")
        options = self._options(url)
        # As a file, a large body goes out in pieces and the loop stays free.
        body = io.BytesIO(call.body) if call.body or call.method in ("POST", "PUT") else None
        seconds = self._exchange_seconds + len(call.body) / SLOWEST_UPLOAD
        began = time.monotonic()
        answer: Answer | None = None
        failure: TransportError | None = None
        with self._hold():
            try:
                async with (
                    asyncio.timeout(seconds),
                    session.request(
                        call.method, url, data=body, headers=headers, **options
                    ) as response,
                ):
                    answer = await self._whole(response)
            except Exception as error:  # noqa: BLE001 - whatever it was, the answer is lost
                failure = _translate(error, url)
        # Raised outside of `except`, or the foreign error, which can carry the request's
        # headers, would hang on ours as its context.
        took = round(time.monotonic() - began, 3)
        if answer is None:
            failure = failure or AnswerLost(f"{place(url)} gave no answer")
            _tell("lost", call.method, url, seconds=took, failure=type(failure).__name__)
            raise failure
        _tell("answered", call.method, url, seconds=took, status=answer.status)
        return answer

    @contextlib.asynccontextmanager
    async def download(
        self,
        url: str,
        *,
        start: int = 0,
        validator: str | None = None,
        allow_private: bool = False,
        max_bytes: int = 8 * 1024 * MIB,
    ) -> AsyncIterator["Download"]:
        """Open a link for reading, without any key; up to five redirects are followed.

        With `start` and the `validator` of the bytes already here, the rest of the file is
        asked for. Where it cannot be had (no validator, the file changed, the server does not
        do ranges) the whole file comes, and `Download.start` is 0. A 416 that says that
        `start` is the file's end comes as a Download with `length == start` and no bytes. Any
        other status comes as it is, for the caller to judge.

        Unless `allow_private`, no connection is made to an address off the public internet,
        whatever name, spelling or redirect leads there; behind a proxy, where the proxy looks
        names up, only spelled-out addresses and localhost can be judged. Raises
        ForbiddenAddress, NeverMade, AnswerLost and TooLarge (longer than `max_bytes`).
        """
        wanted = range_headers(start, validator)
        with self._hold():
            response = await self._follow(url, wanted, allow_private)
            try:
                found = span(
                    response.status,
                    _lowered(response),
                    start=start if wanted else 0,
                    validator=validator,
                )
                if found is None and wanted:
                    response.close()
                    response = await self._follow(url, {}, allow_private)
                    found = span(response.status, _lowered(response), start=0, validator=None)
                if found is None:
                    raise AnswerLost(
                        f"{place(response.url)} sent a part of the file that nobody asked for"
                    )
                if found.length is not None and found.length > max_bytes:
                    raise too_large(response.url, max_bytes)
                yield Download(response, found, max_bytes)
            finally:
                response.close()

    async def close(self) -> None:
        """Close every connection. The transport cannot be used afterwards."""
        self._closed = True
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _follow(
        self, url: str, wanted: Mapping[str, str], allow_private: bool
    ) -> aiohttp.ClientResponse:
        """Answer the first response that is no redirect; every hop is judged anew."""
        headers = all_headers(tuple(wanted.items()), None)
        link = to_link(url)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._open(link, headers, allow_private)
            target = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or target is None:
                return response
            response.close()
            link = to_link(target, base=link)
        raise AnswerLost(f"{place(link)} redirects more than {MAX_REDIRECTS} times")

    async def _open(
        self, link: URL, headers: Mapping[str, str], allow_private: bool
    ) -> aiohttp.ClientResponse:
        if not allow_private and is_private(link.raw_host or ""):
            raise forbidden(link)
        options = self._options(link)
        # A proxy may well have a private address; and it is the proxy that looks names up.
        unguarded = allow_private or options["proxy"] is not None
        session = self._session("links" if unguarded else "guarded")
        failure: TransportError
        try:
            async with asyncio.timeout(self._exchange_seconds):
                response = await session.get(
                    link, headers=headers, auto_decompress=False, **options
                )
        except Exception as error:  # noqa: BLE001 - whatever it was, the answer is lost
            failure = _translate(error, link)
        else:
            _tell("opened", "GET", link, status=response.status)
            return response
        raise failure

    async def _whole(self, response: aiohttp.ClientResponse) -> Answer:
        most = self._max_answer_bytes
        if (response.content_length or 0) > most:
            raise too_large(response.url, most)
        body = bytearray()
        while chunk := await response.content.readany():
            body += chunk
            if len(body) > most:
                raise too_large(response.url, most)
        return Answer(
            status=response.status, headers=_lowered(response), body=bytes(body), at=self._clock()
        )

    def _options(self, url: URL) -> dict[str, Any]:
        proxy = self._proxies.find(url.scheme, url.raw_host or "", url.port or 0)
        if self._tls is None and (url.scheme == "https" or (proxy or "").startswith("https:")):
            # Made anew for each transport: aiohttp's own is made when it is imported, and so
            # would not see SSL_CERT_FILE and SSL_CERT_DIR being set later.
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(("http/1.1",))
        return {"proxy": proxy, "ssl": self._tls or True, "allow_redirects": False}

    def _session(self, kind: _Kind) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("The transport is closed.")
        session = self._sessions.get(kind)
        if session is None:
            connector = aiohttp.TCPConnector(
                limit=0,
                # `Connection: close` alone would still take a kept connection for this call.
                # A download gains nothing from one either, and may find it just closed.
                force_close=kind != "kept",
                resolver=_PublicResolver() if kind == "guarded" else aiohttp.ThreadedResolver(),
            )
            session = self._sessions[kind] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                timeout=self._timeout,
                read_bufsize=MIB if kind in ("links", "guarded") else 64 * 1024,
            )
            # Only this switch keeps aiohttp 3.14.5 from sending a GET or PUT again by itself.
            session._retry_connection = False  # noqa: SLF001
        return session


class Download:
    """An open link.

    Attributes:
        status: the HTTP status; 200 and 206 carry the file, 416 nothing more of it.
        headers: the answer's headers, names in lower case.
        start: where the bytes of `chunks` begin in the file.
        length: the whole file's length, where the answer says it.
        validator: what a later `download` may pass to go on with this very file, or None.
        media_type: the type that the server claims, without parameters, or "".
        url: where the redirects led.
    """

    def __init__(self, response: aiohttp.ClientResponse, found: Span, max_bytes: int) -> None:
        self._response = response
        self._max_bytes = max_bytes
        self.url = str(response.url)
        self.status = response.status
        self.headers: Mapping[str, str] = _lowered(response)
        self.start = found.start
        self.length = found.length
        self.validator = strong_validator(self.headers)
        self.media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come, up to some 2 MiB at a time.

        Raises AnswerLost when they stop before their announced end, or for too long, and
        TooLarge when the file grows beyond the bound. What was yielded before is good.
        """
        if self.status == 416:
            return
        taken = self.start
        while chunk := await self._next():
            taken += len(chunk)
            if taken > self._max_bytes:
                raise too_large(self._response.url, self._max_bytes)
            yield chunk

    async def _next(self) -> bytes:
        failure: TransportError
        try:
            return await self._response.content.readany()
        except Exception as error:  # noqa: BLE001 - whatever it was, the rest is lost
            failure = _translate(error, self._response.url)
        raise failure


def _translate(error: Exception, url: URL) -> TransportError:
    """Say in our own words what a foreign error means; nothing of it is quoted but OS texts."""
    there = place(url)
    match error:
        case TransportError():
            return error
        case aiohttp.ClientConnectorError(os_error=_RefusedError()):
            return forbidden(url)
        case aiohttp.ClientConnectorDNSError():
            return NeverMade(f"no address is known for {error.host} ({_reason(error)})")
        case aiohttp.ClientConnectorError():
            return NeverMade(f"could not connect to {error.host}:{error.port} ({_reason(error)})")
        case aiohttp.ConnectionTimeoutError():
            return NeverMade(f"could not connect to {there} in time")
        case aiohttp.ClientHttpProxyError():
            # Only ever raised for CONNECT, before the tunnel to the server exists.
            return NeverMade(f"the proxy would not connect to {there} (status {error.status})")
        case aiohttp.InvalidURL():
            return NeverMade(f"{there} cannot be connected to")
        case TimeoutError():
            return AnswerLost(f"{there} did not answer in time")
        case aiohttp.ServerDisconnectedError():
            return AnswerLost(f"{there} closed the connection without an answer")
        case aiohttp.ClientPayloadError():
            return AnswerLost(f"the answer of {there} ended too early or was unreadable")
        case OSError():
            return AnswerLost(f"the connection to {there} broke ({error.strerror or 'no reason'})")
        case _:
            return AnswerLost(f"the answer of {there} was unreadable ({type(error).__name__})")


def _reason(error: aiohttp.ClientConnectorError) -> str:
    cause = error.os_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}; see SSL_CERT_FILE"
    return cause.strerror or type(cause).__name__


def _lowered(response: aiohttp.ClientResponse) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in response.headers.items():
        name = name.lower()
        lowered[name] = f"{lowered[name]}, {value}" if name in lowered else value
    return lowered


def _tell(action: str, method: str, url: URL, **facts: object) -> None:
    _log.debug("%s %s %s", action, method, place(url), extra={"action": action, **facts})
