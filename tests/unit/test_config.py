"""Settings and keys: which source wins, what is refused, and that a key prints nowhere."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rushes.config import Config, Key
from rushes.errors import MissingCredential, SetupError

NAMES = ("MEDIAIO_API_KEY", "API_KEY")
SECRET = "a-long-secret-key-1234"
DEFAULT = "https://provider.example"


def config(home: Path, environment: dict[str, str] | None = None, **given: Any) -> Config:
    return Config(home=home, environment=environment or {}, **given)


def write(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(text, encoding="utf-8")


def test_argument_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    """And each value says where it came from."""
    made = config(tmp_path)
    assert (made.archive, made.archive_source) == (tmp_path / "archive", "default")
    write(tmp_path, 'archive = "/from/file"\nsandbox = true\n')
    made = config(tmp_path)
    assert (str(made.archive), made.sandbox) == ("/from/file", True)
    assert made.archive_source == str(tmp_path / "config.toml")
    made = config(tmp_path, {"RUSHES_ARCHIVE": "/from/environment", "RUSHES_SANDBOX": "0"})
    assert (str(made.archive), made.archive_source) == ("/from/environment", "RUSHES_ARCHIVE")
    assert made.sandbox is False
    made = config(tmp_path, {"RUSHES_ARCHIVE": "/from/environment"}, archive="/from/argument")
    assert (str(made.archive), made.archive_source) == ("/from/argument", "argument")


def test_home_comes_from_argument_then_environment(tmp_path: Path) -> None:
    """A tilde is the user's folder, and a relative path is made absolute."""
    assert Config(environment={"RUSHES_HOME": str(tmp_path)}).home == tmp_path
    assert Config(environment={"RUSHES_HOME": "~/rushes"}).home == Path.home() / "rushes"
    assert Config(home="here", environment={}).home == Path.cwd() / "here"


def test_an_empty_variable_is_one_that_is_not_set(tmp_path: Path) -> None:
    made = config(tmp_path, {"RUSHES_ARCHIVE": "", "RUSHES_SANDBOX": ""})
    assert (made.archive, made.sandbox) == (tmp_path / "archive", False)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1", True), ("TRUE", True), ("yes", True), ("on", True), ("0", False), ("off", False)],
)
def test_yes_and_no_in_many_words(tmp_path: Path, text: str, meant: bool) -> None:
    assert config(tmp_path, {"RUSHES_ALLOW_UNPRICED": text}).allow_unpriced is meant
    assert config(tmp_path, {"RUSHES_SANDBOX": text}).sandbox is meant


@pytest.mark.parametrize("name", ["RUSHES_SANDBOX", "RUSHES_ALLOW_UNPRICED"])
def test_what_is_neither_yes_nor_no_is_refused(tmp_path: Path, name: str) -> None:
    """A typing error must not spend money: the variable and the allowed words are named."""
    with pytest.raises(SetupError, match=name):
        config(tmp_path, {name: "nope"})


