"""The file of stored provider keys: `{provider: {name: key}}`, for its owner alone (mode 0600).

A key that was replaced while jobs of it were under way is kept under a reserved name,
`default (old 1)`, until they have ended. A file that has one key for each provider without a
name is read too: that key is named `default`.
"""

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from rushes.errors import SetupError

DEFAULT = "default"
ENVIRONMENT = "environment"
"""The name of the key that comes from the environment."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_RETIRED = re.compile(r"(?P<name>.+) \(old \d+\)")

Table = dict[str, dict[str, str]]


def check_name(name: str) -> str:
    """Return a name that a person may give a key. Raises SetupError."""
    if NAME.fullmatch(name) and name != ENVIRONMENT:
        return name
    # The text is not repeated: it may be a key, given in the wrong place.
    raise SetupError(
        "That is no name for a key: letters, digits, '.', '_' and '-', at most 40 of them"
        f" ({ENVIRONMENT!r} is the key in the environment).",
        next_step="Give it a name such as: default, work, second",
    )


def is_retired(name: str) -> bool:
    """Say whether this is the name of a key that is kept only for its unfinished jobs."""
    return _RETIRED.fullmatch(name) is not None


def in_order(names: Mapping[str, str]) -> list[str]:
    """Return the names: `default` first, then by the alphabet, retired ones last."""
    return sorted(names, key=lambda name: (is_retired(name), name != DEFAULT, name))


class KeysFile:
    """Reads and replaces the keys file. Writers of several processes take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Table:
        """Return the keys by provider and name, in order. Raises SetupError."""
        import json

        try:
            table = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError):
            table = None
        keys = _named(table)
        if keys is None:
            raise SetupError(
                f"The keys file {self.path} cannot be read as JSON of provider, name and key.",
                next_step="Remove it and run: rushes keys set PROVIDER",
            )
        return keys

    def signature(self) -> tuple[int, int, int] | None:
        """Return what differs after the file was replaced; None where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def store(self, provider: str, name: str, secret: str | None) -> None:
        """Store a key under a name, in the place of an older one, or remove it with None."""
        with self._change() as table:
            _put(table, provider, name, secret)

    def rotate(self, provider: str, name: str, secret: str) -> str | None:
        """Store a key, and keep the one that had the name; returns the old one's new name."""
        with self._change() as table:
            stored = table.setdefault(provider, {})
            old = stored.get(name)
            stored[name] = secret
            if old is None or old == secret:
                return None
            number = 1
            while (kept_as := f"{name} (old {number})") in stored:
                number += 1
            stored[kept_as] = old
            return kept_as

    def drop(self, provider: str, secret: str) -> bool:
        """Forget a retired key; one in use under another name stays there."""
        with self._change() as table:
            stored = table.get(provider, {})
            gone = [name for name, key in stored.items() if is_retired(name) and key == secret]
            for name in gone:
                _put(table, provider, name, None)
            return bool(gone)

    def is_private(self) -> bool:
        """Say whether nobody but its owner can read the file (True where there is none)."""
        if not self.path.exists():
            return True
        return not self.path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)

    @contextlib.contextmanager
    def _change(self) -> Iterator[Table]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            table = self.read()
            yield table
            self._write(table)
            os.fsync(folder)
        finally:
            os.close(folder)

    def _write(self, table: Table) -> None:
        import json

        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        # Made anew: one that was left behind may be open to others.
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(table, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)


def _put(table: Table, provider: str, name: str, secret: str | None) -> None:
    stored = table.setdefault(provider, {})
    if secret is not None:
        stored[name] = secret
        return
    stored.pop(name, None)
    if not stored:
        del table[provider]


def _named(table: object) -> Table | None:
    """Return the keys of either form by provider and name, or None where it has another."""
    if not isinstance(table, dict):
        return None
    keys: Table = {}
    for provider, found in table.items():
        named = {DEFAULT: found} if isinstance(found, str) else found
        if not isinstance(named, dict) or not all(isinstance(key, str) for key in named.values()):
            return None
        keys[provider] = {name: named[name] for name in in_order(named)}
    return keys
