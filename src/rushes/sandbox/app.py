"""Decides what each request is for, and lets it be answered: provider, file or control."""

import asyncio
import hmac
import re
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs

import msgspec

from rushes.providers.world import Reply, Request, Side, Target

from . import control, record, tasks
from .faults import Fault, Met
from .files import File, deliver, refusal
from .http import Head, Outgoing, Start, Wire
from .scenes import output_ending
from .shelf import MEDIA_TYPES, media_name
from .spoil import TWISTS, spoiled, trouble_message, twist_of
from .state import fingerprint
from .world import World

__all__ = ["Context", "WorldApp"]

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?")
_OUTPUT = re.compile(r"/_outputs/([A-Za-z0-9_-]{1,64})/([0-9]{1,3})\.(png|mp4)")
_MAX_CONTROL = 1_000_000
_AT_ONCE = 2


class Context(NamedTuple):
    """What a request's head says about it."""

    head: Head
    kind: str
    origin: str
    met: Met
    side: Side | None = None
    target: Target | None = None
    fault: Fault | None = None
    key: str = ""


class WorldApp:
    """The HTTP face of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = world.state
        self._drawing = asyncio.Semaphore(_AT_ONCE)

    def begin(self, head: Head) -> Start[Context]:
        """Say what a request is for, and which fault it meets."""
        context = self._context(head)
        self.state.refresh()
        settings = self.state.settings
        if self.state.faults and context.kind != "control":
            with self.state.writing() as state:
                fault = state.choose_fault(context.met)
                context = context._replace(fault=fault)
                if fault is not None and fault.effect == "reset-early":
                    self._record(context, b"", None, None)
                    return Start(context, 0, Wire(delay=fault.seconds, ending="reset"))
        limit = settings.max_body_bytes
        if context.kind == "upload":
            limit = settings.max_media_bytes
        elif context.kind == "control":
            limit = _MAX_CONTROL
        return Start(context, limit)

    def _context(self, head: Head) -> Context:
        host = head.headers.get("host", "")
        origin = f"http://{host}" if _HOST.fullmatch(host) else "http://127.0.0.1"
        action = "other"
        if head.path == control.MEDIA_PATH:
            return Context(head, "upload", origin, Met("media", None, None, None, None))
        if head.path.startswith(control.PREFIX):
            return Context(head, "control", origin, Met("control", None, None, None, None))
        if head.path.startswith("/_media/"):
            return Context(head, "media", origin, Met("media", None, None, None, None))
        if match := _OUTPUT.fullmatch(head.path):
            met = Met("download", None, None, None, match[1])
            with self.state.writing() as state:
                row = tasks.find(state, match[1])
                if row is not None:
                    ((owner,),) = state.ask(
                        "SELECT fingerprint FROM accounts WHERE number = ?", (row.account,)
                    )
                    met = met._replace(provider=row.provider, model=row.model, account=owner)
            return Context(head, "output", origin, met)
        for provider, side in self.world.sides.items():
            target = side.find(head.method, head.path)
            if target is not None:
                key = head.headers.get(side.key_header, "")
                model = None if target.model is None else target.model.full_id
                account = fingerprint(key) if key else None
                met = Met(target.action, provider, model, account, target.task_id)
                return Context(head, "provider", origin, met, side, target, key=key)
        return Context(head, "none", origin, Met(action, None, None, None, None))

    async def answer(self, start: Start[Context], body: bytes | None) -> Outgoing:
        """Answer a request whose body has been read."""
        context = start.context
        if body is None:
            out = refusal(413, f"The body is larger than {start.limit} bytes")
            body = b""
            if context.kind != "control":
                with self.state.writing():
                    self._record(context, body, out, None)
        elif context.kind == "control":
            out = control.answer(self.world, context.head, body, context.origin)
        elif context.side is not None and context.target is not None:
            out = self._provider(context, context.side, context.target, body)
        else:
            out = await self._file(context, body)
            with self.state.writing():
                self._record(context, body, out, context.met.task)
        date = _http_date(int(self.state.clock.now()))
        return msgspec.structs.replace(out, headers=(("Date", date), *out.headers))

    def _provider(self, context: Context, side: Side, target: Target, body: bytes) -> Outgoing:
        head, fault = context.head, context.fault
        request = Request(
            method=head.method,
            path=head.path,
            query=head.query,
            headers=head.headers,
            body=body,
            address=head.address,
        )
        with self.state.writing() as state:
            plain = self.world.view(side.provider, context.origin)
            reply, trouble = Reply(status=200), None
            if fault is None or (fault.carries_out and fault.effect not in TWISTS):
                reply = side.answer(plain, request, target)
            elif fault.effect in TWISTS:
                twisted = self.world.view(side.provider, context.origin, twist_of(fault))
                carried = Reply(status=200)
                if fault.processed and fault.effect in ("unknown-code", "refuse-content"):
                    carried = side.answer(plain, request, target)
                reply = side.answer(twisted, request, target)
                if carried.task_id:
                    reply = msgspec.structs.replace(reply, task_id=carried.task_id)
            if fault is not None and fault.effect == "status":
                message = trouble_message(fault)
                trouble = side.trouble(plain, fault.status or 500, message, fault.code or 0)
            out = spoiled(reply, fault, trouble, state.clock.now())
            self._record(context, body, out, reply.task_id)
        return out

    async def _file(self, context: Context, body: bytes) -> Outgoing:
        head, fault = context.head, context.fault
        expired: int = self.state.settings.expired_status
        now = self.state.clock.now()
        if fault is not None and not fault.carries_out:
            return spoiled(Reply(status=200), fault, None, now)
        file: File | Outgoing
        if context.kind == "media":
            file = self._media(head.path)
        elif context.kind == "upload":
            file = control.answer(self.world, head, body, context.origin)
        elif context.kind == "output":
            file = await self._output(head, expired)
        else:
            file = refusal(404, "Not found: neither a provider's path nor the sandbox's own")
        if isinstance(file, Outgoing):
            if fault is None:
                return file
            reply = Reply(status=file.status, headers=file.headers, body=file.body)
            return spoiled(reply, fault, None, now)
        return deliver(head, file, fault, now, expired)

    def _media(self, path: str) -> File | Outgoing:
        name = media_name(path)
        content = None if name is None else self.world.media.get(name)
        if content is None:
            return refusal(404, "No such media")
        ending = path.rpartition(".")[2]
        return File(content, MEDIA_TYPES.get(ending, MEDIA_TYPES["bin"]), 0.0)

    async def _output(self, head: Head, expired: int) -> File | Outgoing:
        match = _OUTPUT.fullmatch(head.path)
        if match is None:
            return refusal(404, "No such output")
        index = int(match[2])
        with self.state.writing() as state:
            row = tasks.find(state, match[1])
            now = state.clock.now()
            token = (parse_qs(head.query).get("token") or [""])[0]
            good = tasks.output_token(state.secret, match[1], index)
        if row is None or index >= row.outputs or row.phase(now) != "succeeded":
            return refusal(404, "No such output")
        if match[3] != output_ending(self.world.model(row.model)):
            return refusal(404, "No such output")
        if not hmac.compare_digest(token.encode(), good.encode()):
            return refusal(403, "The link's token is not right")
        if now > (row.ends or now) + row.retention:
            return refusal(expired, "This link has expired")
        async with self._drawing:
            return await asyncio.to_thread(self.world.output, row, index)

    def _record(
        self, context: Context, body: bytes, out: Outgoing | None, task: str | None
    ) -> None:
        record.append(
            self.state,
            context.head,
            body,
            out,
            origin=context.origin,
            action=context.met.action,
            provider=context.met.provider,
            model=context.met.model,
            key=context.key,
            task=task or context.met.task,
            fault=context.fault.effect if context.fault is not None else None,
        )


@lru_cache(maxsize=4)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