def test_caps_come_from_argument_variable_and_file(tmp_path: Path) -> None:
    """Over all keys and for one provider's; each says where it came from."""
    made = config(tmp_path)
    assert (made.max_credits, made.max_credits_per_day()) == (None, (None, "default"))
    assert made.max_credits_per_day("mediaio") == (None, "default")
    write(tmp_path, "max_credits = 5\nmax_credits_per_day = 50\n[mediaio]\nmax_credits_per_day = 0")
    made = config(tmp_path)
    file = str(tmp_path / "config.toml")
    assert (made.max_credits, made.max_credits_per_day()) == (5, (50, file))
    assert made.max_credits_per_day("mediaio") == (0, file)
    names = ("RUSHES_MAX_CREDITS", "RUSHES_MAX_CREDITS_PER_DAY")
    own = "RUSHES_MEDIAIO_MAX_CREDITS_PER_DAY"
    made = config(tmp_path, dict.fromkeys((*names, own), " 7 "))
    assert (made.max_credits, made.max_credits_per_day()) == (7, (7, names[1]))
    assert made.max_credits_per_day("mediaio") == (7, own)
    made = config(tmp_path, dict.fromkeys(names, "7"), max_credits=8, max_credits_per_day=9)
    assert (made.max_credits, made.max_credits_per_day()) == (8, (9, "argument"))


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "1e3"])
def test_a_cap_that_is_no_number_is_refused(tmp_path: Path, text: str) -> None:
    """A typing error must not spend money: it is never taken for no cap."""
    for name in ("RUSHES_MAX_CREDITS", "RUSHES_MAX_CREDITS_PER_DAY"):
        with pytest.raises(SetupError, match=name):
            config(tmp_path, {name: text})
    made = config(tmp_path, {"RUSHES_MEDIAIO_MAX_CREDITS_PER_DAY": text})
    with pytest.raises(SetupError, match="RUSHES_MEDIAIO_MAX_CREDITS_PER_DAY"):
        made.max_credits_per_day("mediaio")
    write(tmp_path, f'max_credits_per_day = "{text}"\n')
    with pytest.raises(SetupError, match=r"config\.toml"):
        config(tmp_path)


def test_a_sandbox_may_be_an_address_on_this_machine_only(tmp_path: Path) -> None:
    url = "http://127.0.0.1:8000"
    assert config(tmp_path, {"RUSHES_SANDBOX": url}).sandbox == url
    with pytest.raises(SetupError):
        config(tmp_path, sandbox="http://sandbox.example")


def test_a_base_url_is_https_or_loopback(tmp_path: Path) -> None:
    """Argument, variable, file, default; anything else is refused, naming the setting."""
    write(tmp_path, '[mediaio]\nbase_url = "https://file.example"\n')
    made = config(tmp_path)
    assert made.base_url("mediaio", DEFAULT).value == "https://file.example"
    assert made.base_url("aivideomaker", DEFAULT) == (DEFAULT, "default")
    environment = {"RUSHES_MEDIAIO_BASE_URL": "http://127.0.0.1:9"}
    made = config(tmp_path, environment)
    assert made.base_url("mediaio", DEFAULT) == ("http://127.0.0.1:9", "RUSHES_MEDIAIO_BASE_URL")
    made = config(tmp_path, environment, base_urls={"mediaio": "https://argument.example"})
    assert made.base_url("mediaio", DEFAULT) == ("https://argument.example", "argument")
    made = config(tmp_path, {"RUSHES_MEDIAIO_BASE_URL": "http://provider.example"})
    with pytest.raises(SetupError, match="RUSHES_MEDIAIO_BASE_URL"):
        made.base_url("mediaio", DEFAULT)


@pytest.mark.parametrize(
    "text",
    ["no toml at all [", 'colour = "blue"\n', "[mediaio]\ncolour = 1\n", "\xff\xfe"],
    ids=repr,
)
def test_a_settings_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    """Broken, with a setting that does not exist, or of no text: never passed over."""
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "config.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(SetupError, match=r"config\.toml"):
        config(tmp_path)


def test_the_providers_own_variable_wins_over_the_generic_one(tmp_path: Path) -> None:
    made = config(tmp_path, {"API_KEY": "generic-key-000", "MEDIAIO_API_KEY": f"  {SECRET}\n"})
    assert made.key("mediaio", NAMES) == Key(SECRET, "MEDIAIO_API_KEY")
    made = config(tmp_path, {"API_KEY": "generic-key-000"})
    assert made.key("mediaio", NAMES) == Key("generic-key-000", "API_KEY")


def test_a_key_from_a_file(tmp_path: Path) -> None:
    """Its text without the line end; a file that is missing, empty or no text is said."""
    path = tmp_path / "key.txt"
    made = config(tmp_path, {"MEDIAIO_API_KEY_FILE": str(path)})
    with pytest.raises(MissingCredential, match="MEDIAIO_API_KEY_FILE"):
        made.key("mediaio", NAMES)
    path.write_text("  \n")
    with pytest.raises(MissingCredential, match="empty"):
        made.key("mediaio", NAMES)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MissingCredential, match="not text"):
        made.key("mediaio", NAMES)
    path.write_text(f"{SECRET}\n")
    found = made.key("mediaio", NAMES)
    assert found is not None
    assert (found.secret, found.source) == (SECRET, f"MEDIAIO_API_KEY_FILE ({path})")


