"""Streams a link's bytes to a temporary file: resumes after a break, hashes, and syncs."""

import contextlib
import hashlib
from pathlib import Path
from typing import BinaryIO

from rushes.engine.credentials import Credential
from rushes.engine.failures import AnswerLost, ForbiddenAddress, NeverMade, TooLarge
from rushes.engine.house import House
from rushes.engine.pace import LONGEST, Pace, TooSlow
from rushes.errors import OutputInvalid
from rushes.store.job import Output

TRIES = 5
MAX_BYTES = 8 * 1024**3
EXPIRED = frozenset({401, 403, 404, 410})


class LinkGone(Exception):
    """The link no longer leads to the file."""


class TryLater(Exception):
    """The file could not be had now; it may be had later."""


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


async def download(house: House, output: Output, path: Path, credential: Credential) -> str:
    """Stream an output to a temporary file that is synced; return its SHA-256.

    When anything goes wrong, the file is removed. Raises LinkGone, TryLater, OutputInvalid, or
    StoreError when the disk refuses.
    """
    part = _Part(house, path)
    try:
        await house.work(part.begin)
        await _stream_whole(house, output, part, credential)
        return await house.work(part.finish)
    except BaseException:
        await house.work(part.discard)
        raise


async def _stream_whole(house: House, output: Output, part: _Part, credential: Credential) -> None:
    """Stream until all bytes are here. Only tries that brought nothing new, or dripped, count."""
    validator: str | None = None
    began = house.clock.elapsed()
    furthest, fruitless = 0, 0
    while True:
        try:
            pace = Pace(house.clock, began=began)
            await _stream(house, output, part, credential, validator, pace)
            return
        except TooLarge as error:
            raise OutputInvalid(f"The output is too large: {error}.") from None
        except ForbiddenAddress as error:
            raise OutputInvalid(f"The output's link is not followed: {error}.") from None
        except (AnswerLost, NeverMade) as error:
            if isinstance(error, _Broken):
                validator = error.validator
            is_slow = isinstance(error, _Broken) and error.is_slow
            fruitless = 1 if part.length > furthest and not is_slow else fruitless + 1
            furthest = max(furthest, part.length)
            if fruitless >= TRIES or house.clock.elapsed() - began >= LONGEST:
                raise TryLater(str(error)) from None
        await house.clock.sleep(min(30.0, 2.0**fruitless))


class _Broken(AnswerLost):
    """A stream that ended early; what came is kept if a validator lets it be continued."""

    def __init__(self, message: str, validator: str | None, *, is_slow: bool = False) -> None:
        self.validator = validator
        self.is_slow = is_slow
        super().__init__(message)


async def _stream(
    house: House,
    output: Output,
    part: _Part,
    credential: Credential,
    validator: str | None,
    pace: Pace,
) -> None:
    if validator is None and part.length:
        await house.work(part.begin)
    async with house.transport.download(
        output.url,
        start=part.length,
        validator=validator,
        allow_private=credential.allows_private_links,
        max_bytes=MAX_BYTES,
    ) as opened:
        if opened.status in EXPIRED:
            raise LinkGone(f"the link answers {opened.status}")
        if opened.status not in (200, 206, 416):
            raise _Broken(f"the link answers {opened.status}", validator)
        if opened.start != part.length:
            await house.work(part.begin)
        try:
            async for chunk in opened.chunks():
                await house.work(part.write, chunk)
                pace.take(len(chunk))
        except TooLarge:
            raise
        except AnswerLost as error:
            is_slow = isinstance(error, TooSlow)
            raise _Broken(str(error), opened.validator, is_slow=is_slow) from None
        if opened.length is not None and part.length != opened.length:
            raise _Broken(f"{part.length} of {opened.length} bytes came", opened.validator)
