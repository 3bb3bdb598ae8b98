"""AIVideoMaker's side of the sandbox: `/api/v1/...`, errors as {status: FAILED, message}.

What the contract leaves open (whether the money headers, the quote and the account are live, the
account's fields, the list's length and delay, when a refund shows) is read from the rules.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from rushes.catalog.schema import Model
from rushes.providers.strict import Checker, price
from rushes.providers.world import Account, Look, Reply, Request, Target, World

__all__ = ["AivideomakerSide", "side"]

_JSON = (("Content-Type", "application/json"),)
_ROOT = "/api/v1/"
_TASK = re.compile(r"/api/v1/tasks/([^/]+)(/status|/cancel)?")
_WORDS = {
    "queued": "SUBMITTED",
    "running": "PROGRESS",
    "succeeded": "COMPLETED",
    "failed": "FAILED",
    "timed_out": "FAILED",
    "canceled": "CANCEL",
}
_CODES = {
    400: "INVALID_PAYLOAD",
    401: "AUTH_FAILED",
    402: "INSUFFICIENT_CREDITS",
    404: "TASK_NOT_FOUND",
    409: "IDEMPOTENCY_CONFLICT",
    422: "BUDGET_EXCEEDED",
    429: "RATE_LIMITED",
}
_CENTS = 1  # list value of a credit
_encode = msgspec.json.encode
_canonical = msgspec.json.Encoder(order="sorted").encode


def side(models: Iterable[Model]) -> "AivideomakerSide":
    """Make AIVideoMaker's side for these models."""
    return AivideomakerSide(models)


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str = "", pause: float = 0) -> None:
        self.status = status
        self.code = code or _CODES.get(status, "")
        self.pause = pause
        super().__init__(message)


