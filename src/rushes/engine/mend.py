"""Brings a stored output back: from its other names on this disk, else from the provider.

Bytes are put in an output's place only when their digest is the one on record. Whatever else
lies there, or comes, is kept aside. A job stays what it is: only events tell of it.
"""

from pathlib import Path
from typing import NamedTuple

from rushes.engine.archive import fresh_link
from rushes.engine.download import download
from rushes.engine.fetch import LinkGone, TryLater, checked, digest_of
from rushes.engine.files import temporary
from rushes.engine.house import House
from rushes.errors import RushesError
from rushes.store.job import Change, Job, Output
from rushes.store.protocol import Stale

BLOCK = 1 << 20


class Mended(NamedTuple):
    """Whether a file is whole again, and how, or why not."""

    done: bool
    words: str = ""


async def mend(house: House, job: Job, output: Output, *, bad: str) -> Mended:
    """Bring one output of a job back; `bad` names what lies in its place, "" if nothing."""
    if not job.ended:
        return Mended(False, f"its job has not ended; run: rushes jobs resume {job.id}")
    try:
        if (source := await house.work(_elsewhere, house, job, output)) is not None:
            await _restore(house, job, output, source, bad)
            return Mended(True, f"restored from {source}")
        return await _fetch_again(house, job, output, bad)
    except LinkGone as error:
        return Mended(False, f"{job.provider} no longer has it: {error}")
    except TryLater as error:
        return Mended(False, f"it cannot be had now, verify again later: {error}")
    except Stale:
        return Mended(False, "its job was changed meanwhile; verify again")
    except RushesError as error:
        return Mended(False, error.message)
    except OSError as error:
        return Mended(False, error.strerror or str(error))


async def mend_name(house: House, path: Path, name: Path, *, bad: str) -> Mended:
    """Give a whole output its readable name again; `bad` names what has that name, "" if nothing.

    That is left as it is, unless it is the very file that was kept aside: then the name is all
    that another job had of it.
    """

    def link() -> bool:
        if bad:
            asides = (house.archive.folder / "aside").glob(f"*-{bad[:12]}*")
            if not any(aside.samefile(name) for aside in asides):
                return False
            house.files.remove(name)
        house.files.link(path, name)
        return True

    try:
        if not await house.work(link):
            return Mended(False, f"the bytes on record are whole at {path}")
    except RushesError as error:
        return Mended(False, error.message)
    except OSError as error:
        return Mended(False, error.strerror or str(error))
    return Mended(True, "named again")


def _elsewhere(house: House, job: Job, output: Output) -> Path | None:
    """Find a file on this disk that has the output's bytes: its readable name, or the copy."""
    names = [house.archive.named(job, output.position, str(output.media_type))]
    if output.copy is not None:
        names.append(Path(output.copy))
    for name in names:
        try:
            if name.is_file() and digest_of(name) == output.sha256:
                return name
        except OSError:
            continue
    return None


async def _restore(house: House, job: Job, output: Output, source: Path, bad: str) -> None:
    if not bad and source == house.archive.named(job, output.position, str(output.media_type)):
        await house.work(_name_again, house, source, house.archive.folder / str(output.file))
        await _tell(house, job, output, "output-restored")
        return
    part = _part(house, job, output)

    def copy() -> None:
        file = house.files.open_part(part, keep=False)
        try:
            with file, source.open("rb") as origin:
                while block := origin.read(BLOCK):
                    house.files.write(file, block)
                house.files.sync(file)
            if digest_of(part) != output.sha256:
                raise OSError(f"{source} changed while it was read")
        except BaseException:
            house.files.remove(part)
            raise

    await house.work(copy)
    await _place(house, job, output, part, bad)
    await _tell(house, job, output, "output-restored")


async def _fetch_again(house: House, job: Job, output: Output, bad: str) -> Mended:
    house.credentials.available(sandbox=job.sandbox)
    credential = house.credential(job)
    link = await fresh_link(house, job, output, credential) or output
    part = _part(house, job, output)
    digest = await download(house, link, part, credential)
    try:
        return await _keep(house, job, link, part, digest, bad)
    except BaseException:
        await house.work(house.files.remove, part)
        raise


async def _keep(
    house: House, job: Job, output: Output, part: Path, digest: str, bad: str
) -> Mended:
    """Put a download in its place when it is the file on record, else aside."""
    facts = await checked(house, part)
    if digest != output.sha256:
        aside = _aside(house, job, output, digest, facts.media_type)
        await _tell(house, job, output, "output-differs", sha256=digest, kept=str(aside))
        await house.work(_put, house, part, aside)
        return Mended(False, f"{job.provider} has another file now; it is kept at {aside}")
    await _tell(house, job, output, "output-checked")
    await _place(house, job, output, part, bad)
    await _tell(house, job, output, "output-refetched")
    return Mended(True, f"fetched again from {job.provider}")


def _part(house: House, job: Job, output: Output) -> Path:
    """Name a download of this process alone; what dead ones left is removed."""
    return temporary(house.archive.folder / "parts" / f"{job.id}-{output.position}")


def _aside(house: House, job: Job, output: Output, digest: str, media_type: str) -> Path:
    ending = house.archive.object(digest, media_type).suffix
    return house.archive.folder / "aside" / f"{job.id}-{output.position + 1}-{digest[:12]}{ending}"


async def _place(house: House, job: Job, output: Output, part: Path, bad: str) -> None:
    """Put good bytes in the output's place; what lay there keeps a name aside."""
    final = house.archive.folder / str(output.file)
    name = house.archive.named(job, output.position, str(output.media_type))

    def place() -> None:
        is_named = bad != "" and name.exists() and name.samefile(final)
        if bad:
            _put(house, final, _aside(house, job, output, bad, str(output.media_type)))
        _put(house, part, final)
        if is_named:
            house.files.remove(name)
            house.files.link(final, name)

    await house.work(place)


def _name_again(house: House, source: Path, final: Path) -> None:
    """Put an output that has only its readable name left back in its place, without copying."""
    house.files.link(source, final)
    house.files.sync_folder(final.parent)
    house.files.sync_folder(final.parent.parent)


def _put(house: House, part: Path, final: Path) -> None:
    house.files.place(part, final)
    house.files.sync_folder(final.parent)
    house.files.sync_folder(final.parent.parent)


async def _tell(house: House, job: Job, output: Output, kind: str, **more: str) -> None:
    data = {"position": output.position, "sha256": output.sha256, "bytes": output.bytes}
    await house.store.apply(
        Change(
            job_id=job.id,
            expect=frozenset({job.state}),
            outputs=(output,),
            kind=kind,
            data=data | more,
            at=house.clock.now(),
        )
    )
