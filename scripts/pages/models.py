"""The page of models, from the packaged catalog."""

from rushes.catalog import Catalog, load
from rushes.catalog.schema import (
    AnyOf,
    Exclusive,
    Model,
    OnlyWhen,
    OnlyWith,
    Param,
    Price,
    Provider,
    Rule,
    Unused,
)
from rushes.requests import allowed_text, describe
from scripts.pages import NOTE, table

HEAD = """\
# Models

What the packaged catalog knows: {models} models of {providers} providers. `rushes models` lists
them with those of your own files, `rushes models show MODEL` shows one, and `rushes models schema
MODEL` prints its request as JSON Schema. Facts are the providers' own, as of the day given; a price
that no provider publishes is called unknown.

A model is found by its id with or without its provider, by the provider's exact name, by its model
code or an alias; case, spaces, underscores and hyphens do not matter. A parameter may also be given
by the provider's own name and in its form.
"""


def page() -> str:
    """Return the page."""
    catalog = load()
    lines = [NOTE, HEAD.format(models=len(catalog.models()), providers=len(catalog.providers))]
    rows = [
        (f"[`{model.full_id}`](#{_anchor(model)})", ", ".join(model.capabilities), _price(model))
        for model in catalog.models()
    ]
    lines += table(("model", "can", "credits"), rows)
    for provider in catalog.providers.values():
        lines += ["", f"## {provider.title}", "", *_provider(catalog, provider)]
        for model in catalog.models(provider=provider.id):
            lines += ["", f"### {model.full_id}", "", *_model(model)]
    return "\n".join(lines) + "\n"


def _anchor(model: Model) -> str:
    return model.full_id.replace("/", "").replace(".", "")


def _provider(catalog: Catalog, provider: Provider) -> list[str]:
    names = " or ".join(f"`{name}`" for name in provider.auth.environment)
    hours = provider.output_retention_hours
    facts = [
        f"`{provider.id}`, at {provider.base_url}; facts as of {provider.as_of}.",
        f"Keys are made at <{provider.pages.key}> and looked for in {names}.",
        f"Documentation: <{provider.pages.docs}>.",
        f"Outputs are kept {hours:g} hours." if hours else "How long outputs are kept is unknown.",
        f"Tasks {_can(provider.can_cancel)} be canceled and {_can(provider.can_list)} be listed.",
        f"The price of a request {_can(provider.can_quote)} be asked.",
    ]
    if provider.media_note:
        facts.append(f"Media: {provider.media_note}")
    families = catalog.families(provider.id)
    if families:
        told = "; ".join(
            f"`{family.id}` is {' or '.join(f'`{member}`' for member in family.members)}"
            for family in families
        )
        facts.append(f"Short ids, which pick by the inputs that are given: {told}.")
    calls = [
        (one.action, f"`{one.method} {one.path}`", one.note)
        for one in catalog.endpoints(provider.id)
    ]
    return ["\n".join(f"- {fact}" for fact in facts), "", *table(("call", "", ""), calls)]


def _can(able: bool) -> str:
    return "can" if able else "cannot"


def _model(model: Model) -> list[str]:
    facts = [f"**{model.label}**: {', '.join(model.capabilities)}."]
    names = [f"`{name}`" for name in (model.name, model.model_code, *model.aliases) if name]
    facts.append(f"Also found as {', '.join(names)}.")
    facts.append(f"Credits: {_price(model)}.")
    if model.note:
        facts.append(model.note)
    facts += [_rule(rule) for rule in model.rules]
    rows: list[tuple[object, ...]] = [
        (f"`{param.name}`", allowed_text(param), _default(param), describe(param))
        for param in model.params
    ]
    return [" ".join(facts), "", *table(("parameter", "allowed", "default", ""), rows)]


def _default(param: Param) -> str:
    if param.required:
        return "required"
    if param.default is None:
        return ""
    return f"`{str(param.default).lower() if param.kind == 'boolean' else param.default}`"


def _price(model: Model) -> str:
    price = model.price
    if price is None:
        return "asked of the provider" if model.price_note else "unknown"
    return f"{_rate(price)} (as of {price.as_of})"


def _rate(price: Price) -> str:
    unit = "" if price.per == "generation" else f" a {price.per}"
    if price.by is None:
        told = f"{price.rate:g}{unit}"
    else:
        rates = " or ".join(f"{rate:g} at {value}" for value, rate in price.rates.items())
        told = f"{rates},{unit}".rstrip(",")
    extra = [f"{one.credits:g} more with {one.param} {one.value}" for one in price.surcharges]
    return ", ".join([told, *extra])


def _rule(rule: Rule) -> str:
    match rule:
        case Exclusive():
            groups = [" or ".join(f"`{name}`" for name in group) for group in rule.groups]
            return f"{' excludes '.join(groups)}."
        case AnyOf():
            return f"At least one of {', '.join(f'`{name}`' for name in rule.params)}."
        case OnlyWith():
            others = " or ".join(f"`{name}`" for name in rule.others)
            return f"`{rule.param}` only together with {others}."
        case OnlyWhen():
            values = " or ".join(str(value) for value in rule.values)
            return f"`{rule.param}` {rule.value} only when `{rule.other}` is {values}."
        case Unused():
            return f"`{rule.param}` is not used by the provider when `{rule.given}` is given."
