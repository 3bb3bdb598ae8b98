"""Where the sandbox keeps files: media that was put there, and outputs once they are drawn."""

import os
import re
import threading
from collections import OrderedDict
from pathlib import Path

__all__ = ["MEDIA_TYPES", "Shelf", "media_name", "media_type_of"]

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "heic": "image/heic",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "bin": "application/octet-stream",
}
_NAME = re.compile(r"[0-9a-f]{64}")


class Shelf:
    """Files by name, in a folder that several processes may share, or in memory.

    With `limit` (bytes) the files used longest ago go first; what goes must be made again.
    """

    def __init__(self, folder: Path | None, limit: int | None = None) -> None:
        self._folder = folder
        self._limit = limit
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Say whether a file of that name is there."""
        if self._folder is not None:
            return (self._folder / name).is_file()
        with self._lock:
            return name in self._held

    def get(self, name: str) -> bytes | None:
        """Return a file's bytes, or None."""
        if self._folder is not None:
            path = self._folder / name
            try:
                content = path.read_bytes()
                os.utime(path)
            except FileNotFoundError:
                return None
            return content
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
            return self._held.get(name)

    def put(self, name: str, content: bytes) -> None:
        """Keep a file; readers see it whole or not at all."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            new = self._folder / f"{name}.{os.getpid()}.{threading.get_ident()}.new"
            new.write_bytes(content)
            new.replace(self._folder / name)
            self._thin()
            return
        with self._lock:
            self._bytes += len(content) - len(self._held.get(name, b""))
            self._held[name] = content
            self._held.move_to_end(name)
            while self._limit is not None and self._bytes > self._limit and len(self._held) > 1:
                _, gone = self._held.popitem(last=False)
                self._bytes -= len(gone)

    def _thin(self) -> None:
        if self._folder is None or self._limit is None:
            return
        files = []
        for path in self._folder.iterdir():
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue  # another process was quicker
            files.append((stat.st_mtime, stat.st_size, path))
        held = sum(size for _, size, _ in files)
        for _, size, path in sorted(files)[:-1]:
            if held <= self._limit:
                return
            path.unlink(missing_ok=True)
            held -= size


def media_name(path: str) -> str | None:
    """Return the name on the shelf that a path of the media host means, or None."""
    head, _, rest = path.rpartition("/")
    stem = rest.partition(".")[0]
    return stem if head == "/_media" and _NAME.fullmatch(stem) else None


def media_type_of(content: bytes) -> str:
    """Return the ending of the kind of file that these bytes begin like, else `bin`."""
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        if brand in (b"heic", b"heix", b"mif1", b"hevc"):
            return "heic"
        return "mov" if brand == b"qt  " else "mp4"
    if content[:4] == b"RIFF":
        return {b"WEBP": "webp", b"WAVE": "wav"}.get(content[8:12], "bin")
    for start, ending in (
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff", "jpg"),
        (b"GIF8", "gif"),
        (b"BM", "bmp"),
        (b"\x1aE\xdf\xa3", "webm"),
        (b"ID3", "mp3"),
    ):
        if content.startswith(start):
            return ending
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0:
        return "mp3"
    return "bin"
