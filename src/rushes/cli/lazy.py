"""A group of commands that knows their names and short help without loading them."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Entry(NamedTuple):
    """Where a command is (`module:attribute`), and its line in the group's help."""

    target: str
    short_help: str


Sections = Mapping[str, Mapping[str, Entry]]


def write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    """Write commands that run as they stand, on the sandbox, one after another."""
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':{formatter.current_indent}}$ {example}\n")


class Command(click.Command):
    """A command with examples in its help."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        write_examples(self.examples, formatter)


class LazyGroup(click.Group):
    """A group whose help, completion and error messages come from a table beside it."""

    def __init__(
        self,
        *args: Any,
        sections: Sections | None = None,
        examples: Sequence[str] = (),
        stray: Callable[[str], str] = lambda word: "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections or {}
        self.examples = tuple(examples)
        self.stray = stray
        """What a word that is no command was perhaps meant for; \"\" where nobody can tell."""
        self.entries = {
            name: entry for section in self.sections.values() for name, entry in section.items()
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first argument, or say which are near."""
        name = str(args[0])
        if name not in self.entries and not name.startswith("-") and not ctx.resilient_parsing:
            raise NoSuchCommand(name, list(self.entries), ctx, self.stray(name))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table."""
        widest = max(len(name) for name in self.entries)
        for title, section in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{name:{widest}}", entry.short_help) for name, entry in section.items()]
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the epilog as it stands."""
        write_examples(self.examples, formatter)
        if self.epilog:
            formatter.write_paragraph()
            for line in self.epilog.splitlines():
                formatter.write(f"{line}\n")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete the name of a command, or this group's options."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=entry.short_help)
            for name, entry in self.entries.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


class NoSuchCommand(click.UsageError):
    """A command that there is not; the message names those that are near."""

    def __init__(self, name: str, known: list[str], ctx: click.Context, meant: str = "") -> None:
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=3, cutoff=0.6)
        hint = f" Did you mean {' or '.join(near)}?" if near else meant and f" {meant}"
        super().__init__(f"There is no command {name!r}.{hint}", ctx)
