"""`rushes completion`."""

import click

from rushes.cli.lazy import Command

VARIABLE = "_RUSHES_COMPLETE"


@click.command(
    short_help="Print your shell's completion.",
    examples=("rushes completion bash > rushes-completion.sh",),
    cls=Command,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of your shell: models, providers, jobs and options.

    Write it to a file that your shell reads at its start: for bash and zsh source that file from
    ~/.bashrc or ~/.zshrc; for fish put it at ~/.config/fish/completions/rushes.fish.
    """
    from click.shell_completion import get_completion_class

    from rushes.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has all three
    script = kind(cli, {}, "rushes", VARIABLE)
    click.echo(script.source_template % script.source_vars())
