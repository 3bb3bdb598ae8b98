"""Settings and keys: argument, then environment, then file, then default, and where each is from.

`SETTINGS` is the one table; the command's help, the environment's names and the reference page
are made from it. Files live in the home folder (`RUSHES_HOME`, else the platform's folder for
user data): `config.toml` for settings, `keys.json` (mode 0600) for provider keys.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rushes.addresses import check_base_url
from rushes.errors import MissingCredential, SetupError
from rushes.keys_file import DEFAULT, ENVIRONMENT, KeysFile, Table, is_retired

KEY_COMMAND_SECONDS = 30


class Setting(NamedTuple):
    """One setting. `{PROVIDER}` in `environment` stands for each provider's id in capitals."""

    name: str
    environment: str
    default: str | bool | None
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "home",
        "RUSHES_HOME",
        None,
        "Folder of the store, archive, keys and settings (default: the platform's data folder).",
    ),
    Setting("archive", "RUSHES_ARCHIVE", None, "Folder of the archive (default: archive in home)."),
    Setting(
        "sandbox",
        "RUSHES_SANDBOX",
        False,
        "1: use the sandbox inside this process; an address: use the `rushes sandbox` there.",
    ),
    Setting(
        "allow_unpriced",
        "RUSHES_ALLOW_UNPRICED",
        False,
        "1: generate without asking where nobody publishes a price.",
    ),
    Setting(
        "max_credits",
        "RUSHES_MAX_CREDITS",
        None,
        "The most that one request may cost, where `--max-credits` says nothing else.",
    ),
    Setting(
        "max_credits_per_day",
        "RUSHES_MAX_CREDITS_PER_DAY",
        None,
        "The most credits that may be reserved and charged in one local day, over all keys.",
    ),
    Setting(
        "PROVIDER.max_credits_per_day",
        "RUSHES_{PROVIDER}_MAX_CREDITS_PER_DAY",
        None,
        "The most credits in one local day for each key of this provider.",
    ),
    Setting(
        "PROVIDER.key_name",
        "RUSHES_{PROVIDER}_KEY_NAME",
        None,
        "The name of the key that new jobs use, where `--key` says nothing else.",
    ),
    Setting(
        "base_url",
        "RUSHES_{PROVIDER}_BASE_URL",
        None,
        "Another address for a provider: https, or a loopback address.",
    ),
)


NUMBERS = frozenset({"max_credits", "max_credits_per_day"})
"""Settings of the file that are a number of credits."""

OF_A_PROVIDER = frozenset({"base_url", "key_name", "max_credits_per_day"})
"""Settings of the file that stand under a provider's name."""


class Value(NamedTuple):
    """A setting's value and where it came from."""

    value: Any
    source: str


class Key(NamedTuple):
    """A provider key. It prints as its mask, so that it reaches no log by accident."""

    secret: str
    source: str
    name: str = ENVIRONMENT

    @property
    def retired(self) -> bool:
        """Whether it is kept only until its jobs have ended."""
        return is_retired(self.name)

    @property
    def masked(self) -> str:
        """The last four characters of a long key, none of a short one."""
        return f"****{self.secret[-4:]}" if len(self.secret) >= 12 else "****"

    def __repr__(self) -> str:
        return f"Key({self.masked!r}, source={self.source!r})"


def _truth(text: str, name: str) -> bool:
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"", "0", "false", "no", "off"}:
        return False
    raise SetupError(
        f"{name} is {text!r}; allowed: 1, 0, true, false, yes, no, on, off.",
        next_step=f"Set {name}=1 or {name}=0.",
    )


def _count(found: Value) -> Value:
    """Read a number of credits, 0 or more."""
    value = found.value
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise SetupError(
            f"{found.source} says {found.value!r} where a number of credits belongs; allowed: "
            "0, 1, 2, ...",
            next_step="Correct or remove it.",
        )
    return Value(value, found.source)


