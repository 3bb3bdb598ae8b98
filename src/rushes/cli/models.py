"""`rushes models`: what there is, what it takes, what it costs."""

import shlex
from typing import TYPE_CHECKING, Any

import click

from rushes.cli.common import Common
from rushes.cli.lazy import Command, Entry, LazyGroup
from rushes.cli.model_words import example, param_row, price_words, rule_words
from rushes.cli.notice import show_expiring
from rushes.cli.options import common, complete_capabilities, complete_models, complete_providers
from rushes.cli.output import heading, print_json, print_table

if TYPE_CHECKING:
    from rushes.catalog import Catalog
    from rushes.catalog.schema import Model

SECTIONS = {
    "Commands": {
        "show": Entry("rushes.cli.models:show", "Parameters, limits, price and an example."),
        "schema": Entry("rushes.cli.models:schema", "JSON Schema of a model's request."),
    }
}


@click.group(
    examples=(
        "rushes models",
        "rushes models --can image-to-video",
        "rushes models show kling-3.0",
        "rushes models schema kling-3.0",
    ),
    cls=LazyGroup,
    sections=SECTIONS,
    stray=lambda word: f"To see a model: rushes models show {shlex.quote(word)}",
    invoke_without_command=True,
    short_help="What models there are, and what they take.",
)
@click.option(
    "--can",
    metavar="WHAT",
    shell_complete=complete_capabilities,
    help="Only models that can do this: text-to-video, image-to-video, ...",
)
@click.option(
    "--provider",
    metavar="PROVIDER",
    shell_complete=complete_providers,
    help="Only this provider's models.",
)
@common
@click.pass_context
def models(ctx: click.Context, can: str | None, provider: str | None) -> None:
    """List the models, or show one."""
    if ctx.invoked_subcommand is not None:
        return
    options = Common.of(ctx)
    show_expiring(options)
    catalog = _catalog(options)
    found = catalog.models(provider=provider, can=can)
    if options.json:
        print_json([_summary(catalog, model) for model in found])
        return
    print_table(
        ["model", "can", "price", "provider"],
        [
            [model.id, ", ".join(model.capabilities), price_words(model.price), model.provider]
            for model in found
        ],
    )


@click.command(
    short_help="Parameters, limits, price and an example.",
    examples=(
        "rushes models show t2v-v3",
        'rushes models show "Kling 3.0" --json',
    ),
    cls=Command,
)
@click.argument("name", metavar="MODEL", shell_complete=complete_models)
@common
@click.pass_context
def show(ctx: click.Context, name: str) -> None:
    """Show a model's parameters with their limits and defaults, its price, and an example."""
    options = Common.of(ctx)
    show_expiring(options)
    catalog = _catalog(options)
    found = _members(catalog, name)
    if options.json:
        shown = [_details(catalog, model) for model in found]
        print_json(shown if len(shown) > 1 else shown[0])
        return
    if len(found) > 1:
        ids = " and ".join(model.id for model in found)
        click.echo(f"{name} is {ids}: which one is meant follows from the inputs given.\n")
    for number, model in enumerate(found):
        if number:
            click.echo()
        _print_model(catalog, model)


@click.command(
    short_help="JSON Schema of a model's request.",
    examples=("rushes models schema t2v-v3",),
    cls=Command,
)
@click.argument("name", metavar="MODEL", shell_complete=complete_models)
@common
@click.pass_context
def schema(ctx: click.Context, name: str) -> None:
    """Print the JSON Schema (2020-12) of a model's request."""
    from rushes.requests import json_schema

    options = Common.of(ctx)
    show_expiring(options)
    print_json(json_schema(_catalog(options).find(name)))


def _catalog(options: Common) -> "Catalog":
    from rushes.catalog import load

    return load(options.config().home)


def _members(catalog: "Catalog", name: str) -> "list[Model]":
    """Return the model of that name, or all members where it names a family."""
    found = catalog.find(name)
    wanted = name.rpartition("/")[2]
    for family in catalog.families(found.provider):
        if found.id in family.members and _same(family.id, wanted):
            return [catalog.find(member, provider=found.provider) for member in family.members]
    return [found]


def _same(one: str, other: str) -> bool:
    from rushes.catalog.names import normal

    return normal(one) == normal(other)


def _summary(catalog: "Catalog", model: "Model") -> dict[str, Any]:
    import msgspec

    unit = catalog.provider(model.provider)
    return {
        "id": model.full_id,
        "name": model.label,
        "provider": model.provider,
        "capabilities": list(model.capabilities),
        "makes": model.makes,
        "price": None if model.price is None else msgspec.to_builtins(model.price),
        "usd_per_credit": unit.usd_per_credit,
    }


def _details(catalog: "Catalog", model: "Model") -> dict[str, Any]:
    import msgspec

    return _summary(catalog, model) | {
        "model_code": model.model_code,
        "note": model.note,
        "price_note": model.price_note,
        "parameters": [msgspec.to_builtins(param) for param in model.params],
        "rules": [msgspec.to_builtins(rule) for rule in model.rules],
        "example": example(model),
    }


def _print_model(catalog: "Catalog", model: "Model") -> None:
    provider = catalog.provider(model.provider)
    heading(f"{model.full_id}  {model.label}")
    facts = [
        ("provider", f"{provider.title} ({provider.pages.docs})"),
        ("can", ", ".join(model.capabilities)),
        ("price", price_words(model.price) + (f". {model.price_note}" if model.price_note else "")),
    ]
    if provider.usd_per_credit is not None:
        facts.append(("a credit", f"${provider.usd_per_credit:g}"))
    if model.note:
        facts.append(("note", model.note))
    for name, text in facts:
        click.echo(f"  {name:9} {text}")
    click.echo()
    heading("Parameters")
    print_table(
        ["name", "takes", "default", "about"],
        [param_row(param) for param in model.params],
    )
    if model.rules:
        click.echo()
        heading("Rules")
        for rule in model.rules:
            click.echo(f"  {rule_words(rule)}")
    click.echo()
    heading("Example (free: on the sandbox)")
    click.echo(f"  $ {example(model)}")
