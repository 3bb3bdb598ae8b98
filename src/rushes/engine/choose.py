"""Chooses the key of a new job, where a provider has several: by health and balance.

What is known of a key is kept in the store under its fingerprint, so that all processes share
it: when the provider last refused it, and its last balance.
"""

import asyncio
import contextlib

import msgspec

from rushes.engine.credentials import Credential
from rushes.engine.exchange import ask, refused
from rushes.engine.house import House
from rushes.keys_file import ENVIRONMENT
from rushes.providers.base import Balance

REFUSED_FOR = 600.0
"""Seconds for which a key that the provider refused is passed over."""

BALANCE_LASTS = 60.0
SECONDS_AT_MOST = 5.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A key's balance as the provider last said it; `credits` None where it did not say."""

    credits: int | None = None
    at: float = 0.0


async def choose(
    house: House,
    provider: str,
    *,
    sandbox: bool,
    name: str | None = None,
    needs: int | None = None,
    ask_balances: bool = True,
) -> Credential:
    """Return the key for a new job that may cost `needs` credits.

    The one that is named, here or in the settings; else that of the environment; else, of those
    that the provider has not refused lately, the one with most credits. Where none is good
    enough, the provider has the last word on the best of them. Raises MissingCredential.
    """
    wanted = name or house.config.key_name(provider).value
    candidates = house.credentials.candidates(provider, sandbox=sandbox, name=wanted)
    if not candidates:
        return house.credentials.get(provider, sandbox=sandbox, name=wanted)
    first = candidates[0]
    if len(candidates) == 1 or first.key.name == ENVIRONMENT:
        return first
    async with house.credentials.choosing:
        looks = [_standing(house, one, ask_balances=ask_balances) for one in candidates]
        standings = await asyncio.gather(*looks)

    def worth(number: int) -> tuple[bool, bool, int, int]:
        refused_at, seen = standings[number]
        enough = seen.credits is None or needs is None or seen.credits >= needs
        balance = -1 if seen.credits is None else seen.credits
        return refused_at == 0.0, enough, balance, -number

    return candidates[max(range(len(candidates)), key=worth)]


async def _standing(
    house: House, credential: Credential, *, ask_balances: bool
) -> tuple[float, Seen]:
    """Return when the key was refused, 0 for not lately, and its last balance."""
    now = house.clock.now()
    refused_at = await _refused_at(house, credential)
    seen = await _last_seen(house, credential)
    if refused_at == 0.0 and ask_balances and seen.at < now - BALANCE_LASTS:
        seen = await _look(house, credential)
        refused_at = await _refused_at(house, credential)
    return refused_at, seen


async def _refused_at(house: House, credential: Credential) -> float:
    at = float(await house.store.recall(refused(credential.fingerprint)) or 0.0)
    return at if at > house.clock.now() - REFUSED_FOR else 0.0


async def _last_seen(house: House, credential: Credential) -> Seen:
    told = await house.store.recall(_balance(credential))
    if told is not None:
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(told, type=Seen)
    return Seen()


async def _look(house: House, credential: Credential) -> Seen:
    credits: int | None = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SECONDS_AT_MOST):
            answer = await ask(house, credential, credential.adapter.balance())
            if isinstance(answer, Balance):
                credits = answer.credits
    return await note_balance(house, credential, credits)


async def note_balance(house: House, credential: Credential, credits: int | None) -> Seen:
    """Keep what the provider has just said of a key's balance."""
    seen = Seen(credits=credits, at=house.clock.now())
    await house.store.remember(_balance(credential), msgspec.json.encode(seen).decode())
    return seen


def _balance(credential: Credential) -> str:
    return f"balance {credential.fingerprint}"
