"""Learns what a model without a published price costs, from the balance of the account.

A job that is alone on the account is measured: the balance is asked twice before the intent is
committed, and once when the job's archive is complete. What it fell by is one sample for the
model and its price-relevant values. The newest two equal samples make a learned price. None of
this can fail a job, or hold it up for longer than a balance may take.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec

from rushes.catalog.schema import Model
from rushes.engine.credentials import Credential
from rushes.engine.exchange import ask
from rushes.engine.house import House
from rushes.errors import InvalidModel
from rushes.providers.base import Balance
from rushes.store.job import Entry, Event, Job, Quote
from rushes.store.protocol import PriceSample

SECONDS_AT_MOST = 2.0
PAUSE = 0.25
"""Seconds between the two looks before a job: a balance that moves by itself measures nothing."""

_log = logging.getLogger(__name__)


def terms(model: Model, values: Mapping[str, Any]) -> str:
    """Return what the price of a request may depend on, as text that is equal for equal terms.

    All but the prompt and media themselves; how many there are of them stays.
    """
    kept: dict[str, Any] = {}
    for name, value in values.items():
        param = model.param(name)
        if name == "prompt" or (param is not None and param.media is not None):
            kept[name] = {"given": len(value) if isinstance(value, list) else 1}
        else:
            kept[name] = value
    return msgspec.json.encode(kept, order="deterministic").decode()


async def learned(house: House, model: Model, values: Mapping[str, Any]) -> Quote | None:
    """Return the price that earlier jobs have shown, or None."""
    samples = await house.store.price_samples(model.full_id, terms(model, values))
    return agreed(samples)


def agreed(samples: Sequence[PriceSample]) -> Quote | None:
    """Return the figure on which the newest two equal neighbours agree; newest come first."""
    for newer, older in pairwise(samples):
        if newer.credits == older.credits:
            break
    else:
        return None
    same = [sample for sample in samples if sample.credits == newer.credits]
    day = datetime.fromtimestamp(same[0].at).astimezone().date()
    note = f"measured {len(same)} times, last on {day}"
    if samples[0] is not same[0]:
        note += f"; the newest measurement says {samples[0].credits}"
    return Quote(credits=newer.credits, source="learned", note=note)


async def before(house: House, job: Job, credential: Credential) -> dict[str, Any]:
    """Look at the account before a job is sent; returns what its `submitting` event shall hold.

    Nothing where the job is not measured: its price is known, it is not alone, or the balance
    moves or cannot be had.
    """
    if not _is_learnable(house, job):
        return {}
    since = house.clock.now()
    try:
        async with asyncio.timeout(SECONDS_AT_MOST):
            if not await house.store.is_alone(job.id, since=since):
                return {}
            first = await _balance(house, credential)
            if first is None:
                return {}
            await house.clock.sleep(PAUSE)
            if await _balance(house, credential) != first:
                return {}
    except Exception as error:  # noqa: BLE001 - a price that is not learned hinders no job
        _log.debug("job %s is not measured: %r", job.id, error)
        return {}
    return {"balance": first, "alone_since": since}


async def after(house: House, job: Job, credential: Credential) -> tuple[Entry, ...]:
    """Look at the account when a job's archive is complete; returns the charge to book, if any.

    A job that is charged already gives a sample all the same.
    """
    if not _is_learnable(house, job):
        return ()
    try:
        seen = _measured(await house.store.events(job_id=job.id))
        if seen is None:
            return ()
        balance, since = seen
        async with asyncio.timeout(SECONDS_AT_MOST):
            now = await _balance(house, credential)
        if now is None or now >= balance:
            return ()
        sample = PriceSample(
            job_id=job.id,
            model=job.model,
            terms=terms(house.model(job), job.request),
            credits=balance - now,
            at=house.clock.now(),
        )
        if not await house.store.learn_price(sample, alone_since=since):
            return ()
    except Exception as error:  # noqa: BLE001 - a price that is not learned hinders no job
        _log.debug("job %s is not measured: %r", job.id, error)
        return ()
    if job.credits.charged is not None:
        return ()
    return (
        Entry(
            job_id=job.id,
            at=sample.at,
            kind="charge",
            credits=sample.credits,
            source="learned",
            note=f"the balance fell from {balance} to {now} while no other job ran",
        ),
    )


def _is_learnable(house: House, job: Job) -> bool:
    if job.sandbox or job.quote.source not in ("unknown", "learned"):
        return False
    try:
        return house.model(job).price is None
    except InvalidModel:
        # The catalog has lost the model; the job goes on without it.
        return False


def _measured(events: Sequence[Event]) -> tuple[int, float] | None:
    """Return the balance before the only send that can have created the task, and since when."""
    if any(event.kind == "second-task" for event in events):
        return None
    sends = [event.data for event in events if event.kind == "submitting"]
    if not sends or "balance" not in sends[-1]:
        return None
    return int(sends[-1]["balance"]), float(sends[-1]["alone_since"])


async def _balance(house: House, credential: Credential) -> int | None:
    answer = await ask(house, credential, credential.adapter.balance())
    return answer.credits if isinstance(answer, Balance) else None