def test_a_key_from_a_command(tmp_path: Path) -> None:
    """What it prints, without a shell; one that fails is said, and its output is not."""
    command = f'{sys.executable} -c "print({SECRET!r})"'
    made = config(tmp_path, {"MEDIAIO_API_KEY_COMMAND": command})
    found = made.key("mediaio", NAMES)
    assert found is not None
    assert (found.secret, found.source) == (SECRET, "MEDIAIO_API_KEY_COMMAND")
    for command in (
        f"{sys.executable} -c \"print('{SECRET}'); raise SystemExit(3)\"",
        f'{sys.executable} -c ""',
        "/no/such/command",
        "unbalanced 'quote",
    ):
        made = config(tmp_path, {"MEDIAIO_API_KEY_COMMAND": command})
        with pytest.raises(MissingCredential, match="MEDIAIO_API_KEY_COMMAND") as caught:
            made.key("mediaio", NAMES)
        assert SECRET not in str(caught.value)


def test_a_stored_key_is_private_and_comes_last(tmp_path: Path) -> None:
    """Mode 0600 also where the file was open to others before; removed with None."""
    made = config(tmp_path / "home")
    assert made.keys_file_is_private()
    made.store_key("mediaio", SECRET)
    assert made.keys_file.stat().st_mode & 0o777 == 0o600
    assert made.home.stat().st_mode & 0o777 == 0o700
    assert made.key("mediaio", NAMES) == Key(SECRET, str(made.keys_file), "default")
    made.keys_file.chmod(0o644)
    assert not made.keys_file_is_private()
    made.store_key("aivideomaker", "another-secret-key")
    assert made.keys_file_is_private()
    assert json.loads(made.keys_file.read_text()) == {
        "mediaio": {"default": SECRET},
        "aivideomaker": {"default": "another-secret-key"},
    }
    made.store_key("mediaio", None)
    made.store_key("mediaio", None)
    assert made.key("mediaio", NAMES) is None
    assert [path.name for path in made.home.iterdir()] == ["keys.json"]
    environment = config(tmp_path / "home", {"AIVIDEO_API_KEY": "from-the-environment"})
    found = environment.key("aivideomaker", ("AIVIDEO_API_KEY",))
    assert found is not None
    assert found.source == "AIVIDEO_API_KEY"


def test_a_left_over_temporary_file_that_others_can_read_is_not_written_into(
    tmp_path: Path,
) -> None:
    """The key never lies in a file of another mode, not even for a moment."""
    made = config(tmp_path)
    stray = made.keys_file.with_suffix(f".{os.getpid()}.tmp")
    stray.write_text("")
    stray.chmod(0o644)
    made.store_key("mediaio", SECRET)
    assert made.keys_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["{", "[]", '{"mediaio": 5}', "\xff"], ids=repr)
def test_a_keys_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SetupError, match=r"keys\.json"):
        config(tmp_path).key("mediaio", NAMES)


def test_without_a_key_the_variable_the_command_and_the_page_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingCredential) as caught:
        config(tmp_path).require_key("mediaio", NAMES, "https://provider.example/keys")
    for word in ("MEDIAIO_API_KEY", "rushes keys set mediaio", "https://provider.example/keys"):
        assert word in str(caught.value)


def test_a_key_prints_as_its_mask(tmp_path: Path) -> None:
    """In repr, in containers and in tracebacks of it; a short one shows nothing of itself."""
    key = Key(SECRET, "here")
    assert key.masked == "****1234"
    assert Key("short", "here").masked == "****"
    for shown in (repr(key), str(key), f"{key}", str([key]), f"{key!s}"):
        assert SECRET not in shown
