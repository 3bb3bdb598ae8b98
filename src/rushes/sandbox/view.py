"""The world as one provider's side sees it during one request."""

import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from rushes.catalog.schema import Model
from rushes.providers.world import NO_TWIST, Account, Look, Remembered, Rules, Twist

from . import ledger
from . import tasks as kept
from .scenes import link_path, output_ending
from .shelf import Shelf, media_name
from .state import State

__all__ = ["View", "output_link"]

_FATES: Mapping[str, kept.Plan] = {
    "fail": kept.Plan("failed", "the generation failed"),
    "timeout": kept.Plan("timed_out", "the generation took too long"),
    "never-ends": kept.Plan(ends=False),
    "fewer-outputs": kept.Plan(outputs=1),
    "other-output": kept.Plan(other=True),
}
_WINDOW = 60.0


def output_link(origin: str, secret: bytes, task_id: str, index: int, model: Model) -> str:
    """Return the link of an output."""
    token = kept.output_token(secret, task_id, index)
    return f"{origin}/_outputs/{task_id}/{index}.{output_ending(model)}?token={token}"


class View:
    """A `World` for one provider and one request; used inside one transaction."""

    def __init__(
        self,
        state: State,
        *,
        provider: str,
        model_of: Callable[[str], Model],
        media: Shelf,
        origin: str,
        twist: Twist = NO_TWIST,
    ) -> None:
        self._state = state
        self._provider = provider
        self._model_of = model_of
        self._media = media
        self.origin = origin
        self.twist = twist

    @property
    def rules(self) -> Rules:
        """The settings."""
        return self._state.settings

    def now(self) -> float:
        """The world's time."""
        return self._state.clock.now()

    def token(self) -> str:
        """32 new hexadecimal digits."""
        return secrets.token_hex(16)

    def account(self, key: str) -> Account | None:
        """The key's account, made on first use; None for a key that is missing or bad."""
        if ledger.is_bad(key):
            return None
        return ledger.account_of(self._state, self._provider, key)

    def has_media(self, url: str) -> bool:
        """False for a link to the sandbox's own media host under which nothing lies."""
        path = link_path(url)
        if path is None:
            return True
        name = media_name(path)
        return name is not None and self._media.has(name)

    def create(
        self,
        account: Account,
        *,
        model: Model,
        params: bytes,
        values: Mapping[str, Any],
        outputs: int,
        cost: int,
        charge_at: Literal["create", "completion"],
        refunds: bool,
        retention_seconds: float,
        task_id: str,
        idempotency: tuple[str, bytes] | None = None,
        callback: str | None = None,
    ) -> Look:
        """Accept a paid task."""
        plan = _FATES.get(self.twist.effect, kept.Plan())
        if self.twist.reason and plan.reason:
            plan = plan._replace(reason=self.twist.reason)
        row = kept.add(
            self._state,
            task_id=task_id,
            provider=self._provider,
            account=account.number,
            model=model,
            params=params,
            values=values,
            outputs=outputs,
            cost=cost,
            on_completion=charge_at == "completion",
            refunds=refunds,
            retention=retention_seconds,
            plan=plan,
            idempotency=idempotency,
            callback=callback,
        )
        return self._look(row)

    def remembered(self, account: Account, key: str, seconds: float) -> Remembered | None:
        """What an idempotency key made within the last `seconds`."""
        found = kept.remember(self._state, account.number, key, self.now() - seconds)
        return found and Remembered(found[0], self._look(found[1]))

    def task(self, account: Account, task_id: str) -> Look | None:
        """Look at one of the account's own tasks."""
        row = kept.find(self._state, task_id, account.number)
        return row and self._look(kept.look(self._state, row))

    def tasks(self, account: Account, *, before: float, cap: int | None) -> Iterable[Look]:
        """Look at the account's tasks that were created by `before`, newest first."""
        return map(self._look, kept.listed(self._state, account.number, before, cap))

    def cancel(self, account: Account, task_id: str) -> Look | None:
        """Cancel a task that is queued; None where it is not."""
        row = kept.find(self._state, task_id, account.number)
        row = row and kept.cancel(self._state, row)
        return row and self._look(row)

    def wait(self, name: str, per_minute: int) -> float:
        """Count one use of `name`; 0.0, or the whole seconds until it may be used again."""
        if not per_minute:
            return 0.0
        now, db = self.now(), self._state.db
        name = f"{self._provider}:{name}"
        db.execute("DELETE FROM uses WHERE name = ? AND at <= ?", (name, now - _WINDOW))
        (used, oldest), *_ = self._state.ask(
            "SELECT count(*), min(at) FROM uses WHERE name = ?", (name,)
        )
        if used < per_minute:
            db.execute("INSERT INTO uses VALUES (?, ?)", (name, now))
            return 0.0
        return float(max(math.ceil(oldest + _WINDOW - now), 1))

    def _look(self, row: kept.Row) -> Look:
        return kept.view(row, self._model_of(row.model), self.now(), self._links)

    def _links(self, row: kept.Row) -> Iterable[str]:
        model = self._model_of(row.model)
        if self.twist.effect == "no-link":
            return ()
        secret = self._state.secret
        return [
            output_link(self.origin, secret, row.id, index, model) for index in range(row.outputs)
        ]
