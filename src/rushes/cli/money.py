"""`rushes quote` and `rushes credits`."""

from typing import Any

import click

from rushes.cli.asking import read_request, request_options
from rushes.cli.failures import KEY, exit_code, say
from rushes.cli.lazy import Command
from rushes.cli.options import common, complete_providers
from rushes.cli.output import NUMBER, amount, print_json, print_table
from rushes.cli.price_words import SOURCES
from rushes.cli.running import Face, run
from rushes.errors import error_class


@click.command(
    short_help="Say what a request would cost.",
    examples=(
        'rushes quote "a paper boat" --model t2v-v3 --duration 10 --aspect-ratio 16:9 --sandbox',
    ),
    cls=Command,
)
@request_options
@common
@click.pass_context
def quote(ctx: click.Context, /, **given: Any) -> None:
    """Say what a request would cost, and who says so. Nothing is generated or paid.

    Takes the options of `rushes generate`. Where the provider quotes, it is asked.
    """
    model, prompt, parameters = read_request(given)
    run(ctx, lambda face: _quote(face, model, prompt, parameters))


async def _quote(
    face: Face, model: str, prompt: str | list[str] | None, parameters: dict[str, Any]
) -> int:
    found = await face.client.quote(model, prompt, **parameters)
    named = [name for name, value in parameters.items() if value is not None and name != "key"]
    meant = face.client.catalog.find(model, given=named)
    rate = face.client.catalog.provider(meant.provider).usd_per_credit
    usd = None if rate is None or found.credits is None else round(found.credits * rate, 6)
    if face.common.json:
        print_json(
            {
                "model": meant.full_id,
                "provider": meant.provider,
                "credits": found.credits,
                "source": found.source,
                "note": found.note,
                "usd": usd,
            }
        )
        return 0
    if found.credits is None:
        click.echo(f"{meant.full_id}: unknown; nobody publishes what it costs")
        return 0
    worth = "" if usd is None else f" (about ${usd:.2f})"
    click.echo(f"{meant.full_id}: {amount(found.credits)}{worth}, by {SOURCES[found.source]}")
    if found.note:
        face.note(found.note, fg="yellow")
    return 0


@click.command(
    "credits",
    short_help="Ask the providers for your balance.",
    examples=(
        "rushes credits --sandbox",
        "rushes credits aivideomaker --sandbox",
    ),
    cls=Command,
)
@click.argument("provider", required=False, shell_complete=complete_providers)
@common
@click.pass_context
def credits_(ctx: click.Context, provider: str | None) -> None:
    """Ask each provider that has a key, or one PROVIDER, for your balance. Never billed."""
    run(ctx, lambda face: _credits(face, provider))


async def _credits(face: Face, provider: str | None) -> int:
    accounts = await face.client.credits(provider)
    catalog = face.client.catalog
    if face.common.json:
        import msgspec

        print_json([msgspec.to_builtins(account) for account in accounts])
    else:
        rows = []
        several = len({account.provider for account in accounts}) < len(accounts)
        for account in accounts:
            rate = catalog.provider(account.provider).usd_per_credit
            known = account.credits is not None
            worth = (
                f"${account.credits * rate:,.2f}"
                if rate and account.credits and not account.sandbox
                else ""
            )
            balance = f"{account.credits:,}" if known else "-"
            where = account.source or "no key"
            name = [account.name] if several else []
            rows.append([account.provider, *name, balance, worth, account.key, where])
        head = ["provider", *(["name"] if several else []), f"credits{NUMBER}", f"worth{NUMBER}"]
        print_table([*head, "key", "found in"], rows)
    problems = [account.problem for account in accounts if account.problem is not None]
    for problem in problems:
        if problem["code"] != "MISSING_CREDENTIAL" or len(problems) == len(accounts):
            say(f"error {problem['code']}: {problem['message']}", fg="red")
    refused = [one for one in problems if one["code"] != "MISSING_CREDENTIAL"]
    if refused:
        return exit_code(error_class(str(refused[0]["code"]))(""))
    return KEY if accounts and len(problems) == len(accounts) else 0
