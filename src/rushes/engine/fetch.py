"""Brings one output here: stream, resume, hash, check, and put in its place.

The order is the promise: bytes are synced before their digest is committed, the digest is
committed before the final name exists, and the name is synced before `archived` is committed.
"""

import contextlib
import hashlib
from pathlib import Path
from typing import BinaryIO

import msgspec

from rushes.engine.credentials import Credential
from rushes.engine.failures import AnswerLost, ForbiddenAddress, NeverMade, TooLarge
from rushes.engine.house import House
from rushes.engine.probe import Facts, probe
from rushes.errors import OutputInvalid
from rushes.store.job import Change, Job, Output

TRIES = 5
MAX_BYTES = 8 * 1024**3
EXPIRED = frozenset({401, 403, 404, 410})


class LinkGone(Exception):
    """The link no longer leads to the file."""


class TryLater(Exception):
    """The file could not be had now; it may be had later."""


async def adopt(house: House, output: Output) -> bool:
    """Say whether an output whose digest is on record lies finished in its place already."""
    if output.sha256 is None or output.file is None:
        return False
    path = house.archive.folder / output.file
    if not path.is_file():
        return False
    return await house.work(_digest, path) == output.sha256


async def fetch(house: House, job: Job, output: Output, credential: Credential) -> Output:
    """Bring one output into the archive and return it with its facts.

    Raises LinkGone, TryLater, OutputInvalid, or StoreError when the disk refuses.
    """
    if await adopt(house, output):
        return await _done(house, job, output)
    part = await house.work(_left_behind, house, job, output)
    if part is not None:
        return await _place(house, job, output, part)
    part = house.archive.part(job, output.position)
    digest = await _download(house, output, part, credential)
    facts = await _checked(house, part)
    known = msgspec.structs.replace(
        output,
        sha256=digest,
        file=house.archive.relative(house.archive.object(digest, facts.media_type)),
        bytes=part.stat().st_size,
        problem=None,
        **msgspec.structs.asdict(facts),
    )
    await _commit(house, job, known, kind="output-checked")
    return await _place(house, job, known, part)


def _left_behind(house: House, job: Job, output: Output) -> Path | None:
    """Return the finished download of a process that died before it gave it its name.

    Other downloads of this output, begun under earlier claims, are removed.
    """
    found = None
    for part in house.archive.parts(job, output.position):
        if output.file is not None and found is None and _digest(part) == output.sha256:
            found = part
        else:
            house.files.remove(part)
    return found


async def _place(house: House, job: Job, output: Output, part: Path) -> Output:
    final = house.archive.folder / str(output.file)

    def put() -> None:
        if final.exists() and _digest(final) == output.sha256:
            house.files.remove(part)
            return
        house.files.place(part, final)
        house.files.sync_folder(final.parent)
        house.files.sync_folder(final.parent.parent)

    await house.work(put)
    return await _done(house, job, output)


async def _done(house: House, job: Job, output: Output) -> Output:
    done = msgspec.structs.replace(output, archived_at=house.clock.now(), problem=None)
    await _commit(house, job, done, kind="output")
    return done


async def _commit(house: House, job: Job, output: Output, *, kind: str) -> None:
    await house.store.apply(
        Change(
            job_id=job.id,
            expect=frozenset({"archiving"}),
            fence=house.fence(job),
            outputs=(output,),
            kind=kind,
            data={"position": output.position, "sha256": output.sha256, "bytes": output.bytes},
            at=house.clock.now(),
        )
    )


async def _checked(house: House, part: Path) -> Facts:
    try:
        return await house.work(probe, part)
    except OutputInvalid:
        await house.work(house.files.remove, part)
        raise


class _Part:
    """A temporary file under way, its hash and its length. Used from one thread at a time."""

    def __init__(self, house: House, path: Path) -> None:
        self._files = house.files
        self._path = path
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self.length = 0

    def write(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - begun before anything is written
        self._files.write(self._file, data)
        self._hash.update(data)
        self.length += len(data)

    def begin(self) -> None:
        """Open the file empty; bytes that came before are dropped."""
        self.close()
        self._file = self._files.open_part(self._path, keep=False)
        self._hash = hashlib.sha256()
        self.length = 0

    def finish(self) -> str:
        assert self._file is not None  # noqa: S101 - begun before anything is written
        self._files.sync(self._file)
        self._file.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        # What could not be written any more is of no use; a full disk says so again here.
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()

    def discard(self) -> None:
        self.close()
        self._files.remove(self._path)


async def _download(house: House, output: Output, path: Path, credential: Credential) -> str:
    """Stream an output to a temporary file, resuming after a break; return its SHA-256."""
    part = _Part(house, path)
    try:
        await house.work(part.begin)
        await _stream_whole(house, output, part, credential)
        return await house.work(part.finish)
    except BaseException:
        await house.work(part.discard)
        raise


async def _stream_whole(house: House, output: Output, part: _Part, credential: Credential) -> None:
    """Stream until all bytes are here. Only tries that brought nothing new are counted."""
    validator: str | None = None
    furthest, fruitless = 0, 0
    while True:
        try:
            await _stream(house, output, part, credential, validator)
            return
        except TooLarge as error:
            raise OutputInvalid(f"The output is too large: {error}.") from None
        except ForbiddenAddress as error:
            raise OutputInvalid(f"The output's link is not followed: {error}.") from None
        except (AnswerLost, NeverMade) as error:
            if isinstance(error, _Broken):
                validator = error.validator
            fruitless = 1 if part.length > furthest else fruitless + 1
            furthest = max(furthest, part.length)
            if fruitless >= TRIES:
                raise TryLater(str(error)) from None
        await house.clock.sleep(min(30.0, 2.0**fruitless))


class _Broken(AnswerLost):
    """A stream that ended early; what came is kept if a validator lets it be continued."""

    def __init__(self, message: str, validator: str | None) -> None:
        self.validator = validator
        super().__init__(message)


async def _stream(
    house: House, output: Output, part: _Part, credential: Credential, validator: str | None
) -> None:
    if validator is None and part.length:
        await house.work(part.begin)
    async with house.transport.download(
        output.url,
        start=part.length,
        validator=validator,
        allow_private=credential.allows_private_links,
        max_bytes=MAX_BYTES,
    ) as download:
        if download.status in EXPIRED:
            raise LinkGone(f"the link answers {download.status}")
        if download.status not in (200, 206, 416):
            raise _Broken(f"the link answers {download.status}", validator)
        if download.start != part.length:
            await house.work(part.begin)
        try:
            async for chunk in download.chunks():
                await house.work(part.write, chunk)
        except TooLarge:
            raise
        except AnswerLost as error:
            raise _Broken(str(error), download.validator) from None
        if download.length is not None and part.length != download.length:
            raise _Broken(f"{part.length} of {download.length} bytes came", download.validator)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
