import os
import subprocess
import sys
from pathlib import Path

import rushes.cli.entry


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout


def ask(module: str) -> str:
    return (
        f"import sys; sys.argv = ['rushes', '--help']\nfrom {module} import main\n"
        "try:\n    main()\nfinally:\n    print('click' in sys.modules, file=sys.stderr)"
    )


def test_the_stored_help_is_what_the_command_would_print() -> None:
    """Byte for byte, on a terminal of 80 columns."""
    stored = run(ask("rushes.cli.entry"), COLUMNS="80")
    assert stored == run(ask("rushes.cli.main"), COLUMNS="80")
    assert "generate" in stored


def test_help_is_answered_without_loading_click() -> None:
    """Neither click nor any other module of the command is loaded."""
    loaded = run(
        "import sys; sys.argv = ['rushes', '-h']\nfrom rushes.cli.entry import main; main()\n"
        "print(sorted(one for one in sys.modules if one.partition('.')[0] in "
        "('click', 'rushes', 'typing', 're')))",
        COLUMNS="100",
    )
    assert loaded.splitlines()[-1] == "['rushes', 'rushes.cli', 'rushes.cli.entry']"


def test_a_narrow_terminal_gets_help_that_fits() -> None:
    """Below 80 columns the help is wrapped anew."""
    lines = run(ask("rushes.cli.entry"), COLUMNS="60").splitlines()
    options = lines[lines.index("Options:") : lines.index("Make:")]
    assert max(len(line) for line in options) <= 60


def test_python_m_rushes_is_the_command() -> None:
    """`python -m rushes` and `rushes` are one."""
    done = subprocess.run(
        [sys.executable, "-m", "rushes", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"rushes {rushes.__version__}\n"
    assert Path(rushes.cli.entry.__file__).with_name("help.txt").is_file()
