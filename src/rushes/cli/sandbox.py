"""`rushes sandbox`: both providers on this machine, and what they were asked."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rushes.cli.common import Common
from rushes.cli.lazy import Entry, LazyGroup
from rushes.cli.options import common
from rushes.cli.output import print_json

if TYPE_CHECKING:
    from rushes.sandbox import Sandbox

SECTIONS = {
    "Commands": {
        "requests": Entry(
            "rushes.cli.sandbox_record:requests", "Show every request that it was sent."
        ),
    }
}


@click.group(
    examples=(
        "rushes sandbox --list-settings",
        "rushes sandbox --list-faults",
    ),
    cls=LazyGroup,
    sections=SECTIONS,
    invoke_without_command=True,
    short_help="Serve both providers locally, for free.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Listen here on 127.0.0.1; 0 takes a free port.",
)
@click.option("--print-url", is_flag=True, help="Print only its address, once it answers.")
@click.option(
    "--ready-file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write its address here, once it answers.",
)
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="A setting: video_seconds=1, seed=7; see --list-settings. Repeat it.",
)
@click.option(
    "--fault",
    "faults",
    metavar="SPEC",
    multiple=True,
    help="A fault: create:drop-answer:times=2; see --list-faults. Repeat it.",
)
@click.option(
    "--world",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Keep accounts, tasks and the record here (default: in memory).",
)
@click.option("--list-settings", is_flag=True, help="List the settings, and end.")
@click.option("--list-faults", is_flag=True, help="List what faults can do, and end.")
@common
@click.pass_context
def sandbox(
    ctx: click.Context,
    port: int,
    print_url: bool,
    ready_file: str | None,
    settings: tuple[str, ...],
    faults: tuple[str, ...],
    world: str | None,
    list_settings: bool,
    list_faults: bool,
) -> None:
    """Serve both providers on this machine, until Ctrl-C: real files, no key, no cost.

    Any key is an account with credits. Ask it with RUSHES_SANDBOX=http://127.0.0.1:8765, with
    curl, or with a client of yours. Most commands need no server: they take --sandbox.
    """
    if ctx.invoked_subcommand is not None:
        return
    options = Common.of(ctx)
    if list_settings or list_faults:
        from rushes.cli.sandbox_record import print_faults, print_settings

        (print_settings if list_settings else print_faults)(as_json=options.json)
        return
    from rushes.catalog import load
    from rushes.sandbox import Sandbox

    path = None if world is None else Path(world).expanduser().absolute()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(
        Sandbox(path=path, port=port, catalog=load(options.config().home))
    ) as served:
        _set(served, settings, faults)

        async def opened() -> None:
            _tell(served, options, print_url=print_url, ready_file=ready_file)

        asyncio.run(_serve(served, opened))


def _set(served: "Sandbox", settings: tuple[str, ...], faults: tuple[str, ...]) -> None:
    from rushes.sandbox import parse_fault, parse_setting

    changes = dict(parse_setting(text) for text in settings)
    parsed = [parse_fault(text) for text in faults]
    if changes:
        served.set(**changes)
    for fault in parsed:
        served.fault(fault)


def _tell(served: "Sandbox", options: Common, *, print_url: bool, ready_file: str | None) -> None:
    if ready_file is not None:
        file = Path(ready_file)
        temporary = file.with_name(f"{file.name}.part")
        temporary.write_text(f"{served.url}\n", encoding="utf-8")
        temporary.replace(file)
    if options.json:
        print_json({"url": served.url, "providers": list(served.providers)})
    elif print_url:
        click.echo(served.url)
    elif not options.quiet:
        click.echo(f"The sandbox answers at {served.url} for {', '.join(served.providers)}.")
        click.echo(f"Use it:         export RUSHES_SANDBOX={served.url}")
        click.echo(f"What it was asked:  rushes sandbox requests --url {served.url}")
        click.echo("Ctrl-C ends it.")


async def _serve(served: "Sandbox", opened: Any) -> None:
    serving = asyncio.ensure_future(served.serve(opened))
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(one, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
