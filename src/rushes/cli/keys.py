"""`rushes keys`: providers' keys, which are never printed."""

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from rushes.cli.common import Common
from rushes.cli.lazy import Command, Entry, LazyGroup
from rushes.cli.notice import show_expiring
from rushes.cli.options import common, complete_providers
from rushes.cli.output import NUMBER, print_json, print_table
from rushes.keys_file import DEFAULT, check_name, is_retired

if TYPE_CHECKING:
    from rushes.catalog.schema import Provider
    from rushes.client.keyring import Keyring
    from rushes.config import Config, Key

SECTIONS = {
    "Commands": {
        "set": Entry("rushes.cli.keys:set_", "Store a provider's key."),
        "list": Entry("rushes.cli.keys:list_", "All keys: where they are, and their jobs."),
        "rotate": Entry("rushes.cli.keys:rotate", "Use a new key for new jobs."),
        "remove": Entry("rushes.cli.keys:remove", "Remove a stored key."),
        "path": Entry("rushes.cli.keys:path", "Print the path of the keys file."),
    }
}


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    short_help="Set, list, rotate and remove providers' keys.",
    examples=("rushes keys list",),
)
@common
def keys() -> None:
    """Set, list, rotate and remove providers' keys.

    A key is looked for in the provider's variable (MEDIAIO_API_KEY, AIVIDEO_API_KEY), in the file
    that VARIABLE_FILE names, in what the command in VARIABLE_COMMAND prints, and last in the keys
    file, which only you can read.

    The keys file may hold several of a provider, by name. A new job uses the one that --key names,
    else the environment's, else of those that were not refused lately the one with most credits.
    A job stays with the key that it was made with.
    """


_STDIN = click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the key from stdin, unasked."
)


def _checked(ctx: click.Context, param: click.Parameter, value: str) -> str:
    from rushes.errors import SetupError

    try:
        return check_name(value)
    except SetupError as error:
        raise click.BadParameter(error.message) from None


@click.command(
    "set",
    short_help="Store a provider's key.",
    examples=(
        "echo not-a-real-key | rushes keys set mediaio --stdin",
        "echo another-such-key | rushes keys set mediaio --name work --stdin",
    ),
    cls=Command,
)
@click.argument("provider", shell_complete=complete_providers)
@click.option(
    "--name",
    metavar="NAME",
    default=DEFAULT,
    show_default=True,
    callback=_checked,
    help="What it is called; a provider may have several.",
)
@_STDIN
@common
@click.pass_context
def set_(ctx: click.Context, provider: str, name: str, from_stdin: bool) -> None:
    """Store a provider's key in the keys file. It is asked for, and not shown.

    A key that had the name is kept until its unfinished jobs have ended, as by `keys rotate`.
    """
    _store(ctx, provider, name, from_stdin=from_stdin)


@click.command(
    short_help="Use a new key for new jobs.",
    examples=(
        "echo not-a-real-key | rushes keys set mediaio --stdin",
        "echo a-new-such-key | rushes keys rotate mediaio --stdin",
    ),
    cls=Command,
)
@click.argument("provider", shell_complete=complete_providers)
@click.argument("name", metavar="[NAME]", default=DEFAULT, callback=_checked)
@_STDIN
@common
@click.pass_context
def rotate(ctx: click.Context, provider: str, name: str, from_stdin: bool) -> None:
    """Replace a stored key: the new one is used for new jobs, the old one until its jobs end.

    The new key is asked for, and not shown. The old one is dropped from the keys file by the first
    process that finds its jobs ended.
    """
    options = Common.of(ctx)
    found = _provider(options, provider)
    stored = options.config().stored_keys().get(found.id, {})
    if name not in stored:
        raise click.UsageError(
            f"{found.id} has no stored key of that name; it has "
            f"{', '.join(one for one in stored if not is_retired(one)) or 'none'}. "
            f"Store one with: rushes keys set {found.id}"
        )
    _store(ctx, provider, name, from_stdin=from_stdin)


def _store(ctx: click.Context, provider: str, name: str, *, from_stdin: bool) -> None:
    options = Common.of(ctx)
    found = _provider(options, provider)
    config = options.config()
    secret = _read_key(found, from_stdin=from_stdin)

    async def put() -> str | None:
        async with _keyring(config) as keyring:
            return await keyring.put(found.id, name, secret)

    kept_as = asyncio.run(put())
    if options.json:
        told = {"provider": found.id, "name": name, "stored_in": str(config.keys_file)}
        print_json(told | {"old_kept_as": kept_as})
    else:
        called = "" if name == DEFAULT else f" as {name}"
        click.echo(f"Stored{called} in {config.keys_file}. Try it: rushes credits {found.id}")
    if kept_as is not None:
        click.echo(f"The old key is kept as {kept_as} until its jobs have ended.", err=True)
    used = config.key(found.id, found.auth.environment)
    if used is not None and used.source != str(config.keys_file):
        click.echo(f"Note: {used.source} is set too, and comes first.", err=True)


