"""Every durable effect on files passes here: one of the engine's three seams.

Tests put a recording or killing layer in the place of `Files`. All methods block; the engine
calls them in threads.
"""

import contextlib
import glob
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rushes.errors import StoreError


class Files:
    """The file system. A full or broken disk raises StoreError; what was there stays."""

    def open_part(self, path: Path, *, keep: bool) -> BinaryIO:
        """Open a temporary file for writing: at its end with `keep`, else empty."""
        with _disk(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return path.open("ab" if keep else "wb")

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Append to an open file."""
        with _disk(Path(file.name)):
            file.write(data)

    def sync(self, file: BinaryIO) -> None:
        """Put an open file's bytes on the disk."""
        with _disk(Path(file.name)):
            file.flush()
            os.fsync(file.fileno())

    def place(self, part: Path, final: Path) -> None:
        """Give a finished temporary file its final name. Stored bytes are read-only."""
        with _disk(final):
            final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.chmod(0o444)
            part.replace(final)

    def sync_folder(self, folder: Path) -> None:
        """Put a folder's names on the disk."""
        with _disk(folder):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a temporary file; it need not exist."""
        with _disk(path), contextlib.suppress(FileNotFoundError):
            path.unlink()

    def link(self, target: Path, name: Path) -> None:
        """Give stored bytes a further name inside the archive, without storing them again.

        A hard link, or a relative symbolic link where the file system has none. A name that
        exists is left as it is.
        """
        with _disk(name):
            name.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                os.link(target, name)
            except FileExistsError:
                return
            except FileNotFoundError:
                raise
            except OSError:
                with contextlib.suppress(FileExistsError):
                    name.symlink_to(os.path.relpath(target, name.parent))

    def copy(self, source: Path, wanted: Path) -> Path:
        """Copy to the wanted name, or to a free one beside it; overwrites nothing.

        A name that already holds the very same bytes is taken as the copy.
        """
        with _disk(wanted):
            wanted.parent.mkdir(parents=True, exist_ok=True)
            for name in _names(wanted):
                if name.exists() and _same(source, name):
                    return name
                part = temporary(name)
                try:
                    with part.open("xb") as target, source.open("rb") as origin:
                        shutil.copyfileobj(origin, target, 1 << 20)
                        target.flush()
                        os.fsync(target.fileno())
                    os.link(part, name)
                except FileExistsError:
                    continue
                except OSError:
                    if not part.exists() or part.stat().st_size != source.stat().st_size:
                        raise
                    if name.exists():
                        continue
                    part.replace(name)
                finally:
                    part.unlink(missing_ok=True)
                return name
        raise AssertionError("names never end")

    def write_whole(self, path: Path, data: bytes) -> None:
        """Write a small file so that it is either the old or the new one, never half."""
        with _disk(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = temporary(path)
            try:
                with part.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        self.sync_folder(path.parent)


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"The disk refuses {path}: {error.strerror or error}.",
            next_step="Make room or correct the folder's rights, then run: rushes jobs resume",
        ) from error


def temporary(path: Path) -> Path:
    """Name a new file beside `path`, and remove those that dead processes left there."""
    for stray in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        writer = re.fullmatch(r"([0-9]+)-[0-9a-f]+", stray.name[len(path.name) + 2 : -5])
        if writer is not None and not is_running(int(writer[1])):
            stray.unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")


def is_running(pid: int) -> bool:
    """Say whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _names(wanted: Path) -> Iterator[Path]:
    yield wanted
    number = 2
    while True:
        yield wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        number += 1


def _same(one: Path, other: Path) -> bool:
    if not other.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(1 << 20):
            if block != right.read(1 << 20):
                return False
    return True
