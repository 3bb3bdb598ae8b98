import os
from pathlib import Path

import pytest

from .conftest import Commands

SECRET = "a-secret-of-this-test-4711"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, rushes: Commands) -> None:
    monkeypatch.delenv("MEDIAIO_API_KEY")
    monkeypatch.delenv("AIVIDEO_API_KEY")


def _found(rushes: Commands, provider: str) -> dict[str, object]:
    done = rushes("keys", "list", "--json")
    assert SECRET not in done.out + done.err + rushes("keys", "list").out
    return next(one for one in done.json if one["provider"] == provider)


def test_set_list_remove(rushes: Commands) -> None:
    """A key from stdin is stored for its owner alone, listed masked, and removed."""
    done = rushes("keys", "set", "mediaio", "--stdin", stdin=f"{SECRET}\n")
    assert done.code == 0
    file = Path(rushes("keys", "path").out.strip())
    assert file == Path(os.environ["RUSHES_HOME"]) / "keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    found = _found(rushes, "mediaio")
    assert (found["key"], found["source"]) == ("****4711", str(file))
    assert rushes("keys", "remove", "mediaio", "--json").json["removed"] is True
    assert _found(rushes, "mediaio")["source"] is None
    assert rushes("keys", "remove", "mediaio", "--json").json["removed"] is False


def test_environment_comes_first(rushes: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable wins over the keys file, and setting a key says so."""
    monkeypatch.setenv("API_KEY", "another-key-of-a-test")
    done = rushes("keys", "set", "mediaio", "--stdin", stdin=SECRET)
    assert "API_KEY is set too, and comes first" in done.err
    assert _found(rushes, "mediaio")["source"] == "API_KEY"
    monkeypatch.setenv("MEDIAIO_API_KEY", "a-third-key-of-a-test")
    assert _found(rushes, "mediaio")["source"] == "MEDIAIO_API_KEY"


def test_file_and_command(
    rushes: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """NAME_FILE and NAME_COMMAND are looked at, and said as the source."""
    file = tmp_path / "key"
    file.write_text(SECRET)
    monkeypatch.setenv("MEDIAIO_API_KEY_FILE", str(file))
    assert _found(rushes, "mediaio")["source"] == f"MEDIAIO_API_KEY_FILE ({file})"
    monkeypatch.setenv("AIVIDEO_API_KEY_COMMAND", f"cat {file}")
    assert _found(rushes, "aivideomaker")["source"] == "AIVIDEO_API_KEY_COMMAND"
    file.unlink()
    assert "cannot be read" in str(_found(rushes, "mediaio")["problem"])


@pytest.mark.parametrize("text", ["", "\n", "two words\x00\n", "schlüssel\n"])
def test_what_is_no_key(rushes: Commands, text: str) -> None:
    """An empty or unprintable line is refused, and nothing is stored."""
    done = rushes("keys", "set", "mediaio", "--stdin", stdin=text)
    assert done.code == 2
    assert _found(rushes, "mediaio")["source"] is None


def test_unknown_provider(rushes: Commands) -> None:
    """A provider that there is not: 2, naming those that there are."""
    done = rushes("keys", "set", "mediao", "--stdin", "--json", stdin=SECRET)
    assert done.code == 2
    assert done.json["error"]["problems"][0]["near"] == "mediaio"
