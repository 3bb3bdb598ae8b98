"""Writes the reference pages, and the command's stored help, from the code.

With --check it writes nothing, and says which are out of date.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.pages import commands, errors, jobs, models, settings  # noqa: E402

PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands.page,
    "docs/reference/errors.md": errors.page,
    "docs/reference/job.md": jobs.page,
    "docs/reference/models.md": models.page,
    "docs/reference/settings.md": settings.page,
    "src/rushes/cli/help.txt": commands.stored_help,
}
FOLDER = ROOT


def main() -> int:
    """Write or check; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if out of date")
    check = parser.parse_args().check
    stale = []
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    verb = "out of date" if check else "written"
    for name in stale:
        print(f"{name}: {verb}", file=sys.stderr)
    if check and stale:
        print("Run: python scripts/reference.py", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
