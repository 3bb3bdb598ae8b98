"""Adds up what was spent, by day, model or credential."""

from collections.abc import Iterable, Mapping
from typing import Literal

from rushes.client.records import Spend
from rushes.store.protocol import Spent

By = Literal["day", "model", "credential"]

SUMS = (
    "jobs",
    "reserved",
    "charged",
    "refunded",
    "provider_said",
    "by_quote",
    "learned",
    "assumed",
    "unknown",
)


def grouped(rows: Iterable[Spent], by: By, names: Mapping[str, str] | None = None) -> list[Spend]:
    """Add up the rows of each group and provider, in order of the name; credentials by provider.

    Two providers' credits are never added to one another: they are worth different amounts.
    `names` says what the credentials are called.
    """
    sums: dict[tuple[str, str], dict[str, int]] = {}
    sandbox = False
    for row in rows:
        sandbox = row.sandbox
        found = sums.setdefault((getattr(row, by), row.provider), dict.fromkeys(SUMS, 0))
        for name in SUMS:
            found[name] += getattr(row, name)
    made = [
        Spend(
            name=name,
            provider=provider,
            sandbox=sandbox,
            key=(names or {}).get(name, "") if by == "credential" else "",
            **found,
        )
        for (name, provider), found in sums.items()
    ]
    by_provider = by == "credential"
    return sorted(
        made, key=lambda one: (one.provider if by_provider else "", one.name, one.provider)
    )
