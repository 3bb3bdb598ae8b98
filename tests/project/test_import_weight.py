import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY = {
    "PIL",
    "aiohttp",
    "apsw",
    "asyncio",
    "av",
    "h11",
    "http.client",
    "http.server",
    "litestar",
    "rich",
    "sqlite3",
    "ssl",
    "urllib.request",
    "uvicorn",
}


def _loaded(code: str) -> set[str]:
    """Run `code` in a new interpreter and return which of the heavy modules it has loaded."""
    report = "import json as j, sys as s; s.stderr.write('\\n' + j.dumps(sorted(s.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return HEAVY & set(json.loads(done.stderr.splitlines()[-1]))


def _command(arguments: list[str]) -> str:
    """Return a program that does what the installed command does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"]["rushes"].partition(":")
    return (
        "import sys\n"
        f"sys.argv = ['rushes', *{arguments!r}]\n"
        f"from {module} import {function} as main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
    )


def test_import_loads_nothing_heavy() -> None:
    """`import rushes` loads no HTTP, media, database or web package, and no event loop."""
    assert _loaded("import rushes") == set()


def test_import_needs_no_package_at_all() -> None:
    """`import rushes` does with the standard library until something is used."""
    code = (
        "import sys\nbefore = set(sys.modules)\nimport rushes\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before} - {'rushes'}\n"
        "assert loaded <= sys.stdlib_module_names, loaded - sys.stdlib_module_names\n"
    )
    assert _loaded(code) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """`rushes --help` and `--version` load no HTTP, media, database or web package."""
    assert _loaded(_command(arguments)) == set()
