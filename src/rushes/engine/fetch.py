"""Brings one output here: stream, resume, hash, check, and put in its place.

The order is the promise: bytes are synced before their digest is committed, the digest is
committed before the final name exists, and the name is synced before `archived` is committed.
"""

import hashlib
from pathlib import Path

import msgspec

from rushes.engine.credentials import Credential
from rushes.engine.download import LinkGone, TryLater, download
from rushes.engine.house import House
from rushes.engine.probe import Facts, probe
from rushes.errors import OutputInvalid
from rushes.store.job import Change, Job, Output

__all__ = ["LinkGone", "TryLater", "adopt", "checked", "digest_of", "fetch"]


async def adopt(house: House, output: Output) -> bool:
    """Say whether an output whose digest is on record lies finished in its place already."""
    if output.sha256 is None or output.file is None:
        return False
    path = house.archive.folder / output.file
    if not path.is_file():
        return False
    return await house.work(digest_of, path) == output.sha256


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
    digest = await download(house, output, part, credential)
    facts = await checked(house, part)
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
        if output.file is not None and found is None and digest_of(part) == output.sha256:
            found = part
        else:
            house.files.remove(part)
    return found


async def _place(house: House, job: Job, output: Output, part: Path) -> Output:
    final = house.archive.folder / str(output.file)

    def put() -> None:
        if final.exists() and digest_of(final) == output.sha256:
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


async def checked(house: House, part: Path) -> Facts:
    """Return a download's facts; one that is no good is removed. Raises OutputInvalid."""
    try:
        return await house.work(probe, part)
    except OutputInvalid:
        await house.work(house.files.remove, part)
        raise


def digest_of(path: Path) -> str:
    """Return a file's SHA-256, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
