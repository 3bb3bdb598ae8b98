import os
from pathlib import Path

import pytest

from .conftest import VIDEO, Commands

SECRET = "a-secret-of-this-test-4711"
FIRST = "another-of-this-test-4711"


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


def _names(rushes: Commands) -> dict[str, object]:
    """AIVideoMaker's keys by name, with their unfinished jobs."""
    found = rushes("keys", "list", "--json").json
    return {one["name"]: one["jobs"] for one in found if one["provider"] == "aivideomaker"}


@pytest.fixture
def named(rushes: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The command with two named keys of one provider, both good on the sandbox."""
    monkeypatch.delenv("RUSHES_SANDBOX")
    for name, key in (("default", FIRST), ("work", SECRET)):
        done = rushes("keys", "set", "aivideomaker", "--name", name, "--stdin", "--json", stdin=key)
        assert (done.json["name"], done.json["old_kept_as"]) == (name, None)
    return rushes


def test_several_keys(named: Commands) -> None:
    """Each with its name, masked; a job shows under the one that it was asked for with."""
    assert _names(named) == {"default": 0, "work": 0}
    assert named(*VIDEO, "--key", "work", "--no-wait").code == 0
    assert _names(named) == {"default": 0, "work": 1}
    done = named("keys", "list")
    assert [line.split()[:4] for line in done.out.splitlines()[2:]] == [
        ["aivideomaker", "default", "****4711", "0"],
        ["aivideomaker", "work", "****4711", "1"],
    ]
    assert FIRST not in done.out
    assert named("credits").out.count("9,980") == 1
    assert named("jobs", "wait", "last", "-q").code == 0
    (row,) = named("spend", "--by", "credential", "--json").json
    assert (row["key"], row["charged"]) == ("work", 20)
    assert "work" in named("spend", "--by", "credential").out


def test_the_key_to_use_is_checked(named: Commands) -> None:
    """A name that there is not: 5, naming those that there are, not what was given."""
    done = named(*VIDEO, "--key", "misplaced-secret", "--json")
    assert done.code == 5
    assert "it has default, work" in done.json["error"]["message"]
    assert "misplaced-secret" not in done.out + done.err
    done = named("keys", "set", "aivideomaker", "--name", "two words", "--stdin", stdin=SECRET)
    assert done.code == 2


def test_remove_warns_of_unfinished_jobs(named: Commands) -> None:
    """Unasked it refuses; with --yes the job waits, and all say so, until the key is back."""
    assert named(*VIDEO, "--key", "work", "--no-wait").code == 0
    done = named("keys", "remove", "aivideomaker", "--name", "work")
    assert done.code == 2
    assert "1 unfinished job belongs to this key" in done.err
    assert "work" in _names(named)
    assert named("keys", "remove", "aivideomaker", "--name", "work", "--yes").code == 0
    assert _names(named) == {"default": 0}
    done = named("jobs")
    assert "error MISSING_CREDENTIAL" in done.err
    assert "rushes keys set aivideomaker --name work" in done.err
    (job,) = named("jobs", "--json").json
    assert job["waits"]["code"] == "MISSING_CREDENTIAL"
    assert named("jobs", "show", "last", "--json").json["waits"]["code"] == "MISSING_CREDENTIAL"
    assert "MISSING_CREDENTIAL" in named("jobs", "show", "last").err
    assert named("jobs", "wait", "last", "--wait-seconds", "30").code == 5
    put_back = named("keys", "set", "aivideomaker", "--name", "work", "--stdin", stdin=SECRET)
    assert put_back.code == 0
    assert named("jobs", "wait", "last", "-q").code == 0
    assert named.sandbox.creates(SECRET) == 1
    assert "waits" not in named("jobs", "show", "last", "--json").json


def test_rotate(named: Commands) -> None:
    """With a job under way the old key is kept until it has ended; without, it goes at once."""
    done = named("keys", "rotate", "aivideomaker", "--stdin", "--json", stdin="a-newer-key-0815")
    assert done.json["old_kept_as"] is None
    assert named(*VIDEO, "--key", "work", "--no-wait").code == 0
    done = named("keys", "rotate", "aivideomaker", "work", "--stdin", stdin="a-new-key-of-0816")
    assert "kept as work (old 1) until its jobs have ended" in done.err
    assert _names(named) == {"default": 0, "work": 0, "work (old 1)": 1}
    assert named(*VIDEO, "--key", "work", "-q").code == 0
    assert named("jobs", "resume", "-q").code == 0
    assert _names(named) == {"default": 0, "work": 0}
    assert named.sandbox.creates(SECRET) == 1
    assert named.sandbox.creates("a-new-key-of-0816") == 1


def test_rotate_what_is_not_there(named: Commands) -> None:
    """There is nothing to replace: 2, saying how a key is stored."""
    done = named("keys", "rotate", "mediaio", "--stdin", stdin=SECRET)
    assert done.code == 2
    assert "rushes keys set mediaio" in done.err
