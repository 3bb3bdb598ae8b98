import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIPPED = {"__pycache__", "build", "dist", "rushes-demo"}
KEPT_HIDDEN = {".ci", ".github", ".gitignore"}


def _files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED
            and not name.endswith(".egg-info")
            and (not name.startswith(".") or name in KEPT_HIDDEN)
        ]
        for name in names:
            if not name.startswith(".") or name in KEPT_HIDDEN:
                yield Path(folder) / name


def _texts() -> Iterator[tuple[Path, str]]:
    for path in _files():
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _lines_with(pattern: str) -> list[str]:
    # The words are written apart here, so that this file does not hold them.
    found = re.compile(pattern)
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in _texts()
        for number, line in enumerate(text.splitlines(), 1)
        if found.search(line)
    ]


def test_nothing_is_left_unfinished() -> None:
    """No reminder of unfinished work stands in the tree."""
    words = ("TO" + "DO", "FIX" + "ME", "raise NotImplemented" + "Error")
    assert _lines_with("|".join(rf"\b{word}\b" for word in words)) == []


def test_no_place_to_get_packages_from_is_named() -> None:
    """No address of a package registry stands in the tree: where packages come from is yours."""
    hosts = (
        "py" + r"pi\.org",
        "python" + "hosted",
        "npm" + "js",
        "index" + "-url",
        "find" + "-links",
    )
    assert _lines_with("|".join(hosts)) == []


def test_no_machine_is_named() -> None:
    """No path of a developer's machine stands in the tree."""
    paths = (
        "/ro" + r"ot/",
        "/wor" + r"k/",
        r"/home/(?!user\b|you\b)" + r"[a-z]+/",
        r"\.\./sha" + "red",
    )
    assert _lines_with("|".join(paths)) == []


def test_no_large_files() -> None:
    """Nothing in the tree is larger than 400 kB."""
    assert [str(path) for path in _files() if path.stat().st_size > 400_000] == []
