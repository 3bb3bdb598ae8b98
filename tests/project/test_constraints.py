import importlib.metadata
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINS = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINNED: dict[str, str] = {
    canonicalize_name(pin.partition("==")[0]): pin.partition("==")[2] for pin in PINS
}


def _wanted(requirements: list[str], extras: set[str]) -> list[Requirement]:
    found = [Requirement(text) for text in requirements]
    return [
        one
        for one in found
        if one.marker is None
        or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""})
    ]


def _closure() -> dict[str, str]:
    """Return name and version of all that Rushes and its test and dev extras bring along.

    What is not installed here (the dev extra, where only the tests were set up) is listed by its
    name, without a version.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo: list[tuple[str, frozenset[str]]] = [("rushes", frozenset({"test", "dev"}))]
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
            continue
        found[name] = distribution.version
        todo += [
            (canonicalize_name(one.name), frozenset(one.extras))
            for one in _wanted(distribution.requires or [], set(extras))
        ]
    del found["rushes"]
    return found


def test_pins_are_bare_exact_versions() -> None:
    """A pin is a name and a version: no address, hash, option or place to get it from."""
    pin = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][0-9A-Za-z.+!]*")
    assert [line for line in PINS if not pin.fullmatch(line)] == []
    assert len(PINNED) == len(PINS)


def test_everything_installed_is_pinned() -> None:
    """All that Rushes, its tests and its tools need, directly or not, has a pin."""
    assert sorted(set(_closure()) - set(PINNED)) == []


def test_installed_versions_are_the_pinned_ones() -> None:
    """What is tested is what the constraints name."""
    installed = {name: version for name, version in _closure().items() if version}
    assert installed == {name: PINNED[name] for name in installed}


def test_nothing_is_pinned_in_vain() -> None:
    """A pin stands for something that is needed; with the dev tools here, all can be judged."""
    closure = _closure()
    missing = {name for name, version in closure.items() if not version}
    reachable = set(closure)
    if not missing:
        assert sorted(set(PINNED) - reachable) == []
    else:
        assert missing <= set(PINNED)


def test_direct_requirements_allow_the_pins() -> None:
    """Each pin of a direct requirement lies within what pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    direct = [Requirement(text) for group in groups for text in group]
    assert [
        str(one)
        for one in direct
        if one.name != "rushes" and PINNED[canonicalize_name(one.name)] not in one.specifier
    ] == []
