"""The limits on what may be spent in a day, from the settings."""

import time
from datetime import date

from rushes.catalog.schema import Model
from rushes.engine.credentials import Credential
from rushes.engine.house import House
from rushes.store.job import Cap, Credits, Job


def day_began(now: float) -> float:
    """Return when the local day of this machine began, in seconds since 1970."""
    local = time.localtime(now)
    return midnight(date(local.tm_year, local.tm_mon, local.tm_mday))


def midnight(day: date) -> float:
    """Return when a day of this machine began, in seconds since 1970."""
    return time.mktime((day.year, day.month, day.day, 0, 0, 0, 0, 0, -1))


def caps(house: House, credential: Credential) -> tuple[Cap, ...]:
    """Return the caps that a new job of a credential must fit into.

    They hold on the sandbox too, where its jobs count only against each other. Raises
    SetupError for a setting that is no number.
    """
    since = day_began(house.clock.now())
    provider = credential.provider.id
    every = house.config.max_credits_per_day()
    own = house.config.max_credits_per_day(provider)
    found = []
    if every.value is not None:
        found.append(
            Cap(
                name="all credentials, a day",
                limit=every.value,
                since=since,
                next_step=_next_step("RUSHES_MAX_CREDITS_PER_DAY", every.source),
            )
        )
    if own.value is not None:
        found.append(
            Cap(
                name=f"{provider}, a day",
                limit=own.value,
                since=since,
                credential=credential.fingerprint,
                next_step=_next_step(f"RUSHES_{provider.upper()}_MAX_CREDITS_PER_DAY", own.source),
            )
        )
    return tuple(found)


async def look(house: House, credential: Credential, model: Model, amount: int) -> None:
    """Raise BudgetExceeded where a job that reserves so much would pass a cap now."""
    now = house.clock.now()
    job = Job(
        id="",
        provider=model.provider,
        model=model.full_id,
        sandbox=credential.sandbox,
        credential=credential.fingerprint,
        request={},
        digest="",
        idempotency_key="",
        created_at=now,
        credits=Credits(reserved=amount),
    )
    await house.store.check_caps(job, caps(house, credential))


def _next_step(setting: str, source: str) -> str:
    where = "" if source == setting else f" (it comes from: {source})"
    return (
        f"Raise {setting}{where}, ask for something cheaper, or wait until tomorrow; "
        "what was spent: rushes spend"
    )
