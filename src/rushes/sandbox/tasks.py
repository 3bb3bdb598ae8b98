"""Tasks: made, looked at, listed and canceled. Where a task stands follows from the clock alone."""

import hashlib
import hmac
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from rushes.catalog.schema import Model
from rushes.providers.strict import seconds_of
from rushes.providers.world import Look, Phase

from .ledger import move
from .settings import Settings
from .state import State

__all__ = [
    "Plan",
    "Row",
    "add",
    "cancel",
    "find",
    "listed",
    "look",
    "output_token",
    "remember",
    "view",
]

_INSERTED = (
    "id, provider, account, model, params, outputs, other, seed, created, starts, ends, fate, "
    "reason, wants, credits, on_completion, refunds, retention, charged_at, moved, "
    "idempotency_key, callback"
)
_INSERT = f"INSERT INTO tasks ({_INSERTED}) VALUES ({', '.join('?' * 22)})"  # noqa: S608
_sorted = msgspec.json.Encoder(order="sorted").encode
_MEDIA_LINK = re.compile(rb"https?://[^/\"]+(/_media/[0-9a-f]{64})")


class Row(NamedTuple):
    """A task as it is kept."""

    number: int
    id: str
    model: str
    params: bytes
    outputs: int
    other: int
    created: float
    starts: float | None
    ends: float | None
    fate: str
    reason: str
    canceled: float | None
    wants: int
    looks: int
    credits: int
    charged_at: float | None
    refunded_at: float | None
    refunds: int
    on_completion: int
    retention: float
    idempotency_key: str | None
    account: int
    seed: int
    provider: str

    def phase(self, now: float) -> Phase:
        """Where the task stands."""
        if self.canceled is not None:
            return "canceled"
        if self.ends is not None and now >= self.ends:
            return self.fate  # type: ignore[return-value]
        if self.wants:
            return "running" if self.looks > 1 else "queued"
        return "running" if self.starts is not None and now >= self.starts else "queued"


class Plan(NamedTuple):
    """How a new task will go. `other`: its output is not what was asked for."""

    fate: Phase = "succeeded"
    reason: str = ""
    ends: bool = True
    outputs: int | None = None
    other: bool = False


def add(
    state: State,
    *,
    task_id: str,
    provider: str,
    account: int,
    model: Model,
    params: bytes,
    values: Mapping[str, Any],
    outputs: int,
    cost: int,
    on_completion: bool,
    refunds: bool,
    retention: float,
    plan: Plan,
    idempotency: tuple[str, bytes] | None,
    callback: str | None,
) -> Row:
    """Accept a task, and take its credits now or at its end."""
    settings, now = state.settings, state.clock.now()
    seed = _seed(settings.seed, model.full_id, params)
    wants = settings.after_polls if plan.ends else 0
    queued, worked = _times(settings, seed, task_id, model, values)
    starts = None if wants else now + queued
    ends = now + queued + worked if plan.ends and not wants else None
    charged_at = None if on_completion else now
    key = idempotency and idempotency[0]
    row = (
        task_id, provider, account, model.full_id, params, plan.outputs or outputs, plan.other,
        seed, now, starts, ends,
        plan.fate, plan.reason, wants, cost, on_completion, refunds, retention, charged_at,
        0 if on_completion else 1, key, callback,
    )  # fmt: skip
    state.db.execute(_INSERT, row)
    number = state.db.last_insert_rowid()
    if not on_completion:
        move(state, account, -cost)
    if idempotency is not None:
        state.db.execute(
            "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?)",
            (account, *idempotency, number, now),
        )
    kept = _rows(state, "number = ?", (number,))[0]
    return kept if ends is None else _ended(state, kept, ends)


def _seed(seed: int, model: str, params: bytes) -> int:
    """Return what the art follows from; the port of our own media host does not take part."""
    steady = _MEDIA_LINK.sub(rb"\1", _sorted(msgspec.json.decode(params)))
    digest = hashlib.sha256(f"{seed} {model} ".encode() + steady).digest()
    return int.from_bytes(digest[:6], "big")


def _times(
    settings: Settings, seed: int, task_id: str, model: Model, values: Mapping[str, Any]
) -> tuple[float, float]:
    """Return how long the task waits and is worked on, spread by seed and task."""
    spread = random.Random(f"{seed} {task_id}" if settings.pace == "realistic" else seed)
    if settings.pace == "realistic":
        typical = 12.0 if model.makes == "image" else 60.0 + 6.0 * seconds_of(model, values)
        return spread.expovariate(1 / 5), typical * math.exp(spread.gauss(0, 0.35))
    base = settings.image_seconds if model.makes == "image" else settings.video_seconds
    factor = 1 + settings.jitter * spread.uniform(-1, 1)
    return settings.queued_seconds * factor, base * factor


