"""The options that every command has, and what they come to."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from rushes.cli.common import META, Common

F = TypeVar("F", bound=Callable[..., Any])


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and value is not False:
        ctx.meta[META + str(param.name)] = value
    elif value is False and param.name == "sandbox":
        ctx.meta[META + "sandbox"] = False


def common(command: F) -> F:
    """Add the options of every command."""
    for option in reversed(_COMMON):
        command = option(command)
    return command


_COMMON: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--sandbox/--no-sandbox",
        default=None,
        expose_value=False,
        callback=_keep,
        help="Use the sandbox instead of the real providers: no key, no cost. [RUSHES_SANDBOX]",
    ),
    click.option(
        "--home",
        metavar="FOLDER",
        type=click.Path(file_okay=False),
        default=None,
        expose_value=False,
        callback=_keep,
        help="Where jobs, files, settings and keys are kept. [RUSHES_HOME]",
    ),
    click.option(
        "--json",
        is_flag=True,
        default=None,
        expose_value=False,
        callback=_keep,
        help="Print one JSON value to stdout and nothing else.",
    ),
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        default=None,
        expose_value=False,
        callback=_keep,
        help="No progress and no notices; errors are still said.",
    ),
)


def complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a model's id, with or without its provider."""
    from rushes.catalog import load

    catalog = load(Common.of(ctx).config().home)
    ids = [name for model in catalog.models() for name in (model.id, model.full_id)]
    ids += [family.id for family in catalog.families()]
    return sorted({name for name in ids if name.startswith(incomplete)})


def complete_providers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete a provider's id."""
    from rushes.catalog import load

    catalog = load(Common.of(ctx).config().home)
    return [name for name in catalog.providers if name.startswith(incomplete)]


def complete_capabilities(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete what a model can."""
    from typing import get_args

    from rushes.catalog.schema import Capability

    return [name for name in get_args(Capability) if name.startswith(incomplete)]


def complete_jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[Any]":
    """Complete a job's id, the newest first."""
    from click.shell_completion import CompletionItem

    from rushes.cli.notice import peek
    from rushes.store.protocol import Filter

    jobs = peek(Common.of(ctx).config().home, Filter(limit=50))
    return [
        CompletionItem(job.id, help=f"{job.state} {job.model}")
        for job in jobs
        if job.id.startswith(incomplete)
    ]


_NAMES_OF_FILES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp4", ".mov", ".webm"}


def check_folder(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an `--output` that no file could be put into, before anything is paid.

    Nothing is made here: what is asked for may yet be refused.
    """
    if value is None:
        return None
    folder = Path(value).absolute()
    if folder.suffix.lower() in _NAMES_OF_FILES and not folder.exists():
        raise click.BadParameter(
            f"{value!r} is the name of a file. Name the folder; the files in it get names of "
            "their own, from the prompt."
        )
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise click.BadParameter(f"{value!r} cannot be used: {there} is no folder to write into.")
    return value


@contextmanager
def plain_interrupt() -> Iterator[None]:
    """Let Ctrl-C end a prompt, which an event loop's own handling of it would not.

    Raises click.Abort: a KeyboardInterrupt would break the loop instead of ending the command.
    """
    import signal

    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:
        yield
        return
    try:
        yield
    except KeyboardInterrupt:
        raise click.Abort from None
    finally:
        signal.signal(signal.SIGINT, before)


def read_text(source: str) -> str:
    """Return an argument, or all of stdin for `-`."""
    if source != "-":
        return source
    import sys

    return sys.stdin.read().removesuffix("\n")


def whole_path(path: str) -> str:
    """Return a path as it is from the root, a `~` resolved."""
    return str(Path(path).expanduser().absolute())
