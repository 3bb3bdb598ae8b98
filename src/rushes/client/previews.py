"""What a request would send, told without sending it."""

from typing import Any

import msgspec

from rushes.catalog.schema import Model, Provider
from rushes.client.records import Check, Preview
from rushes.engine import intake
from rushes.engine.house import House
from rushes.engine.media import REFERENCE, data_uri
from rushes.errors import error_class
from rushes.providers import adapter_for
from rushes.providers.base import Call, Order, Trouble
from rushes.requests import to_wire
from rushes.store.job import Quote

MASK = "****"


async def preview(
    house: House, prepared: intake.Prepared, *, max_credits: int | None, sandbox: bool
) -> Preview:
    """Build the exact request of a prepared one; only the key is masked."""
    model = prepared.model
    provider = house.catalog.provider(model.provider)
    credential = prepared.credential
    adapter = credential.adapter if credential else adapter_for(house.catalog, provider.id)
    base_url = credential.base_url if credential else provider.base_url
    call: Call | None = None
    if not prepared.problems:
        allowed = max_credits if max_credits is not None else prepared.quote.credits
        order = Order(
            model=model,
            params=to_wire(model, _shown_media(prepared)),
            idempotency_key="(made with the job)",
            max_credits=allowed,
        )
        call = next(adapter.create(order))
    headers = dict(call.headers) if call else {}
    if call is not None:
        headers[provider.auth.header] = credential.key.masked if credential else MASK
    return Preview(
        model=model.full_id,
        request=prepared.values,
        method=call.method if call else model.method,
        url=base_url + (call.path if call else model.path),
        headers=headers,
        body=msgspec.json.decode(call.body) if call and call.body else None,
        quote=prepared.quote,
        key_source=credential.key.source if credential else None,
        checks=tuple(_checks(prepared, provider)),
        warnings=prepared.warnings,
        problems=prepared.problems,
    )


def _shown_media(prepared: intake.Prepared) -> dict[str, Any]:
    """Give local files the form they would have: a data URI, or a URL that does not exist yet."""
    values = dict(prepared.values)
    for param in prepared.model.params:
        value = values.get(param.name)
        if param.media is None or value is None:
            continue
        takes_data = "data" in param.media.transports

        def form(one: str, takes_data: bool = takes_data, param: Any = param) -> str:
            if not one.startswith(REFERENCE):
                return one
            digest = one.removeprefix(REFERENCE)
            if not takes_data:
                return f"https://media-host.invalid/{digest}"
            return data_uri(prepared.blobs[digest])

        values[param.name] = (
            [form(one) for one in value] if isinstance(value, list) else form(value)
        )
    return values


def _checks(prepared: intake.Prepared, provider: Provider) -> list[Check]:
    model = prepared.model
    media = {param.name for param in model.params if param.media is not None}
    wrong_media = [one for one in prepared.problems if one.parameter in media]
    wrong = [one for one in prepared.problems if one.parameter not in media]
    checks = [
        _check("parameters", wrong, f"{len(prepared.values)} values fit {model.full_id}"),
        _check("media", wrong_media, _media_detail(prepared, model)),
    ]
    failed = {failure.code: failure for failure in prepared.failures}
    key = next((failed[code] for code in failed if code == "MISSING_CREDENTIAL"), None)
    others = [failure for failure in prepared.failures if failure is not key]
    where = prepared.credential.key.source if prepared.credential else ""
    checks.append(
        Check(
            name="key",
            ok=prepared.credential is not None,
            detail=f"found in {where}" if prepared.credential else str(key or others[0]),
        )
    )
    if prepared.problems:
        checks.append(Check(name="price", ok=False, detail="not known for a wrong request"))
        return checks
    money_failures = [one for one in others if one.code in {"BUDGET_EXCEEDED", "UNPRICED"}]
    detail = str(money_failures[0]) if money_failures else price_in_words(prepared.quote, provider)
    checks.append(Check(name="price", ok=not money_failures, detail=detail))
    return checks


def _check(name: str, problems: list[Any], fine: str) -> Check:
    detail = "; ".join(intake.in_words(one) for one in problems) if problems else fine
    return Check(name=name, ok=not problems, detail=detail)


def _media_detail(prepared: intake.Prepared, model: Model) -> str:
    count = len(prepared.blobs)
    if not any(prepared.values.get(param.name) for param in model.params if param.media):
        return "none given"
    if not any(param.media for param in model.params):
        return "the model takes none"
    return f"{count} local file{'' if count == 1 else 's'} within the limits"


def price_in_words(quote: Quote, provider: Provider) -> str:
    """Say a price, its source, and its worth in dollars where the provider publishes a rate."""
    if quote.credits is None:
        return f"unknown: nobody publishes it ({provider.title})"
    sources = {
        "table": "the price table",
        "provider": "the provider's own quote",
        "learned": "what earlier jobs cost",
        "unknown": "nobody",
    }
    worth = ""
    if provider.usd_per_credit is not None:
        worth = f" (about ${quote.credits * provider.usd_per_credit:.2f})"
    note = f"; {quote.note}" if quote.note else ""
    return f"{quote.credits} credits{worth}, by {sources[quote.source]}{note}"


def trouble(provider: Provider, found: object) -> dict[str, Any]:
    """Turn what a call met into an error's facts."""
    assert isinstance(found, Trouble)  # noqa: S101 - told by the caller
    steps = {
        "AUTH_FAILED": f"Check the key, or make one at {provider.pages.key} and run: "
        f"rushes keys set {provider.id}",
        "NETWORK_ERROR": "Check the connection: rushes doctor",
    }
    return error_class(found.code)(
        f"{provider.title}: {found.message}",
        next_step=steps.get(found.code, f"See {provider.pages.docs}"),
        provider=provider.id,
        provider_code=found.provider_code,
        retry_after=found.retry_after,
        trace_id=found.trace_id,
    ).as_dict()
