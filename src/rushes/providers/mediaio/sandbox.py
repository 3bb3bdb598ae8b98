"""Media.io's side of the sandbox: every answer is an envelope {code, msg, data, trace_id}.

What the contract leaves open (the HTTP status beside a code, when credits are taken and given
back, how long outputs and task ids live, the code for refused content) is read from the rules.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from rushes.catalog.schema import Model
from rushes.providers.strict import Checker, price
from rushes.providers.world import Account, Look, Reply, Request, Target, World

__all__ = ["MediaioSide", "side"]

NOT_AUTHENTICATED = 374004
PARAMETER_ERROR = 490000
INSUFFICIENT_CREDITS = 490505

_JSON = (("Content-Type", "application/json; charset=utf-8"),)
_RESULT = re.compile(r"/generation/result/([^/]+)")
_WORDS = {
    "queued": "waiting",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "timed_out": "timeout",
    "canceled": "failed",
}
_OLDER_WORDS = {"waiting": "pending", "completed": "succeeded"}
_encode = msgspec.json.encode


def side(models: Iterable[Model]) -> "MediaioSide":
    """Make Media.io's side for these models."""
    return MediaioSide(models)


class _Refused(Exception):
    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class MediaioSide:
    """Finds what a path is for, and answers."""

    provider = "mediaio"
    key_header = "x-api-key"

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = {model.path: Checker(model) for model in models}

    def find(self, method: str, path: str) -> Target | None:
        """Say what a path is for; anything else under `/generation/` is a create of no model."""
        allow = () if method == "POST" else ("POST",)
        if path == "/user/credits":
            return Target("balance", allow=allow)
        if result := _RESULT.fullmatch(path):
            return Target("query", task_id=result[1], allow=allow)
        if checker := self._models.get(path):
            return Target("create", checker.model, allow=allow)
        if path.startswith(("/generation/", "/user/")):
            return Target("create", allow=allow)
        return None

    def trouble(self, world: World, status: int, message: str, code: int = 0) -> Reply:
        """Wrap an error in the envelope; without a code of its own, its code is the status."""
        return _envelope(world, code or status, message, None, status)

    def answer(self, world: World, request: Request, target: Target) -> Reply:
        """Answer a request; every refusal has code and message in the envelope."""
        try:
            return self._answer(world, request, target)
        except _Refused as refusal:
            status = world.rules.mediaio_error_status
            return _envelope(world, refusal.code, str(refusal), None, status)

    def _answer(self, world: World, request: Request, target: Target) -> Reply:
        if target.allow:
            raise _Refused(PARAMETER_ERROR, f"method {request.method} is not supported, use POST")
        account = world.account(request.headers.get(self.key_header, ""))
        if account is None:
            raise _Refused(NOT_AUTHENTICATED, "not authenticated")
        body = _body(request)
        if world.twist.effect == "unknown-code":
            twist = world.twist
            status = twist.status or world.rules.mediaio_error_status
            return _envelope(
                world, twist.code or 499999, twist.reason or "unexpected", None, status
            )
        if target.action == "create":
            return self._create(world, account, target, body)
        if body != {}:
            raise _Refused(PARAMETER_ERROR, "the body must be {}")
        if target.action == "balance":
            return _envelope(world, 0, "", {"credits": account.balance})
        return _show(world, account, target.task_id or "")

    def _create(self, world: World, account: Account, target: Target, body: Any) -> Reply:
        if target.model is None:
            raise _Refused(PARAMETER_ERROR, "no such model")
        if list(body) != ["data"]:
            raise _Refused(PARAMETER_ERROR, 'the body must be {"data": {...}}')
        model = target.model
        verdict = self._models[model.path].check(body["data"], world.has_media)
        if verdict.problem:
            raise _Refused(PARAMETER_ERROR, f"parameter error: {verdict.problem}")
        rules = world.rules
        if world.twist.effect == "refuse-content":
            reason = world.twist.reason or "the content was refused by the safety policy"
            raise _Refused(rules.mediaio_content_code, reason)
        pause = world.wait(f"creates:{account.number}", rules.creates_per_minute)
        if pause:
            reply = _envelope(world, 429, "too many requests", None, 429)
            header = ("Retry-After", str(int(pause)))
            return msgspec.structs.replace(reply, headers=(*reply.headers, header))
        cost = price(model, verdict.values, rules)
        if account.balance < cost:
            raise _Refused(INSUFFICIENT_CREDITS, "insufficient credits")
        look = world.create(
            account,
            model=model,
            params=_encode(body["data"]),
            values=verdict.values,
            outputs=int(verdict.values.get("count", 1)),
            cost=cost,
            charge_at=rules.charge_at,
            refunds=rules.mediaio_refunds,
            retention_seconds=rules.mediaio_output_hours * 3600,
            task_id=world.token(),
        )
        data = {} if world.twist.effect == "no-task-id" else {"task_id": look.id}
        return _envelope(world, 0, "", data, task_id=look.id)


def _body(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _Refused(PARAMETER_ERROR, "Content-Type must be application/json")
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError):
        raise _Refused(PARAMETER_ERROR, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise _Refused(PARAMETER_ERROR, "the body must be a JSON object")
    return body


def _show(world: World, account: Account, task_id: str) -> Reply:
    look = world.task(account, task_id)
    kept = world.rules.mediaio_task_hours * 3600
    if look is None or world.now() > look.created + kept or world.twist.effect == "lost-task":
        raise _Refused(PARAMETER_ERROR, "parameter error: no such task")
    word = _WORDS[look.phase]
    if world.rules.older_names:
        word = _OLDER_WORDS.get(word, word)
    if world.twist.effect == "unknown-status":
        word = world.twist.word
    data = {
        "task_id": look.id,
        "status": word,
        "reason": "success" if look.phase == "succeeded" else look.reason,
        "result": _result(world, look, word),
    }
    return _envelope(world, 0, "", data, task_id=look.id)


def _result(world: World, look: Look, word: str) -> Any:
    items = [
        {"val": f"/internal/{look.id}/{number}", "preview": link, "status": word}
        for number, link in enumerate(look.outputs)
    ]
    if world.rules.mediaio_result == "object" and len(items) < 2:
        return items[0] if items else {}
    return items


def _envelope(
    world: World, code: int, message: str, data: Any, status: int = 200, task_id: str | None = None
) -> Reply:
    body = {"code": code, "msg": message, "data": data, "trace_id": world.token()}
    return Reply(status=status, headers=_JSON, body=_encode(body), task_id=task_id)
