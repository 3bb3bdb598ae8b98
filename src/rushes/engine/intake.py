"""Turns what a user asks for into a job: checked whole, priced, allowed, then stored."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rushes.catalog.schema import Model
from rushes.engine import media, money
from rushes.engine.caps import caps, look
from rushes.engine.choose import choose
from rushes.engine.credentials import Credential
from rushes.engine.house import House
from rushes.engine.keyring import tell_name
from rushes.errors import (
    InvalidMedia,
    InvalidPayload,
    MissingCredential,
    MoneyError,
    Problem,
    RequestError,
    RushesError,
)
from rushes.requests import check
from rushes.store.job import Job, Quote

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A request that has been looked at whole. `failures` says what stands in its way."""

    model: Model
    values: dict[str, Any]
    quote: Quote
    credential: Credential | None
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]
    failures: tuple[RushesError, ...]
    blobs: dict[str, media.Blob]


async def prepare(
    house: House,
    model: Model,
    given: Mapping[str, Any],
    *,
    sandbox: bool,
    max_credits: int | None = None,
    allow_unpriced: bool = False,
    ask_provider: bool | None = None,
    look_at_caps: bool = False,
    key: str | None = None,
) -> Prepared:
    """Look at a request whole: parameters, media, key, price, limits. Nothing is stored.

    `ask_provider`: True asks the provider's quote too, False never does, None only where the
    price table knows nothing. Only a quote is ever sent, and never for a wrong request.
    `key` names the key to use; without, it is chosen by health and balance.
    A day's caps are held when the job is stored; with `look_at_caps` they are looked at now too.
    """
    failures: list[RushesError] = []
    credential: Credential | None = None
    try:
        credential = await choose(
            house, model.provider, sandbox=sandbox, name=key, ask_balances=False
        )
    except RushesError as error:
        failures.append(error)
    checked = check(model, given, house.catalog)
    taken = await media.take_in(checked, can_publish=sandbox)
    problems = [*checked.problems, *taken.problems]
    if max_credits is not None and max_credits < 0:
        problems.append(
            Problem(
                "max_credits", f"max_credits must be 0 or more, not {max_credits}.", max_credits
            )
        )
    quote = Quote()
    if not problems:
        askable = credential if ask_provider is not False else None
        quote = await money.quote(
            house,
            askable,
            model,
            taken.values,
            sandbox=sandbox,
            ask_provider=bool(ask_provider),
            blobs=taken.blobs,
        )
        if credential is not None:
            needs = quote.credits if quote.credits is not None else max_credits
            credential = await choose(
                house,
                model.provider,
                sandbox=sandbox,
                name=key,
                needs=needs,
                ask_balances=ask_provider is not False,
            )
            try:
                await money.check_consent(
                    house,
                    credential,
                    model,
                    quote,
                    max_credits=max_credits,
                    allow_unpriced=allow_unpriced,
                    caps=caps(house, credential),
                )
                if look_at_caps and needs is not None:
                    await look(house, credential, model, needs)
            except MoneyError as error:
                failures.append(error)
    return Prepared(
        model=model,
        values=taken.values,
        quote=quote,
        credential=credential,
        warnings=checked.warnings,
        problems=tuple(problems),
        failures=tuple(failures),
        blobs=taken.blobs,
    )


def refuse(prepared: Prepared) -> None:
    """Raise what stands in a request's way, all of it at once."""
    if not prepared.problems:
        if len(prepared.failures) == 1:
            raise prepared.failures[0]
        if not prepared.failures:
            return
    problems = list(prepared.problems)
    for failure in prepared.failures:
        name = "key" if isinstance(failure, MissingCredential) else "max_credits"
        problems.append(Problem(name, failure.message, code=failure.code))
    raise _refusal(prepared.model, problems)


def _refusal(model: Model, problems: Sequence[Problem]) -> RequestError:
    only_media = all(problem.code == "INVALID_MEDIA" for problem in problems)
    kind = InvalidMedia if only_media else InvalidPayload
    count = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    lines = [f"{count} wrong with this request to {model.full_id}; nothing was sent:"]
    lines += [f"- {in_words(problem)}" for problem in problems]
    return kind(
        "\n".join(lines),
        problems=problems,
        next_step=f"See what it takes: rushes models show {model.full_id}",
        provider=model.provider,
        model=model.full_id,
    )


def in_words(problem: Problem) -> str:
    """One problem as a sentence: its message says parameter, value and what is allowed."""
    if problem.near and "Did you mean" not in problem.message:
        return f"{problem.message} Did you mean {problem.near}?"
    return problem.message


async def ask_for(
    house: House,
    prepared: Prepared,
    *,
    request_id: str | None,
    max_credits: int | None,
    output_dir: str | None,
    allow_unpriced: bool,
    mine: bool,
) -> tuple[Job, bool]:
    """Store a prepared request as a job, held by this process if `mine`; durable on return.

    Returns the job that stands for the request, and whether it is new.
    """
    refuse(prepared)
    assert prepared.credential is not None  # noqa: S101 - refused above
    await media.keep(house, prepared.blobs)
    if allow_unpriced and prepared.quote.credits is None and not prepared.credential.sandbox:
        await house.store.allow_unpriced(prepared.model.full_id, prepared.credential.fingerprint)
    await tell_name(house, prepared.credential)
    at = house.clock.now()
    job_id = new_id(at)
    job = Job(
        id=job_id,
        provider=prepared.model.provider,
        model=prepared.model.full_id,
        sandbox=prepared.credential.sandbox,
        credential=prepared.credential.fingerprint,
        request=prepared.values,
        digest=digest(prepared.model.full_id, prepared.values),
        request_id=request_id,
        idempotency_key=f"rushes-{job_id}-{secrets.token_hex(8)}",
        quote=prepared.quote,
        max_credits=max_credits,
        created_at=at,
        next_at=at,
        output_dir=output_dir,
        owner=house.owner if mine else None,
        claim=1,
    )
    inserted = await house.store.insert(
        job, entries=money.reserve(job), caps=caps(house, prepared.credential)
    )
    return inserted.job, inserted.new


def digest(model: str, request: Mapping[str, Any]) -> str:
    """Return one digest for all equal requests, whatever the order of their names."""
    ordered = msgspec.json.encode([model, dict(request)], order="deterministic")
    return hashlib.sha256(ordered).hexdigest()


def new_id(at: float) -> str:
    """Make a job id: its time first, so that ids sort by age, then chance."""
    number = int(at * 1000) << 30 | secrets.randbits(30)
    letters = []
    for _ in range(15):
        letters.append(ALPHABET[number & 31])
        number >>= 5
    return "j" + "".join(reversed(letters))
