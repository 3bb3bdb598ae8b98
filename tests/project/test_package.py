import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "rushes"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel as a release would, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    """Data goes along with the code: catalogs, SQL, samples, fonts and the mark of typing."""
    expected = {
        f"rushes/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "rushes/py.typed" in expected
    assert "rushes/providers/mediaio/catalog.toml" in expected
    assert expected - set(wheel.namelist()) == set()


def test_wheel_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    """The wheel makes the command `rushes` and holds the licence."""
    names = wheel.namelist()
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"rushes = {project['scripts']['rushes']}" in wheel.read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_holds_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    """No test, document or script of the repository is installed."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"rushes"}
