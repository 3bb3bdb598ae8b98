"""What a request costs, who says so, and what goes into the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from rushes.catalog.schema import Model
from rushes.engine import prices
from rushes.engine.credentials import Credential
from rushes.engine.exchange import ask
from rushes.engine.house import House
from rushes.engine.media import Blob, wire_values
from rushes.errors import BudgetExceeded, InvalidMedia, NetworkError, Unpriced
from rushes.providers.base import Order, ProviderQuote
from rushes.requests import price, to_wire
from rushes.store.job import Cap, Entry, EntrySource, Job, Quote


async def quote(
    house: House,
    credential: Credential | None,
    model: Model,
    values: Mapping[str, Any],
    *,
    sandbox: bool,
    ask_provider: bool,
    blobs: Mapping[str, Blob],
) -> Quote:
    """Quote a request: by the price table, else by the provider where it quotes, else as learned.

    With `ask_provider` the provider is asked also where the table has a price; the provider's
    word then holds, and a difference is noted as price drift. Never billed. `blobs` holds the
    local files of the request, which need not be in the archive yet. What was learned from real
    jobs is no price of the sandbox's.
    """
    table = price(model, values)
    if credential is not None and (ask_provider or table is None):
        said = await _provider_quote(house, credential, model, values, blobs)
        if said is not None:
            drift = table is not None and table != said.credits
            note = f"price drift: the catalog's table says {table}" if drift else ""
            return Quote(credits=said.credits, source="provider", note=note)
    if table is not None:
        return Quote(credits=table, source="table")
    if not sandbox and (learned := await prices.learned(house, model, values)) is not None:
        return learned
    return Quote()


async def _provider_quote(
    house: House,
    credential: Credential,
    model: Model,
    values: Mapping[str, Any],
    blobs: Mapping[str, Blob],
) -> ProviderQuote | None:
    if not credential.provider.can_quote:
        return None
    try:
        sendable = await wire_values(house, credential, model, values, blobs)
    except (InvalidMedia, NetworkError):
        return None
    exchange = credential.adapter.quote(Order(model=model, params=to_wire(model, sendable)))
    if exchange is None:
        return None
    said = await ask(house, credential, exchange)
    return said if isinstance(said, ProviderQuote) else None


async def check_consent(
    house: House,
    credential: Credential,
    model: Model,
    found: Quote,
    *,
    max_credits: int | None,
    allow_unpriced: bool,
    caps: Sequence[Cap] = (),
) -> None:
    """Refuse what costs more than allowed, and what nobody can price until someone says so.

    Under a cap a word is not enough: what is to be reserved must be said.
    """
    if found.credits is not None:
        if max_credits is not None and found.credits > max_credits:
            raise BudgetExceeded(
                f"{model.full_id} costs {found.credits} credits for this request, and at most "
                f"{max_credits} are allowed.",
                next_step=f"Allow more with --max-credits {found.credits}, or ask for less.",
                provider=model.provider,
                model=model.full_id,
            )
        return
    if max_credits is not None:
        return
    if caps:
        raise Unpriced(
            f"Nobody publishes what {model.full_id} costs, and a cap ({caps[0].name}: "
            f"{caps[0].limit} credits) needs to know what to set aside.",
            next_step="Say what it may cost, with --max-credits (max_credits=..., "
            "RUSHES_MAX_CREDITS).",
            provider=model.provider,
            model=model.full_id,
        )
    if credential.sandbox or allow_unpriced:
        return
    if await house.store.is_unpriced_allowed(model.full_id, credential.fingerprint):
        return
    raise Unpriced(
        f"Nobody publishes what {model.full_id} costs; the provider takes the credits that it "
        "takes.",
        next_step="Say that this is all right with --allow-unpriced (allow_unpriced=True, "
        "RUSHES_ALLOW_UNPRICED=1), or say what to set aside with --max-credits.",
        provider=model.provider,
        model=model.full_id,
    )


def reservation(job: Job) -> int | None:
    """How many credits are set aside for a job: its quote, else what the user allowed."""
    return job.quote.credits if job.quote.credits is not None else job.max_credits


def ceiling(job: Job) -> int | None:
    """The most that the provider may take: what the user allowed, else the quote."""
    return job.max_credits if job.max_credits is not None else job.quote.credits


def reserve(job: Job) -> tuple[Entry, ...]:
    """The ledger entry with which a job is asked for."""
    amount = reservation(job)
    if amount is None:
        return ()
    source: EntrySource = "quote" if job.quote.credits is not None else "assumed"
    note = f"price {job.quote.source}" if job.quote.credits is not None else "as allowed"
    return (
        Entry(
            job_id=job.id,
            at=job.created_at,
            kind="reserve",
            credits=amount,
            source=source,
            note=note,
        ),
    )


def release(job: Job, at: float, why: str) -> tuple[Entry, ...]:
    """Give back what is still set aside."""
    if not job.credits.reserved:
        return ()
    return (
        Entry(
            job_id=job.id,
            at=at,
            kind="release",
            credits=job.credits.reserved,
            source="assumed",
            note=why,
        ),
    )


def charge(job: Job, said: int | None, at: float) -> tuple[Entry, ...]:
    """Book a job's price once: the provider's figure, else the quote's; unknown stays unbooked."""
    if job.credits.charged is not None:
        return ()
    if said is not None:
        return (Entry(job_id=job.id, at=at, kind="charge", credits=said, source="provider"),)
    if job.quote.credits is None:
        return ()
    source: EntrySource = "learned" if job.quote.source == "learned" else "quote"
    return (
        Entry(
            job_id=job.id,
            at=at,
            kind="charge",
            credits=job.quote.credits,
            source=source,
            note="the provider has not said what it took",
        ),
    )
