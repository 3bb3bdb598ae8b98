"""Provider packages: ours, and those that others install."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rushes.catalog import load
from rushes.errors import CatalogError, InvalidModel

Install = Callable[..., None]

OTHER = """
schema = 1
[provider]
id = "PROVIDER"
title = "Other"
base_url = "https://other.example"
as_of = "2026-10"
auth = { header = "X-Key", environment = ["OTHER_KEY"] }
pages = { key = "https://other.example/key", docs = "https://other.example/docs" }
poll = {}
[[model]]
id = "kling-3.0"
name = "Kling 3.0"
capabilities = ["text-to-video"]
path = "/make"
params = [{ name = "prompt", wire = "prompt", kind = "text", form = "string", required = true }]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install provider packages as entry points: name, module, catalog text."""
    points: list[EntryPoint] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [point for point in points if point.group == group]

    def add(name: str, module: str, text: str | None = None) -> None:
        points.append(EntryPoint(name, module, "rushes.providers"))
        if text is not None:
            (tmp_path / f"{module}.toml").write_text(text, encoding="utf-8")
            (tmp_path / f"{module}.py").write_text(
                "from pathlib import Path\nCATALOG = Path(__file__).with_suffix('.toml')\n",
                encoding="utf-8",
            )

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    monkeypatch.syspath_prepend(tmp_path)
    return add


def test_without_installed_entry_points_ours_are_there(install: Install) -> None:
    """Run from source, the two providers of Rushes are found all the same."""
    assert list(load().providers) == ["mediaio", "aivideomaker"]


def test_a_package_from_outside_brings_a_provider(install: Install) -> None:
    """Its models stand beside ours; a name that both have must be said with its provider."""
    install("other", "rushes_other_one", OTHER.replace("PROVIDER", "other"))
    catalog = load()
    assert list(catalog.providers) == ["mediaio", "aivideomaker", "other"]
    assert catalog.package("other").__name__ == "rushes_other_one"
    assert catalog.find("other/kling-3.0").provider == "other"
    assert catalog.find("kling-3.0", provider="mediaio").provider == "mediaio"
    with pytest.raises(InvalidModel) as caught:
        catalog.find("Kling 3.0")
    assert "mediaio/kling-3.0, other/kling-3.0" in caught.value.message


def test_the_same_entry_point_twice_is_one(install: Install) -> None:
    """An installation that shows its entry points twice brings a provider once."""
    install("mediaio", "rushes.providers.mediaio")
    install("mediaio", "rushes.providers.mediaio")
    assert list(load().providers) == ["mediaio", "aivideomaker"]


def test_two_packages_under_one_name_are_refused(install: Install) -> None:
    """Both are named."""
    install("mediaio", "rushes_other_two", OTHER)
    with pytest.raises(CatalogError, match=r"rushes\.providers\.mediaio and rushes_other_two"):
        load()


def test_two_packages_with_one_provider_are_refused(install: Install) -> None:
    """A package under another name cannot bring a provider that is there."""
    install("other", "rushes_other_three", OTHER.replace("PROVIDER", "mediaio"))
    with pytest.raises(CatalogError, match=r"rushes\.providers\.mediaio and rushes_other_three"):
        load()


def test_a_package_that_does_not_load_is_named(install: Install) -> None:
    """The error says which package, and why."""
    install("other", "rushes_other_missing")
    with pytest.raises(CatalogError, match=r"rushes_other_missing cannot be loaded: .*NotFound"):
        load()


def test_a_faulty_packaged_file_is_refused(install: Install) -> None:
    """The linter holds for packages from outside too."""
    install("other", "rushes_other_four", OTHER.replace("PROVIDER", "other").replace("3.0", "3_0"))
    with pytest.raises(CatalogError, match=r"rushes_other_four\.toml: model kling-3_0: an id is"):
        load()


def test_catalog_and_requests_load_nothing_heavy() -> None:
    """Reading the catalog and checking a request need no media, web or database package."""
    code = (
        "import sys; from rushes.catalog import load; from rushes.requests import check\n"
        "check(load().find('kling-3.0'), {})\n"
        "heavy = {'PIL', 'av', 'aiohttp', 'apsw', 'rich', 'asyncio', 'sqlite3'}\n"
        "print(sorted(heavy & set(sys.modules)), 'rushes.providers.mediaio.wire' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["[]", "False"]


def test_importing_reads_no_file() -> None:
    """The files are read by `load`, not by the import."""
    code = "import sys, rushes.catalog; print('rushes.providers.mediaio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
