"""Where the command begins: `rushes --help` is answered from a file, all else by `main`.

Loading click takes three times as long as starting Python; the help is asked for so often, by
people and by agents, that it stands beside this module, made by `scripts/reference.py`.
"""

import os
import sys

NARROWEST = 80
WORDS = (["--help"], ["-h"])


def main() -> None:
    """Run the command, and end the process with its exit code."""
    if sys.argv[1:] in WORDS and _is_wide() and "_RUSHES_COMPLETE" not in os.environ:
        with open(os.path.join(os.path.dirname(__file__), "help.txt"), encoding="utf-8") as file:  # noqa: PTH118, PTH120, PTH123 - pathlib would cost what is saved here
            sys.stdout.write(file.read())
        return
    from rushes.cli.main import main as run

    run()


def _is_wide() -> bool:
    """Say whether the stored help fits, which is wrapped for 80 columns."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal():
        return int(columns) >= NARROWEST
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns >= NARROWEST
    except (OSError, ValueError):
        return True
