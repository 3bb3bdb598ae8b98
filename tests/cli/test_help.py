import os
import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from rushes import __version__
from rushes.cli.lazy import Command, LazyGroup
from rushes.cli.main import cli
from rushes.config import SETTINGS

from .conftest import COMMAND


def _commands(
    command: click.Command = cli, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _commands(child, (*words, name))


ALL = list(_commands())
IDS = [" ".join(words) or "rushes" for words, _ in ALL]


@pytest.mark.parametrize(("words", "command"), ALL, ids=IDS)
def test_help_has_words_and_an_example(words: tuple[str, ...], command: click.Command) -> None:
    """Each command says what it does, what each option does, and shows an example."""
    shown = CliRunner().invoke(cli, [*words, "--help"]).output
    assert command.help
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, param.name
    assert isinstance(command, Command | LazyGroup)
    assert command.examples or "For example: rushes " in command.help
    for example in command.examples:
        assert f"  $ {example}\n" in shown
        assert example.split()[:1] == ["rushes"] or "| rushes " in example


@pytest.mark.parametrize(
    ("words", "command"),
    [one for one in ALL if isinstance(one[1], LazyGroup)],
    ids=[name for name, one in zip(IDS, ALL, strict=True) if isinstance(one[1], LazyGroup)],
)
def test_table_and_commands_agree(words: tuple[str, ...], command: LazyGroup) -> None:
    """The short help that stands beside the table is that of the command itself."""
    for name, entry in command.entries.items():
        child = command.get_command(click.Context(command), name)
        assert child is not None
        assert child.name == name
        assert child.short_help == entry.short_help


OTHERS = {"archive", "base_url", "max_credits_per_day", "PROVIDER.max_credits_per_day"}
"""Settings that no option sets."""


def test_settings_are_named_beside_their_options() -> None:
    """Where an environment variable sets what an option sets, the option's help names it."""
    options = [
        param for _, command in ALL for param in command.params if isinstance(param, click.Option)
    ]
    settings = {setting.name: setting.environment for setting in SETTINGS}
    both = [option for option in options if option.name in settings]
    assert {option.name for option in both} >= {"home", "sandbox", "allow_unpriced"}
    for option in both:
        assert f"[{settings[str(option.name)]}]" in str(option.help)


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [(["generat"], "generate"), (["job"], "jobs"), (["models", "shwo"], "show")],
)
def test_mistyped_commands(mistyped: list[str], meant: str) -> None:
    """A mistyped command: 2, and what is near."""
    done = CliRunner().invoke(cli, mistyped)
    assert done.exit_code == 2
    assert f"There is no command '{mistyped[-1]}'. Did you mean {meant}" in done.stderr


def test_version() -> None:
    """`rushes --version` says the package's."""
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"rushes {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], ["jbos"]])
def test_no_command_module_is_loaded_for_help(arguments: list[str]) -> None:
    """The command's own help, version and error load no command and nothing heavy."""
    code = (
        f"import sys\nsys.argv = ['rushes', *{arguments!r}]\n"
        "from rushes.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"asyncio", "aiohttp", "av", "PIL", "apsw", "msgspec", "rich", "platformdirs", "h11"}
    assert loaded & heavy == set()
    ours = {name for name in loaded if name.startswith("rushes.")}
    assert ours == {"rushes.cli", "rushes.errors"} | {
        f"rushes.cli.{name}" for name in ("main", "lazy", "common", "options", "failures")
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """The script of each shell names the command and the variable that it answers to."""
    done = CliRunner().invoke(cli, ["completion", shell])
    assert done.exit_code == 0
    assert "rushes" in done.output
    assert "_RUSHES_COMPLETE" in done.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["gen"], {"generate"}),
        (["jobs", "wa"], {"wait"}),
        (["generate", "--model", "kling-2.5"], {"kling-2.5-turbo"}),
        (["models", "--can", "text-to-v"], {"text-to-video"}),
        (["keys", "set", "aiv"], {"aivideomaker"}),
    ],
)
def test_completion(words: list[str], offered: set[str]) -> None:
    """Commands, models, capabilities and providers are completed by the installed command."""
    done = subprocess.run(
        [COMMAND],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ
        | {
            "_RUSHES_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["rushes", *words]),
            "COMP_CWORD": str(len(words)),
        },
    )
    assert set(re.findall(r"^plain,(.+)$", done.stdout, re.MULTILINE)) == offered


def test_broken_pipe_is_no_traceback() -> None:
    """A reader that has seen enough ends the command quietly."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {COMMAND} models --json | head -c 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "["
    assert done.stderr == ""
