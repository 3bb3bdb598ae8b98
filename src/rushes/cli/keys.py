"""`rushes keys`: providers' keys, which are never printed."""

import sys
from typing import TYPE_CHECKING, Any

import click

from rushes.cli.common import Common
from rushes.cli.lazy import Command, Entry, LazyGroup
from rushes.cli.notice import show_expiring
from rushes.cli.options import common, complete_providers
from rushes.cli.output import print_json, print_table

if TYPE_CHECKING:
    from rushes.catalog.schema import Provider

SECTIONS = {
    "Commands": {
        "set": Entry("rushes.cli.keys:set_", "Store a provider's key."),
        "list": Entry("rushes.cli.keys:list_", "Where each provider's key is found."),
        "remove": Entry("rushes.cli.keys:remove", "Remove a stored key."),
        "path": Entry("rushes.cli.keys:path", "Print the path of the keys file."),
    }
}


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    short_help="Set, list and remove providers' keys.",
    examples=("rushes keys list",),
)
@common
def keys() -> None:
    """Set, list and remove providers' keys.

    A key is looked for in the provider's variable (MEDIAIO_API_KEY, AIVIDEO_API_KEY), in the file
    that VARIABLE_FILE names, in what the command in VARIABLE_COMMAND prints, and last in the keys
    file, which only you can read.
    """


@click.command(
    "set",
    short_help="Store a provider's key.",
    examples=("echo not-a-real-key | rushes keys set mediaio --stdin",),
    cls=Command,
)
@click.argument("provider", shell_complete=complete_providers)
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the key from stdin, unasked.")
@common
@click.pass_context
def set_(ctx: click.Context, provider: str, from_stdin: bool) -> None:
    """Store a provider's key in the keys file. It is asked for, and not shown."""
    options = Common.of(ctx)
    found = _provider(options, provider)
    config = options.config()
    if from_stdin or not sys.stdin.isatty():
        secret = sys.stdin.readline()
    else:
        click.echo(f"Keys are made at {found.pages.key}", err=True)
        secret = click.prompt(f"Key of {found.title}", hide_input=True, err=True)
    secret = secret.strip()
    if not secret or not secret.isascii() or any(not char.isprintable() for char in secret):
        raise click.UsageError("That is no key: it must be one line of plain characters.")
    config.store_key(found.id, secret)
    if options.json:
        print_json({"provider": found.id, "stored_in": str(config.keys_file)})
    else:
        click.echo(f"Stored in {config.keys_file}. Try it: rushes credits {found.id}")
    used = config.key(found.id, found.auth.environment)
    if used is not None and used.source != str(config.keys_file):
        click.echo(f"Note: {used.source} is set too, and comes first.", err=True)


@click.command(
    "list",
    short_help="Where each provider's key is found.",
    examples=("rushes keys list",),
    cls=Command,
)
@common
@click.pass_context
def list_(ctx: click.Context) -> None:
    """Say for each provider where its key is found, and where it is looked for. Keys are masked."""
    from rushes.catalog import load

    options = Common.of(ctx)
    show_expiring(options)
    config = options.config()
    rows = [_found(options, one) for one in load(config.home).providers.values()]
    if options.json:
        print_json(rows)
        return
    print_table(
        ["provider", "key", "found in", "looked for in"],
        [
            [
                row["provider"],
                row["key"] or "-",
                row["source"] or row["problem"] or "nowhere",
                f"{', '.join(row['variables'])} (also _FILE, _COMMAND), the keys file",
            ]
            for row in rows
        ],
    )


def _found(options: Common, provider: "Provider") -> dict[str, Any]:
    from rushes.errors import RushesError

    config = options.config()
    key, problem = None, None
    try:
        key = config.key(provider.id, provider.auth.environment)
    except RushesError as error:
        problem = error.message
    return {
        "provider": provider.id,
        "key": None if key is None else key.masked,
        "source": None if key is None else key.source,
        "problem": problem,
        "variables": list(provider.auth.environment),
        "keys_file": str(config.keys_file),
        "page": provider.pages.key,
    }


@click.command(
    short_help="Remove a stored key.",
    examples=(
        "echo not-a-real-key | rushes keys set mediaio --stdin",
        "rushes keys remove mediaio",
    ),
    cls=Command,
)
@click.argument("provider", shell_complete=complete_providers)
@common
@click.pass_context
def remove(ctx: click.Context, provider: str) -> None:
    """Remove a provider's key from the keys file."""
    options = Common.of(ctx)
    found = _provider(options, provider)
    config = options.config()
    was_there = found.id in config.stored_keys()
    if was_there:
        config.store_key(found.id, None)
    if options.json:
        print_json({"provider": found.id, "removed": was_there})
    else:
        click.echo(f"{'Removed' if was_there else 'There was none'}: {found.id}")


@click.command(
    short_help="Print the path of the keys file.", examples=("rushes keys path",), cls=Command
)
@common
@click.pass_context
def path(ctx: click.Context) -> None:
    """Print the path of the keys file; it need not exist."""
    options = Common.of(ctx)
    file = str(options.config().keys_file)
    if options.json:
        print_json({"path": file})
    else:
        click.echo(file)


def _provider(options: Common, name: str) -> "Provider":
    from rushes.catalog import load

    return load(options.config().home).provider(name)