class AivideomakerSide:
    """Finds what a path is for, and answers."""

    provider = "aivideomaker"
    key_header = "key"

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = {model.path.rsplit("/", 1)[-1]: Checker(model) for model in models}

    def find(self, method: str, path: str) -> Target | None:
        """Say what a path is for; any other path under the root is a query for no task."""
        if not path.startswith(_ROOT):
            return None
        target, takes = self._find(path)
        return target if method == takes else target._replace(allow=(takes,))

    def _find(self, path: str) -> tuple[Target, str]:
        for action, folder in (("create", "generate/"), ("quote", "quote/")):
            if path.startswith(_ROOT + folder):
                checker = self._models.get(path.removeprefix(_ROOT + folder))
                return Target(action, checker and checker.model), "POST"  # type: ignore[arg-type]
        if path == "/api/v1/tasks":
            return Target("list"), "GET"
        if path == "/api/v1/account":
            return Target("balance"), "GET"
        if task := _TASK.fullmatch(path):
            if task[2] == "/cancel":
                return Target("cancel", task_id=task[1]), "PUT"
            return Target("status" if task[2] else "query", task_id=task[1]), "GET"
        return Target("query"), "GET"

    def trouble(self, world: World, status: int, message: str, code: int = 0) -> Reply:
        """Wrap an error in the error body; its `errorCode` is the documented one, if any."""
        return _error(world, _Refused(status, message, str(code or "")), 0)

    def answer(self, world: World, request: Request, target: Target) -> Reply:
        """Answer a request; every refusal is an error body with the documented status."""
        try:
            return self._answer(world, request, target)
        except _Refused as refusal:
            mild = target.action == "create" and refusal.status < 429 and not target.allow
            return _error(world, refusal, 200 if mild and world.rules.errors_as_200 else 0)

    def _answer(self, world: World, request: Request, target: Target) -> Reply:
        if target.allow:
            reply = _error(world, _Refused(405, f"Method {request.method} not allowed"), 0)
            allow = ("Allow", ", ".join(target.allow))
            return msgspec.structs.replace(reply, headers=(*reply.headers, allow))
        account = world.account(request.headers.get(self.key_header, ""))
        if account is None:
            raise _Refused(401, "Invalid API key")
        twist = world.twist
        if twist.effect == "unknown-code":
            code = str(twist.code or "UNHEARD_OF")
            raise _Refused(twist.status or 400, twist.reason or "Unexpected", code)
        rules = world.rules
        match target.action:
            case "create":
                return self._create(world, request, target, account)
            case "quote":
                return self._quote(world, request, target, account)
            case "balance":
                if not rules.account_live:
                    raise _Refused(404, "Not found")
                names = sorted(self._models)
                field = rules.account_balance_field
                return _reply({"valid": True, field: account.balance, "models": names})
            case "cancel":
                return _cancel(world, account, target.task_id or "")
        pause = world.wait(f"queries:{request.address}", rules.queries_per_minute)
        if pause:
            raise _Refused(429, "Too many requests", pause=pause)
        if target.action == "list":
            return _list(world, account)
        look = _find_task(world, account, target.task_id or "")
        word = twist.word if twist.effect == "unknown-status" else _WORDS[look.phase]
        if target.action == "status":
            return _reply({"status": word}, look.id)
        shown = {
            "id": look.id,
            "status": word,
            "input": msgspec.Raw(look.params),
            "output": _output(world, look),
            "completedAt": _iso(look.completed),
        }
        return _reply(shown, look.id)

    def _order(
        self, world: World, request: Request, target: Target
    ) -> tuple[Model, Any, int, dict[str, Any]]:
        """Read and judge the body of a create or quote: model, body, cost, values."""
        if target.model is None:
            raise _Refused(400, "Unknown model")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise _Refused(400, "Content-Type must be application/json")
        try:
            body = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, RecursionError):
            raise _Refused(400, "The body is not JSON") from None
        checker = self._models[target.model.path.rsplit("/", 1)[-1]]
        verdict = checker.check(body, world.has_media)
        if verdict.problem:
            raise _Refused(400, f"Invalid payload: {verdict.problem}")
        cost = price(target.model, verdict.values, world.rules)
        return target.model, body, cost, verdict.values

    def _quote(self, world: World, request: Request, target: Target, account: Account) -> Reply:
        if not world.rules.quote_live:
            raise _Refused(404, "Not found")
        model, _, cost, _ = self._order(world, request, target)
        quote = {
            "model": model.path.rsplit("/", 1)[-1],
            "credits": cost,
            "listPriceUsd": round(cost * _CENTS / 100, 2),
            "usdPerCredit": _CENTS / 100,
            "currentBalance": account.balance,
            "affordable": account.balance >= cost,
            "billable": False,
        }
        return _reply(quote)

    def _create(self, world: World, request: Request, target: Target, account: Account) -> Reply:
        rules = world.rules
        model, body, cost, values = self._order(world, request, target)
        used, limit = _money_headers(world, request)
        digest = hashlib.sha256(model.path.encode() + b"\n" + _canonical(body)).digest()
        if used is not None:
            before = world.remembered(account, used, rules.idempotency_seconds)
            if before is not None and before.digest != digest:
                raise _Refused(409, "The Idempotency-Key was used with another body")
            if before is not None:
                return _created(world, before.task, replay=True)
        if world.twist.effect == "refuse-content":
            reason = world.twist.reason or "The content was refused by the safety policy"
            raise _Refused(422, reason, "CONTENT_REFUSED")
        if limit is not None and cost > limit:
            raise _Refused(422, f"The task costs {cost} credits, more than X-Max-Credits")
        if account.balance < cost:
            raise _Refused(402, "Insufficient credits")
        pause = world.wait(f"creates:{account.number}", rules.creates_per_minute)
        if pause:
            raise _Refused(429, "Too many requests", pause=pause)
        look = world.create(
            account,
            model=model,
            params=_encode(body),
            values=values,
            outputs=1,
            cost=cost,
            charge_at="create",
            refunds=True,
            retention_seconds=rules.aivideomaker_output_hours * 3600,
            task_id=f"ck{world.token()}",
            idempotency=None if used is None else (used, digest),
            callback=request.headers.get("webhookurl"),
        )
        return _created(world, look, replay=False)


