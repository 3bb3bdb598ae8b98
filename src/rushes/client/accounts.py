"""Asks the balance of each key."""

from rushes.client import previews
from rushes.client.records import Account
from rushes.engine.choose import note_balance
from rushes.engine.credentials import Credential
from rushes.engine.exchange import ask
from rushes.engine.house import House
from rushes.errors import RushesError
from rushes.providers.base import Balance


async def ask_all(house: House, provider: str | None, *, sandbox: bool) -> list[Account]:
    """Ask the balance of each key for new jobs, of one provider or of all.

    Raises MissingCredential where the one provider has no key.
    """
    found = []
    for name in [provider] if provider else list(house.catalog.providers):
        try:
            house.credentials.get(name, sandbox=sandbox)
            credentials = house.credentials.candidates(name, sandbox=sandbox)
        except RushesError as error:
            if provider:
                raise
            found.append(
                Account(
                    provider=name,
                    sandbox=sandbox,
                    credits=None,
                    key="",
                    source="",
                    problem=error.as_dict(),
                )
            )
            continue
        found += [await _account(house, one) for one in credentials]
    return found


async def _account(house: House, credential: Credential) -> Account:
    answer = await ask(house, credential, credential.adapter.balance())
    failed = not isinstance(answer, Balance)
    credits = answer.credits if isinstance(answer, Balance) else None
    if credits is not None and not credential.sandbox:
        await note_balance(house, credential, credits)
    return Account(
        provider=credential.provider.id,
        name=credential.key.name,
        sandbox=credential.sandbox,
        credits=credits,
        key=credential.key.masked,
        source=credential.key.source,
        problem=previews.trouble(credential.provider, answer) if failed else None,
    )
