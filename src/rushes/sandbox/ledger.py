"""Accounts and their credits: who owns them, and what was taken and given back."""

from typing import NamedTuple

from rushes.providers.world import Account

from .state import State, fingerprint

__all__ = [
    "Charge",
    "account_of",
    "accounts",
    "add_credits",
    "charges",
    "created_count",
    "is_bad",
    "net_charged",
    "settle",
]


class Charge(NamedTuple):
    """Credits taken for a task, and given back; None: not (yet)."""

    task: str
    provider: str
    model: str
    account: str
    credits: int
    charged_at: float
    refunded_at: float | None


def is_bad(key: str) -> bool:
    """Say whether a key is one that no provider accepts: missing, or beginning with `bad-`."""
    return not key or key.startswith("bad-")


def account_of(state: State, provider: str, key: str) -> Account:
    """Return a key's account with its balance as of now, made on first use."""
    print_ = fingerprint(key)
    rows = state.ask(
        "SELECT number, balance FROM accounts WHERE provider = ? AND fingerprint = ?",
        (provider, print_),
    )
    if not rows:
        balance = 0 if key.startswith("empty-") else state.settings.default_credits
        state.db.execute(
            "INSERT INTO accounts (provider, fingerprint, balance, created) VALUES (?, ?, ?, ?)",
            (provider, print_, balance, state.clock.now()),
        )
        return Account(state.db.last_insert_rowid(), balance)
    number, balance = rows[0]
    return Account(number, balance + settle(state, number))


def settle(state: State, account: int) -> int:
    """Move the credits that are due by now; return by how much the balance changed."""
    now = state.clock.now()
    due = state.ask(
        "SELECT number, credits, charged_at, refunded_at, moved FROM tasks "
        "WHERE account = ? AND due <= ?",
        (account, now),
    )
    change = 0
    for number, cost, charged_at, refunded_at, moved in due:
        if moved == 0 and charged_at is not None and charged_at <= now:
            change -= cost
            moved = 1
        if moved == 1 and refunded_at is not None and refunded_at <= now:
            change += cost
            moved = 2
        later = refunded_at if moved == 1 else None
        state.db.execute(
            "UPDATE tasks SET moved = ?, due = ? WHERE number = ?", (moved, later, number)
        )
    if change:
        move(state, account, change)
    return change


def move(state: State, account: int, amount: int) -> None:
    """Change a balance."""
    state.db.execute(
        "UPDATE accounts SET balance = balance + ? WHERE number = ?", (amount, account)
    )


def add_credits(state: State, key: str, amount: int, providers: tuple[str, ...]) -> None:
    """Add to (or take from) a key's accounts, made where they are not there yet."""
    for provider in providers:
        move(state, account_of(state, provider, key).number, amount)


def accounts(state: State) -> list[dict[str, object]]:
    """List the accounts, by fingerprint, with balances as of now."""
    for (number,) in state.ask("SELECT number FROM accounts"):
        settle(state, number)
    shown = state.ask(
        "SELECT a.provider, a.fingerprint, a.balance, a.created, count(t.number) "
        "FROM accounts a LEFT JOIN tasks t ON t.account = a.number GROUP BY a.number"
    )
    names = ("provider", "fingerprint", "balance", "created", "tasks")
    return [dict(zip(names, row, strict=True)) for row in shown]


_OWN = "(? IS NULL OR a.fingerprint = ?) AND (? IS NULL OR a.provider = ?)"
_CHARGES = f"""
SELECT t.id, t.provider, t.model, a.fingerprint, t.credits, t.charged_at,
    CASE WHEN t.refunded_at <= ? THEN t.refunded_at END
FROM tasks t JOIN accounts a ON a.number = t.account
WHERE t.charged_at <= ? AND {_OWN} ORDER BY t.number
"""  # noqa: S608 - text of our own


def _whose(key: str | None, provider: str | None) -> tuple[str | None, ...]:
    print_ = None if key is None else fingerprint(key)
    return (print_, print_, provider, provider)


def created_count(state: State, key: str | None, provider: str | None) -> int:
    """Count the paid creates that were accepted; a replay is none."""
    sql = f"SELECT count(*) FROM tasks t JOIN accounts a ON a.number = t.account WHERE {_OWN}"  # noqa: S608
    return int(state.ask(sql, _whose(key, provider))[0][0])


def charges(state: State, key: str | None, provider: str | None) -> list[Charge]:
    """List what was taken by now, in the order of creation."""
    now = state.clock.now()
    return [Charge(*row) for row in state.ask(_CHARGES, (now, now, *_whose(key, provider)))]


def net_charged(state: State, key: str | None, provider: str | None) -> int:
    """Return the credits taken by now, less those given back."""
    return sum(
        charge.credits for charge in charges(state, key, provider) if charge.refunded_at is None
    )