def _ended(state: State, row: Row, ends: float) -> Row:
    """Set a task's end, and with it when credits move."""
    charged_at = ends if row.on_completion and row.fate == "succeeded" else row.charged_at
    later = state.settings.refund_seconds
    refunded_at = None
    if row.fate != "succeeded" and charged_at is not None and row.refunds and later is not None:
        refunded_at = ends + later
    due = charged_at if row.on_completion and charged_at is not None else refunded_at
    state.db.execute(
        "UPDATE tasks SET ends = ?, charged_at = ?, refunded_at = ?, due = ? WHERE number = ?",
        (ends, charged_at, refunded_at, due, row.number),
    )
    return row._replace(ends=ends, charged_at=charged_at, refunded_at=refunded_at)


def _rows(state: State, where: str, values: tuple[Any, ...]) -> list[Row]:
    sql = f"SELECT {', '.join(Row._fields)} FROM tasks WHERE {where}"  # noqa: S608 - text of our own
    return [Row(*row) for row in state.ask(sql, values)]


def find(state: State, task_id: str, account: int | None = None) -> Row | None:
    """Return a task of any account, or of one."""
    rows = _rows(state, "id = ? AND (? IS NULL OR account = ?)", (task_id, account, account))
    return rows[0] if rows else None


def look(state: State, row: Row) -> Row:
    """Count one look at a task; where its end is set in looks, the last one ends it."""
    if not row.wants or row.ends is not None or row.canceled is not None:
        return row
    row = row._replace(looks=row.looks + 1)
    state.db.execute("UPDATE tasks SET looks = ? WHERE number = ?", (row.looks, row.number))
    return _ended(state, row, state.clock.now()) if row.looks >= row.wants else row


def listed(state: State, account: int, before: float, cap: int | None) -> Iterator[Row]:
    """Return an account's tasks, newest first; each counts as looked at."""
    rows = _rows(
        state,
        "account = ? AND created <= ? ORDER BY number DESC LIMIT ?",
        (account, before, -1 if cap is None else cap),
    )
    return (look(state, row) for row in rows)


def cancel(state: State, row: Row) -> Row | None:
    """Cancel a task that is queued, and give its credits back; None where it is not."""
    now = state.clock.now()
    if row.phase(now) != "queued":
        return None
    later = state.settings.refund_seconds
    refunded_at = None
    if later is not None and row.refunds and row.charged_at is not None:
        refunded_at = now + later
    state.db.execute(
        "UPDATE tasks SET canceled = ?, ends = NULL, refunded_at = ?, due = ? WHERE number = ?",
        (now, refunded_at, refunded_at, row.number),
    )
    return row._replace(canceled=now, ends=None, refunded_at=refunded_at)


def remember(state: State, account: int, key: str, since: float) -> tuple[bytes, Row] | None:
    """Return the body's digest and the task of an idempotency key used at `since` or later."""
    found = state.ask(
        "SELECT digest, task FROM keys WHERE account = ? AND key = ? AND at >= ?",
        (account, key, since),
    )
    return (found[0][0], _rows(state, "number = ?", (found[0][1],))[0]) if found else None


def output_token(secret: bytes, task_id: str, index: int) -> str:
    """Return what makes an output's link unguessable."""
    return hmac.new(secret, f"{task_id}/{index}".encode(), "sha256").hexdigest()[:32]


def view(row: Row, model: Model, now: float, links: Callable[[Row], Iterable[str]]) -> Look:
    """Return a task as a provider's side sees it."""
    phase = row.phase(now)
    done = phase not in ("queued", "running")
    charged = row.charged_at is not None and row.charged_at <= now
    refunded = row.refunded_at is not None and row.refunded_at <= now
    return Look(
        id=row.id,
        model=model,
        phase=phase,
        params=row.params,
        created=row.created,
        completed=(row.canceled or row.ends) if done else None,
        charged=row.credits if charged else 0,
        refunded=row.credits if refunded else 0,
        reason=row.reason,
        outputs=tuple(links(row)) if phase == "succeeded" else (),
        idempotency_key=row.idempotency_key,
    )


def overview(state: State, account: str | None) -> list[dict[str, Any]]:
    """List the tasks of all accounts, or of one fingerprint, newest first."""
    now = state.clock.now()
    rows = _rows(
        state,
        "? IS NULL OR account IN (SELECT number FROM accounts WHERE fingerprint = ?) "
        "ORDER BY number DESC",
        (account, account),
    )
    return [
        {
            "id": row.id,
            "provider": row.provider,
            "model": row.model,
            "phase": row.phase(now),
            "params": msgspec.Raw(row.params),
            "credits": row.credits,
            "created": row.created,
            "ends": row.ends,
            "looks": row.looks,
            "idempotency_key": row.idempotency_key,
        }
        for row in rows
    ]