def _money_headers(world: World, request: Request) -> tuple[str | None, int | None]:
    if not world.rules.money_headers:
        return None, None
    used = request.headers.get("idempotency-key")
    if used is not None and not 8 <= len(used) <= 128:
        raise _Refused(400, "Idempotency-Key must have 8 to 128 characters")
    limit = request.headers.get("x-max-credits")
    if limit is None:
        return used, None
    if not re.fullmatch(r"[0-9]{1,12}", limit):
        raise _Refused(400, "X-Max-Credits must be a whole number")
    return used, int(limit)


def _created(world: World, look: Look, *, replay: bool) -> Reply:
    rules = world.rules
    current = replay and rules.replay_status == "current"
    word = _WORDS[look.phase] if current else "SUBMITTED"
    body: dict[str, Any] = {"status": word, "taskId": look.id}
    if rules.new_fields:
        body |= {"creditsCharged": look.charged, "idempotentReplay": replay}
    if world.twist.effect == "no-task-id":
        del body["taskId"]
        return _reply(body, look.id)
    base = f"{rules.later_links_origin or world.origin}/api/v1/tasks/{look.id}"
    body |= {"responseUrl": base, "statusUrl": f"{base}/status", "cancelUrl": f"{base}/cancel"}
    return _reply(body, look.id)


def _find_task(world: World, account: Account, task_id: str) -> Look:
    look = world.task(account, task_id)
    if look is None or world.twist.effect == "lost-task":
        raise _Refused(404, "Task not found")
    return look


def _cancel(world: World, account: Account, task_id: str) -> Reply:
    canceled = world.cancel(account, task_id)
    if canceled is None:
        _find_task(world, account, task_id)
        raise _Refused(400, "The task can no longer be canceled")
    return _reply({"status": _WORDS[canceled.phase], "taskId": canceled.id}, canceled.id)


def _list(world: World, account: Account) -> Reply:
    rules, twist = world.rules, world.twist
    before = world.now() - rules.list_delay_seconds
    rows = []
    for look in world.tasks(account, before=before, cap=rules.list_cap):
        word = twist.word if twist.effect == "unknown-status" else _WORDS[look.phase]
        name = look.model.path.rpartition("/")[2]
        output = _output(world, look)
        row = b'{"id":"%s","createdAt":%s,"model":"%s","input":%s,"output":%s,"status":%s' % (
            look.id.encode(),
            _encode(_iso(look.created)),
            name.encode(),
            look.params,
            b"null" if output is None else _encode(output),
            _encode(word),
        )
        if rules.new_fields:
            row += b',"creditsCharged":%d,"creditsRefunded":%d,"listValueCents":%d' % (
                look.charged,
                look.refunded,
                look.charged * _CENTS,
            )
            row += b',"idempotencyKey":' + _encode(look.idempotency_key)
        rows.append(row + b',"completedAt":' + _encode(_iso(look.completed)) + b"}")
    return Reply(status=200, headers=_JSON, body=b'{"tasks":[' + b",".join(rows) + b"]}")


def _output(world: World, look: Look) -> dict[str, Any] | None:
    if look.phase == "succeeded":
        link = look.outputs[0] if look.outputs else None
        return {world.rules.output_url_field: link, "msg": "ok", "error": None}
    if look.phase in ("failed", "timed_out"):
        return {world.rules.output_url_field: None, "msg": "failed", "error": look.reason}
    return None


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return f"{text[:-6]}Z"


def _reply(body: Any, task_id: str | None = None) -> Reply:
    return Reply(status=200, headers=_JSON, body=_encode(body), task_id=task_id)


def _error(world: World, refusal: _Refused, status: int) -> Reply:
    body = {"status": "FAILED", "message": str(refusal)}
    if world.rules.new_fields and refusal.code:
        body["errorCode"] = refusal.code
    headers = _JSON
    if refusal.pause:
        headers = (*_JSON, ("Retry-After", str(int(refusal.pause))))  # type: ignore[assignment]
    return Reply(status=status or refusal.status, headers=headers, body=_encode(body))
