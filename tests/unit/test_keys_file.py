"""The file of stored keys: names, the old form, what is kept while its jobs are under way."""

import json
from pathlib import Path

import pytest

from rushes.config import Config
from rushes.errors import SetupError
from rushes.keys_file import KeysFile, check_name, is_retired

FIRST, SECOND, THIRD = "first-key-of-a-test", "second-key-of-a-test", "third-key-of-a-test"


@pytest.fixture
def file(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.json")


def test_the_form_without_names_is_read(file: KeysFile) -> None:
    """One key for each provider is the key named `default`; the next write gives it that name."""
    file.path.write_text(json.dumps({"mediaio": FIRST, "aivideomaker": {"work": SECOND}}))
    named = {"mediaio": {"default": FIRST}, "aivideomaker": {"work": SECOND}}
    assert file.read() == named
    file.store("aivideomaker", "work", None)
    assert json.loads(file.path.read_text()) == {"mediaio": {"default": FIRST}}


@pytest.mark.parametrize("text", ['{"mediaio": {"default": 5}}', '{"mediaio": ["a"]}'])
def test_another_form_is_refused(file: KeysFile, text: str) -> None:
    """Nothing is written over what cannot be read."""
    file.path.write_text(text)
    with pytest.raises(SetupError, match=r"keys\.json"):
        file.store("mediaio", "default", FIRST)
    assert file.path.read_text() == text


def test_rotate_keeps_the_old_key_until_it_is_dropped(file: KeysFile) -> None:
    """Under a name that no person can give, one for each time; the order is that of use."""
    assert file.rotate("mediaio", "default", FIRST) is None
    assert file.rotate("mediaio", "default", FIRST) is None
    assert file.rotate("mediaio", "default", SECOND) == "default (old 1)"
    assert file.rotate("mediaio", "default", THIRD) == "default (old 2)"
    file.store("mediaio", "another", "fourth-key-of-a-test")
    names = ["default", "another", "default (old 1)", "default (old 2)"]
    assert list(file.read()["mediaio"]) == names
    assert [is_retired(name) for name in names] == [False, False, True, True]
    assert file.drop("mediaio", FIRST)
    assert not file.drop("mediaio", FIRST)
    assert not file.drop("mediaio", THIRD)
    assert list(file.read()["mediaio"]) == ["default", "another", "default (old 2)"]


def test_the_signature_changes_with_the_file(file: KeysFile) -> None:
    """So another process sees that a key was replaced by one of the same length."""
    assert file.signature() is None
    file.store("mediaio", "default", FIRST)
    before = file.signature()
    assert before == file.signature()
    file.store("mediaio", "default", FIRST[::-1])
    assert file.signature() != before


@pytest.mark.parametrize(
    "name", ["environment", "", "two words", "default (old 1)", "a" * 41, "-x"]
)
def test_what_is_no_name(name: str) -> None:
    """It is not repeated in the message: it may be a key."""
    with pytest.raises(SetupError) as caught:
        check_name(name)
    assert len(name) < 3 or name == "environment" or name not in str(caught.value)


def test_retired_keys_are_not_for_new_jobs(tmp_path: Path) -> None:
    """The first key of a provider is never one that is kept for its jobs only."""
    made = Config(home=tmp_path, environment={})
    made.keys.rotate("mediaio", "default", FIRST)
    made.keys.rotate("mediaio", "default", SECOND)
    made.store_key("mediaio", None)
    assert [key.name for key in made.named_keys("mediaio")] == ["default (old 1)"]
    assert made.key("mediaio", ()) is None


def test_the_name_of_the_key_to_use_is_a_setting(tmp_path: Path) -> None:
    """Of the environment or the file, for a provider."""
    (tmp_path / "config.toml").write_text('[mediaio]\nkey_name = "work"\n')
    made = Config(home=tmp_path, environment={})
    assert made.key_name("mediaio").value == "work"
    assert made.key_name("aivideomaker") == (None, "default")
    made = Config(home=tmp_path, environment={"RUSHES_MEDIAIO_KEY_NAME": "second"})
    assert made.key_name("mediaio") == ("second", "RUSHES_MEDIAIO_KEY_NAME")
