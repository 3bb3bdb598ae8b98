import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rushes.cli import checks

from .conftest import IMAGE, VIDEO, Commands


class Scene(NamedTuple):
    """What a breakage works with."""

    rushes: Commands
    monkeypatch: pytest.MonkeyPatch
    home: Path
    folder: Path


def _settings(scene: Scene) -> None:
    scene.home.mkdir(parents=True)
    (scene.home / "config.toml").write_text("sandbox = [")


def _catalog(scene: Scene) -> None:
    (scene.home / "catalog").mkdir(parents=True)
    (scene.home / "catalog" / "mine.toml").write_text("schema = 9")


def _key(scene: Scene) -> None:
    scene.monkeypatch.delenv("MEDIAIO_API_KEY")
    scene.monkeypatch.setenv("MEDIAIO_API_KEY_FILE", str(scene.folder / "none"))


def _keys_file(scene: Scene) -> None:
    scene.rushes("keys", "set", "mediaio", "--stdin", stdin="a-key-of-a-test\n")
    (scene.home / "keys.json").chmod(0o644)


def _sqlite(scene: Scene) -> None:
    scene.monkeypatch.setattr(checks, "LEAST_SQLITE", (99, 0, 0))


def _no_store(scene: Scene) -> None:
    scene.home.mkdir(parents=True)
    (scene.home / "rushes.sqlite3").write_bytes(b"this is no database" * 100)


def _damaged_store(scene: Scene) -> None:
    scene.rushes(*IMAGE, "--no-wait", "-q")
    file = scene.home / "rushes.sqlite3"
    for more in ("-wal", "-shm"):
        Path(f"{file}{more}").unlink(missing_ok=True)
    data = bytearray(file.read_bytes())
    data[len(data) // 2 :] = os.urandom(len(data) - len(data) // 2)
    file.write_bytes(data)


def _balance(scene: Scene) -> None:
    scene.monkeypatch.setenv("AIVIDEO_API_KEY", "bad-key-of-a-test")


def _archive(scene: Scene) -> None:
    (scene.folder / "file").write_text("not a folder")
    scene.monkeypatch.setenv("RUSHES_ARCHIVE", str(scene.folder / "file" / "archive"))


def _disk(scene: Scene) -> None:
    free = shutil.disk_usage("/")
    scene.monkeypatch.setattr(shutil, "disk_usage", lambda _: free._replace(free=10**6))


def _sandbox(scene: Scene) -> None:
    scene.monkeypatch.setenv("RUSHES_SANDBOX", "http://127.0.0.1:9")


def _decisions(scene: Scene) -> None:
    scene.rushes.sandbox.fault("create:drop-answer:times=1")
    scene.rushes(*IMAGE, "--allow-unpriced", "-q")


def _expiring(scene: Scene) -> None:
    scene.rushes.sandbox.set(video_seconds=60.0)
    scene.rushes(*VIDEO, "--no-wait", "-q")
    scene.monkeypatch.setattr("rushes.cli.notice.SOON", 25 * 3600.0)


def _archiving(scene: Scene) -> None:
    scene.rushes.sandbox.fault("download:status:status=503")
    scene.monkeypatch.setenv("RUSHES_SANDBOX", scene.rushes.sandbox.url)
    scene.rushes(*VIDEO, "--wait-seconds", "1.5", "-q")
    scene.monkeypatch.delenv("RUSHES_SANDBOX")


BREAKAGES: dict[str, tuple[Callable[[Scene], None], str]] = {
    "settings": (_settings, "config.toml"),
    "catalog": (_catalog, "mine.toml"),
    "key": (_key, "Correct MEDIAIO_API_KEY_FILE."),
    "keys file": (_keys_file, "chmod 600 "),
    "SQLite": (_sqlite, "pip install --upgrade apsw"),
    "store": (_no_store, "rushes.sqlite3"),
    "balance": (_balance, "rushes keys set aivideomaker"),
    "archive": (_archive, "RUSHES_ARCHIVE"),
    "disk": (_disk, "Free some space"),
    "sandbox": (_sandbox, "rushes sandbox"),
    "decisions": (_decisions, "rushes jobs show j"),
    "archiving": (_archiving, "rushes jobs resume"),
    "expiring": (_expiring, "rushes jobs resume"),
}


@pytest.fixture
def scene(keyed: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scene:
    """A home folder that does not exist yet, and keys that the sandbox takes."""
    return Scene(keyed, monkeypatch, Path(os.environ["RUSHES_HOME"]), tmp_path)


def _failed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in found if one["status"] == "fail"]


def test_all_is_well(scene: Scene) -> None:
    """With good keys nothing fails, before the first job and after it: 0."""
    for _ in range(2):
        done = scene.rushes("doctor", "--json")
        assert (done.code, done.json["ok"]) == (0, True), done.out
        assert {one["status"] for one in done.json["checks"]} == {"ok"}
        assert scene.rushes(*VIDEO, "-q").code == 0


@pytest.mark.parametrize("name", BREAKAGES)
def test_each_check_broken(scene: Scene, name: str) -> None:
    """The check that is broken fails, alone, with what is wrong and what to do: 1."""
    break_it, remedy = BREAKAGES[name]
    break_it(scene)
    done = scene.rushes("doctor", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    failed = _failed(done.json["checks"])
    assert {one["name"] for one in failed} >= {name}
    assert len({one["name"] for one in failed}) <= (2 if name == "sandbox" else 1)
    broken = next(one for one in failed if one["name"] == name)
    assert remedy in broken["remedy"] + broken["detail"]
    assert broken["remedy"]
    people = scene.rushes("doctor")
    assert people.code == 1
    assert f"\nfail     {name}" in f"\n{people.out}"
    assert broken["remedy"].splitlines()[0] in people.out
    assert "failed." in people.out.splitlines()[-1]


def test_every_check_is_broken_somewhere(scene: Scene) -> None:
    """No check is left without a breakage."""
    scene.rushes(*VIDEO, "-q")
    names = {one["name"] for one in scene.rushes("doctor", "--json").json["checks"]}
    assert names <= set(BREAKAGES)


def test_damage_inside_the_store(scene: Scene) -> None:
    """A store whose pages are damaged fails too, with what to do about it."""
    _damaged_store(scene)
    done = scene.rushes("doctor", "--json")
    assert done.code == 1
    assert [one["name"] for one in _failed(done.json["checks"])] == ["store"]


def test_offline_asks_nobody(scene: Scene) -> None:
    """--offline sends nothing to a provider."""
    assert scene.rushes("doctor", "--offline", "--json").code == 0
    assert scene.rushes.sandbox.requests() == ()


def test_no_key_is_a_note(scene: Scene) -> None:
    """Without keys there are notes that say where to make them, and no failure."""
    scene.monkeypatch.delenv("MEDIAIO_API_KEY")
    scene.monkeypatch.delenv("AIVIDEO_API_KEY")
    done = scene.rushes("doctor", "--json")
    assert done.code == 0
    notes = [one for one in done.json["checks"] if one["status"] == "note"]
    assert len(notes) == 2
    assert all("rushes keys set" in one["remedy"] for one in notes)
