"""The page of commands, from the help that the commands print."""

from collections.abc import Iterator

import click

from rushes.cli.main import cli
from scripts.pages import NOTE

HEAD = """\
# Commands

What `rushes COMMAND --help` prints, for every command. Data goes to stdout, talk to stderr; with
`--json`, stdout is JSON and nothing else. Exit codes stand in
[errors and exit codes](errors.md#exit-codes).
"""
WIDTH = 92
NARROW = {"terminal_width": 80, "max_content_width": 80}


def page() -> str:
    """Return the page."""
    parts = [NOTE, HEAD]
    for path, help_text in helps():
        level = "#" * min(1 + len(path), 4)
        parts += [f"{level} {' '.join(path)}", "", "```text", help_text, "```", ""]
    return "\n".join(parts)


def stored_help() -> str:
    """Return what `rushes --help` prints on a terminal of 80 columns."""
    context = click.Context(cli, info_name="rushes", **{**cli.context_settings, **NARROW})
    return cli.get_help(context) + "\n"


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words and the help of each command, groups before their commands."""
    yield from _walk(cli, ("rushes",), None)


def _walk(
    command: click.Command, path: tuple[str, ...], parent: click.Context | None
) -> Iterator[tuple[tuple[str, ...], str]]:
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, parent=parent, info_name=path[-1], **settings)
    lines = [line.rstrip() for line in command.get_help(context).splitlines()]
    yield path, "\n".join(lines).strip()
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _walk(below, (*path, name), context)
