"""Runs an adapter's free exchanges (all but a create) over the transport, within the budget."""

import contextlib
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

from rushes.engine.credentials import Credential
from rushes.engine.failures import AnswerLost, NeverMade, TooLarge
from rushes.engine.house import House
from rushes.errors import StoreError
from rushes.providers.base import Answer, Exchange, Trouble

T = TypeVar("T")


async def ask(house: House, credential: Credential, exchange: Exchange[T]) -> T | Trouble:
    """Run an exchange that costs nothing; a lost answer is Trouble NETWORK_ERROR."""
    try:
        call = next(exchange)
        while True:
            if call.paid:
                raise AssertionError("a paid call goes through submit")
            try:
                answer = await house.transport.send(
                    credential.base_url, call, key=credential.header
                )
            except TooLarge as error:
                return Trouble(code="UNKNOWN_ERROR", message=str(error))
            except (NeverMade, AnswerLost) as error:
                return Trouble(code="NETWORK_ERROR", message=str(error))
            if (said := server_time(answer)) is not None:
                house.skews[credential.fingerprint] = said - house.clock.now()
            call = exchange.send(credential.without_key(answer))
    except StopIteration as stop:
        result: T = stop.value
    if isinstance(result, Trouble) and result.code == "AUTH_FAILED":
        await note_refusal(house, credential)
    return result


async def note_refusal(house: House, credential: Credential) -> None:
    """Remember that the provider has just refused this key: new jobs use another one, if any."""
    with contextlib.suppress(StoreError):
        await house.store.remember(refused(credential.fingerprint), str(house.clock.now()))


def refused(fingerprint: str) -> str:
    """Name the store's fact of when the provider last refused a key."""
    return f"refused {fingerprint}"


async def query(house: House, credential: Credential, exchange: Exchange[T]) -> T | Trouble:
    """Run an exchange that counts as a query, when the shared budget lets it."""
    await turn(house, credential)
    return await query_now(house, credential, exchange)


async def query_now(house: House, credential: Credential, exchange: Exchange[T]) -> T | Trouble:
    """Run an exchange whose turn has come; a 429 holds back all who share the budget."""
    result = await ask(house, credential, exchange)
    if isinstance(result, Trouble) and result.code == "RATE_LIMITED":
        wait = result.retry_after if result.retry_after is not None else 30.0
        key = budget_key(credential)
        await house.store.block_queries(key, until=house.clock.now() + wait)
    return result


async def turn(house: House, credential: Credential) -> None:
    """Wait until the shared budget lets one query go."""
    key = budget_key(credential)
    if (per_minute := budget(credential)) is not None:
        # The place is taken with the asking, so asking again would take a later one.
        wait = await house.store.take_query(key, now=house.clock.now(), per_minute=per_minute)
        if wait > 0:
            await house.clock.sleep(wait)
    while (blocked := await house.store.blocked_until(key) - house.clock.now()) > 0:
        await house.clock.sleep(blocked)


def budget(credential: Credential) -> int | None:
    """Return our queries a minute: half of the provider's limit, the rest is a person's own.

    Less one: what goes out evenly does not arrive quite so.
    """
    per_minute = credential.poll.queries_per_minute
    return None if per_minute is None else max(1, per_minute // 2 - 1)


def budget_key(credential: Credential) -> str:
    """Name the budget that all keys at one provider's address share."""
    address = urlsplit(credential.base_url).netloc
    return f"{credential.provider.id}@{address}"


def server_time(answer: Answer) -> float | None:
    """Read the provider's own clock from an answer's Date header."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