class Config:
    """The settings of one client, read once from arguments, environment and file.

    Raises SetupError for a file or value that cannot be used, naming it.
    """

    def __init__(
        self,
        *,
        home: str | os.PathLike[str] | None = None,
        archive: str | os.PathLike[str] | None = None,
        sandbox: bool | str | None = None,
        allow_unpriced: bool | None = None,
        max_credits: int | None = None,
        max_credits_per_day: int | None = None,
        base_urls: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.environment = dict(os.environ if environment is None else environment)
        self._base_urls = dict(base_urls or {})
        found = self._pick("home", home)
        self.home_source = found.source
        self.home = (
            _default_home() if found.value is None else Path(found.value).expanduser().absolute()
        )
        self._file = self._read_file()
        found = self._pick("archive", archive)
        self.archive_source = found.source
        self.archive = (
            self.home / "archive"
            if found.value is None
            else Path(found.value).expanduser().absolute()
        )
        self.sandbox, self.sandbox_source = self._sandbox(self._pick("sandbox", sandbox))
        found = self._pick("allow_unpriced", allow_unpriced)
        self.allow_unpriced = (
            _truth(found.value, found.source) if isinstance(found.value, str) else bool(found.value)
        )
        self.max_credits: int | None = _count(self._pick("max_credits", max_credits)).value
        self._per_day = _count(self._pick("max_credits_per_day", max_credits_per_day))

    def _pick(self, name: str, argument: Any) -> Value:
        setting = next(setting for setting in SETTINGS if setting.name == name)
        if argument is not None:
            return Value(argument, "argument")
        if text := self.environment.get(setting.environment):
            return Value(text, setting.environment)
        if name != "home" and name in self._file:
            return Value(self._file[name], str(self.file))
        return Value(setting.default, "default")

    @property
    def file(self) -> Path:
        """The settings file; it need not exist."""
        return self.home / "config.toml"

    @property
    def keys_file(self) -> Path:
        """The file of stored provider keys; it need not exist."""
        return self.keys.path

    @property
    def keys(self) -> KeysFile:
        """The stored provider keys."""
        return KeysFile(self.home / "keys.json")

    def _read_file(self) -> dict[str, Any]:
        if not self.file.is_file():
            return {}
        import tomllib

        try:
            table = tomllib.loads(self.file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise SetupError(
                f"The settings file {self.file} cannot be read: {error}",
                next_step="Correct or remove that file.",
            ) from None
        names = {one.name for one in SETTINGS if "." not in one.name} - {"home", "base_url"}
        for name, value in table.items():
            if name in names and isinstance(value, int if name in NUMBERS else str | bool):
                continue
            if isinstance(value, dict) and set(value) <= OF_A_PROVIDER:
                continue
            raise SetupError(
                f"The settings file {self.file} says {name!r}, which is no setting; allowed: "
                f"{', '.join(sorted(names))}, and under a provider's name "
                f"{', '.join(sorted(OF_A_PROVIDER))}.",
                next_step="Correct that line.",
            )
        return table

    def _sandbox(self, found: Value) -> tuple[bool | str, str]:
        value = found.value
        if isinstance(value, str) and value.startswith(("http://", "https://")):
            return check_base_url(value), found.source
        if isinstance(value, str):
            value = _truth(value, found.source)
        return bool(value), found.source

    def base_url(self, provider: str, default: str) -> Value:
        """Return where a provider is asked: https, or a loopback address."""
        name = f"RUSHES_{provider.upper()}_BASE_URL"
        section = self._file.get(provider, {})
        if provider in self._base_urls:
            found = Value(self._base_urls[provider], "argument")
        elif text := self.environment.get(name):
            found = Value(text, name)
        elif "base_url" in section:
            found = Value(section["base_url"], str(self.file))
        else:
            found = Value(default, "default")
        return Value(check_base_url(found.value, setting=found.source), found.source)

    def max_credits_per_day(self, provider: str | None = None) -> Value:
        """Return a day's limit over all keys, or that of one provider's key; None for no limit."""
        if provider is None:
            return self._per_day
        name = f"RUSHES_{provider.upper()}_MAX_CREDITS_PER_DAY"
        section = self._file.get(provider, {})
        if text := self.environment.get(name):
            return _count(Value(text, name))
        if "max_credits_per_day" in section:
            return _count(Value(section["max_credits_per_day"], str(self.file)))
        return Value(None, "default")

    # Keys.

    def key_name(self, provider: str) -> Value:
        """Return the name of the key that new jobs of a provider use; None: Rushes chooses."""
        name = f"RUSHES_{provider.upper()}_KEY_NAME"
        section = self._file.get(provider, {})
        if text := self.environment.get(name):
            return Value(text, name)
        return Value(
            section.get("key_name"), str(self.file) if "key_name" in section else "default"
        )

    def environment_key(self, provider: str, names: Sequence[str]) -> Key | None:
        """Find the key that a provider's variables name, the first of them first.

        For each variable NAME also NAME_FILE (a file holding the key) and NAME_COMMAND (a
        command that prints it).
        """
        for name in names:
            if secret := self.environment.get(name, "").strip():
                return Key(secret, name)
            if path := self.environment.get(f"{name}_FILE"):
                return Key(_key_from_file(path, f"{name}_FILE"), f"{name}_FILE ({path})")
            if command := self.environment.get(f"{name}_COMMAND"):
                return Key(_key_from_command(command, f"{name}_COMMAND"), f"{name}_COMMAND")
        return None

    def key(self, provider: str, names: Sequence[str]) -> Key | None:
        """Find a provider's first key: its variables in order, then the keys file."""
        found = self.environment_key(provider, names)
        if found is None:
            found = next((key for key in self.named_keys(provider) if not key.retired), None)
        return found

    def require_key(self, provider: str, names: Sequence[str], page: str) -> Key:
        """Find a provider's first key, or raise MissingCredential saying how to set one."""
        key = self.key(provider, names)
        if key is None:
            raise MissingCredential(
                f"There is no key for {provider}: {' and '.join(names)} "
                f"{'are' if len(names) > 1 else 'is'} not set, and none is stored.",
                next_step=f"Set {names[0]}, or run: rushes keys set {provider} "
                f"(keys are made at {page}). Without a key, try --sandbox.",
                provider=provider,
            )
        return key

    def named_keys(self, provider: str) -> list[Key]:
        """Return a provider's keys in the keys file, `default` first, retired ones last."""
        stored = self.stored_keys().get(provider, {})
        return [Key(secret, str(self.keys_file), name) for name, secret in stored.items()]

    def stored_keys(self) -> Table:
        """Return the keys in the keys file, by provider and name."""
        return self.keys.read()

    def store_key(self, provider: str, secret: str | None, name: str = DEFAULT) -> None:
        """Store a provider's key in the keys file (mode 0600), or remove it with None."""
        self.keys.store(provider, name, secret)

    def keys_file_is_private(self) -> bool:
        """Say whether nobody but its owner can read the keys file (True where there is none)."""
        return self.keys.is_private()


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("rushes", appauthor=False)


def _key_from_file(path: str, name: str) -> str:
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            secret = file.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise MissingCredential(
            f"{name} names {path}, which cannot be read: {reason}.",
            next_step=f"Correct {name}.",
        ) from None
    if not secret:
        raise MissingCredential(
            f"{name} names {path}, which is empty.", next_step=f"Correct {name}."
        )
    return secret


def _key_from_command(command: str, name: str) -> str:
    import shlex
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            shlex.split(command), capture_output=True, timeout=KEY_COMMAND_SECONDS, check=False
        )
        secret = done.stdout.decode("utf-8").strip()
        fault = f"ended with status {done.returncode}" if done.returncode else "printed nothing"
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        # The error's own text may hold what the command printed.
        secret, fault = "", f"failed ({type(error).__name__})"
    else:
        if done.returncode:
            secret = ""
    if not secret:
        raise MissingCredential(f"The command in {name} {fault}.", next_step=f"Correct {name}.")
    return secret
