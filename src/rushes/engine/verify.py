"""Reads the archive again and compares it with the store."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rushes.engine.house import House
from rushes.engine.media import REFERENCE
from rushes.engine.mend import Mended, mend, mend_name
from rushes.engine.strays import strays
from rushes.engine.verified import Damage, Problem, Role, Verification
from rushes.store.job import Job, Output
from rushes.store.protocol import Filter

PAGE = 200

Tell = Callable[[int, int], object]
"""Told after each file how many files and how many bytes have been read."""


class _Found(NamedTuple):
    problem: Problem | None
    size: int = 0
    bad: str = ""
    """A name for what lies there instead: its digest."""


async def verify(
    house: House, jobs: Sequence[Job] | None, *, fetch: bool, tell: Tell | None = None
) -> Verification:
    """Hash what these jobs have in the archive, or all that it holds; mend it with `fetch`.

    Files are read piece by piece, and of each only its name is remembered. What is wrong and
    cannot be mended is in the result, never an exception.
    """
    reader = _Reader(house, fetch=fetch, tell=tell)
    async for job in _given(jobs) if jobs is not None else _all(house):
        await reader.read(job)
    lost = [] if jobs is not None else await house.work(reader.strays)
    return Verification(
        jobs=reader.jobs,
        files=reader.files,
        bytes=reader.bytes,
        damages=tuple(reader.settled()),
        strays=tuple(str(path) for path in lost),
    )


async def _given(jobs: Sequence[Job]) -> AsyncIterator[Job]:
    for job in jobs:
        yield job


async def _all(house: House) -> AsyncIterator[Job]:
    before: str | None = None
    while page := await house.store.jobs(Filter(before=before, limit=PAGE)):
        for job in page:
            yield job
        before = page[-1].id


class _Reader:
    def __init__(self, house: House, *, fetch: bool, tell: Tell | None) -> None:
        self._house = house
        self._fetch = fetch
        self._tell = tell
        self._read: dict[str, _Found] = {}
        self._digests: set[str] = set()
        self._archiving: set[str] = set()
        self._damages: list[Damage] = []
        self.jobs = 0
        self.files = 0
        self.bytes = 0

    async def read(self, job: Job) -> None:
        """Look at all files of a job."""
        self.jobs += 1
        if not job.ended:
            self._archiving.add(job.id)
        for output in job.outputs:
            if output.sha256 is not None and output.file is not None:
                self._digests.add(output.sha256)
                if output.archived_at is not None:
                    await self._output(job, output, output.file, output.sha256)
        for digest in references(job.request):
            self._digests.add(digest)
            await self._input(job, digest)

    async def _output(self, job: Job, output: Output, file: str, sha256: str) -> None:
        path = self._house.archive.folder / file
        found = await self._look(path, sha256)
        if found.problem is not None:
            mended = await self._mended(job, output, found)
            self._note(job, "output", path, sha256, found.problem, mended, output.position)
            if not mended.done:
                return
            self._read[str(path)] = _Found(None)
        if job.ended and output.media_type is not None:
            name = self._house.archive.named(job, output.position, output.media_type)
            await self._name(job, output, name, path, sha256)

    async def _mended(self, job: Job, output: Output, found: _Found) -> Mended:
        if not self._fetch:
            return Mended(False)
        return await mend(self._house, job, output, bad=found.bad)

    async def _name(self, job: Job, output: Output, name: Path, path: Path, sha256: str) -> None:
        found = await self._house.work(_look_at_name, name, path, sha256)
        if found.problem is None:
            return
        mended = Mended(False)
        if self._fetch:
            mended = await mend_name(self._house, path, name, bad=found.bad)
        self._note(job, "name", name, sha256, found.problem, mended, output.position)

    async def _input(self, job: Job, digest: str) -> None:
        path = self._house.archive.held(digest)
        if path is None:
            path = self._house.archive.object(digest, "")
        found = await self._look(path, digest)
        if found.problem is not None:
            words = "nobody but you has an input" if self._fetch else ""
            self._note(job, "input", path, digest, found.problem, Mended(False, words), None)

    async def _look(self, path: Path, sha256: str) -> _Found:
        known = self._read.get(str(path))
        if known is None:
            known = self._read[str(path)] = await self._house.work(_look, path, sha256)
            self.files += 1
            self.bytes += known.size
            if self._tell is not None:
                self._tell(self.files, self.bytes)
        return known

    def _note(
        self,
        job: Job,
        role: Role,
        path: Path,
        sha256: str,
        problem: Problem,
        mended: Mended,
        position: int | None,
    ) -> None:
        self._damages.append(
            Damage(
                job_id=job.id,
                role=role,
                position=position,
                path=str(path),
                sha256=sha256,
                problem=problem,
                mended=mended.done,
                detail=mended.words,
            )
        )

    def settled(self) -> Iterator[Damage]:
        """Give all damages; bytes that a later job's link has brought back are whole for all."""
        for damage in self._damages:
            now = self._read.get(damage.path)
            if damage.mended or damage.role == "name" or now is None or now.problem is not None:
                yield damage
            else:
                yield msgspec.structs.replace(
                    damage, mended=True, detail="mended with another job that has the same file"
                )

    def strays(self) -> list[Path]:
        """Find what belongs to none of the jobs."""
        return strays(
            self._house.archive.folder,
            digests=self._digests,
            archiving=self._archiving,
            now=self._house.clock.now(),
        )


def references(request: Any) -> Iterator[str]:
    """Give the digests of the local files that a request names."""
    if isinstance(request, str) and request.startswith(REFERENCE):
        digest = request.removeprefix(REFERENCE)
        if len(digest) == 64 and set(digest) <= set("0123456789abcdef"):
            yield digest
    elif isinstance(request, dict):
        for value in request.values():
            yield from references(value)
    elif isinstance(request, list | tuple):
        for value in request:
            yield from references(value)


def _look(path: Path, sha256: str) -> _Found:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except (FileNotFoundError, NotADirectoryError):
        return _Found("missing")
    except OSError:
        return _Found("unreadable", bad="unreadable")
    return _Found(None, size) if digest == sha256 else _Found("changed", size, digest)


def _look_at_name(name: Path, path: Path, sha256: str) -> _Found:
    try:
        if name.samefile(path):
            return _Found(None)
    except (FileNotFoundError, NotADirectoryError):
        return _Found("missing")
    except OSError:
        return _Found("unreadable", bad="unreadable")
    return _look(name, sha256)