def _read_key(provider: "Provider", *, from_stdin: bool) -> str:
    secret: str
    if from_stdin or not sys.stdin.isatty():
        secret = sys.stdin.readline()
    else:
        click.echo(f"Keys are made at {provider.pages.key}", err=True)
        secret = click.prompt(f"Key of {provider.title}", hide_input=True, err=True)
    secret = secret.strip()
    if not secret or not secret.isascii() or any(not char.isprintable() for char in secret):
        raise click.UsageError("That is no key: it must be one line of plain characters.")
    return secret


def _keyring(config: "Config") -> "Keyring":
    from rushes.client.keyring import Keyring

    return Keyring(config)


@click.command(
    "list",
    short_help="All keys: where they are, and their jobs.",
    examples=("rushes keys list",),
    cls=Command,
)
@common
@click.pass_context
def list_(ctx: click.Context) -> None:
    """List each provider's keys: name, where found, unfinished jobs. Keys are masked."""
    from rushes.catalog import load

    options = Common.of(ctx)
    show_expiring(options)
    config = options.config()

    async def look() -> list[dict[str, Any]]:
        async with _keyring(config) as keyring:
            providers = load(config.home).providers.values()
            return [row for one in providers for row in await _found(config, keyring, one)]

    rows = asyncio.run(look())
    if options.json:
        print_json(rows)
        return
    print_table(
        ["provider", "name", "key", f"jobs{NUMBER}", "found in"],
        [
            [
                row["provider"],
                row["name"] or "-",
                row["key"] or "-",
                "-" if row["jobs"] is None else str(row["jobs"]),
                row["source"]
                or row["problem"]
                or f"nowhere; looked for: {', '.join(row['variables'])} (also _FILE, _COMMAND), "
                "the keys file",
            ]
            for row in rows
        ],
    )


async def _found(
    config: "Config", keyring: "Keyring", provider: "Provider"
) -> list[dict[str, Any]]:
    from rushes.errors import RushesError

    found: list[Key] = []
    problems: list[str] = []
    try:
        if (own := config.environment_key(provider.id, provider.auth.environment)) is not None:
            found.append(own)
    except RushesError as error:
        problems.append(error.message)
    try:
        found += config.named_keys(provider.id)
    except RushesError as error:
        problems.append(error.message)
    rows = [_row(config, provider, problem=problem) for problem in problems]
    for key in found:
        jobs = await keyring.jobs(provider.id, key.secret)
        rows.append(_row(config, provider, key=key, jobs=jobs))
    return rows or [_row(config, provider)]


def _row(
    config: "Config",
    provider: "Provider",
    *,
    key: "Key | None" = None,
    jobs: int | None = None,
    problem: str | None = None,
) -> dict[str, Any]:
    return {
        "provider": provider.id,
        "name": None if key is None else key.name,
        "key": None if key is None else key.masked,
        "source": None if key is None else key.source,
        "retired": False if key is None else key.retired,
        "jobs": jobs,
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
@click.option(
    "--name", metavar="NAME", default=DEFAULT, show_default=True, help="Which of its keys."
)
@click.option("--yes", is_flag=True, help="Remove it even if jobs of it are unfinished.")
@common
@click.pass_context
def remove(ctx: click.Context, provider: str, name: str, yes: bool) -> None:
    """Remove a provider's key from the keys file.

    Its unfinished jobs, if any, wait until the same key is back; so you are asked first.
    """
    options = Common.of(ctx)
    found = _provider(options, provider)
    config = options.config()

    async def removing() -> bool:
        async with _keyring(config) as keyring:
            if not yes and (count := await keyring.jobs_without(found.id, name)):
                _check_that_it_is_meant(options, found, count)
            return await keyring.remove(found.id, name)

    was_there = asyncio.run(removing())
    if options.json:
        print_json({"provider": found.id, "name": name, "removed": was_there})
    else:
        # A name that is none of the stored ones may be a key, given in the wrong place.
        shown = f"{found.id}, {name}" if was_there else found.id
        click.echo(f"{'Removed' if was_there else 'There was none of that name'}: {shown}")


def _check_that_it_is_meant(options: Common, provider: "Provider", count: int) -> None:
    jobs = f"{count} unfinished job{' belongs' if count == 1 else 's belong'} to this key, and"
    warning = f"{jobs} would wait until it is back."
    if options.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(
            f"{warning} To use another key for new jobs: rushes keys rotate {provider.id}   "
            "To remove it all the same, add --yes"
        )
    click.confirm(f"{warning} Remove it?", abort=True, err=True)


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
