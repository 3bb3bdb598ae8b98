"""The page of models, from the packaged catalog."""

from rushes.catalog import Catalog, load
from rushes.catalog.schema import Model, Param, Provider
from rushes.cli.model_words import example, param_row, price_words, rule_words
from scripts.pages import NOTE, table

HEAD = """\
# Models

What the packaged catalog knows: {models} models of {providers} providers. `rushes models` lists
them with those of your own files, `rushes models show MODEL` shows one, and `rushes models schema
MODEL` prints its request as JSON Schema. Facts are the providers' own, as of the day given; a price
that no provider publishes is called unknown.

A model is found by its id with or without its provider, by the provider's exact name, by its model
code or an alias; case, spaces, underscores and hyphens do not matter. A parameter may also be given
by the provider's own name and in its form. The last column shows both.
"""


def page() -> str:
    """Return the page."""
    catalog = load()
    lines = [NOTE, HEAD.format(models=len(catalog.models()), providers=len(catalog.providers))]
    rows = [
        (f"[`{model.full_id}`](#{_anchor(model)})", ", ".join(model.capabilities), _price(model))
        for model in catalog.models()
    ]
    lines += table(("model", "can", "price"), rows)
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
    facts.append(f"Price: {_price(model)}.")
    if model.note:
        facts.append(model.note)
    facts += [rule_words(rule) for rule in model.rules]
    head = ("parameter", "takes", "default", "", "on the wire")
    return [
        " ".join(facts),
        "",
        *table(head, [_row(param) for param in model.params]),
        "",
        "```text",
        example(model),
        "```",
    ]


def _row(param: Param) -> tuple[object, ...]:
    name, takes, default, about = param_row(param)
    return f"`{name}`", takes, default, about, f"`{param.wire}`, {param.form}"


def _price(model: Model) -> str:
    price = model.price
    if price is None:
        return model.price_note or price_words(None)
    return f"{price_words(price)} (as of {price.as_of})"
