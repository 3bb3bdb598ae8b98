"""Finds files of the archive that belong to no job. They are told, never deleted."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from rushes.engine.files import is_running

YOUNG = 600.0
"""Seconds for which a file without a job is none yet: an input is stored before its job."""

_TEMPORARY = re.compile(r"\..+\.([0-9]+)-[0-9a-f]+\.part")


def strays(
    folder: Path, *, digests: Collection[str], archiving: Collection[str], now: float
) -> list[Path]:
    """List stored files of other digests, and parts that neither a job nor a process goes on with.

    `archiving` are the ids of the jobs whose downloads may be under way.
    """
    return sorted(
        path
        for path in _files(folder)
        if (_is_unknown(folder, path, digests) and not _is_young(path, now))
        or (path.suffix == ".part" and not _is_under_way(path, archiving))
    )


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)


def _is_unknown(folder: Path, path: Path, digests: Collection[str]) -> bool:
    is_object = path.parent.parent == folder / "objects" and path.suffix != ".part"
    return is_object and path.stem not in digests


def _is_young(path: Path, now: float) -> bool:
    try:
        return path.stat().st_mtime > now - YOUNG
    except OSError:
        return True


def _is_under_way(path: Path, archiving: Collection[str]) -> bool:
    if (temporary := _TEMPORARY.fullmatch(path.name)) is not None:
        return is_running(int(temporary[1]))
    return path.stem.rsplit("-", 2)[0] in archiving
