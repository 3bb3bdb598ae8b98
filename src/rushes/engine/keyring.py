"""Looks after the keys of unfinished jobs: which are absent, and which have done their duty."""

from rushes.engine import absence, refunds
from rushes.engine.credentials import Credential
from rushes.engine.house import House

LOOK_EVERY = 30.0
_NAME = "key name "


def named(fingerprint: str) -> str:
    """Name the store's fact of what a key is called."""
    return f"{_NAME}{fingerprint}"


async def tell_name(house: House, credential: Credential) -> None:
    """Let the store know what a key is called: it has its fingerprint only."""
    if credential.sandbox or credential.fingerprint in house.credentials.named:
        return
    name = named(credential.fingerprint)
    if await house.store.recall(name) != credential.key.name:
        await house.store.remember(name, credential.key.name)
    house.credentials.named.add(credential.fingerprint)


async def names(house: House) -> dict[str, str]:
    """Return what the keys of earlier and present jobs are called, by fingerprint."""
    return await house.store.recall_all(_NAME)


async def tend(house: House) -> None:
    """Note which unfinished jobs' keys are absent, and drop retired keys without any."""
    in_flight = await house.store.in_flight(now=house.clock.now())
    for one in in_flight:
        known = house.credentials.by_fingerprint(one.credential) is not None
        if one.unheld and not one.sandbox and not known:
            await absence.begin(house.store, one.credential, house.clock.now())
    await drop_retired(house)


async def drop_retired(house: House) -> int:
    """Forget each retired key whose jobs have ended and are paid back; returns how many."""
    retired = house.credentials.retired()
    if not retired:
        return 0
    in_flight = await house.store.in_flight(now=house.clock.now())
    busy = {one.credential for one in in_flight}
    dropped = 0
    for credential in retired:
        if credential.fingerprint in busy or await refunds.open_jobs(house, credential):
            continue
        drop = house.config.keys.drop
        await house.work(drop, credential.provider.id, credential.key.secret)
        dropped += 1
    return dropped
