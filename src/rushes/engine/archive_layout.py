"""Where things lie in the archive. Names are made here alone, never by a stranger.

objects/ab/ab12....mp4                                  outputs and inputs, by what they hold
inputs/cd/cd34....png                                   input media, by what they hold
parts/<job>-<position>-<claim>.part                     downloads under way
2026-11-21/142233-a-paper-boat-7m2q/1.mp4, job.json     for people: links and a sidecar
"""

import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

from rushes.store.job import Job

EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
}


def slug(text: str, *, length: int = 40) -> str:
    """Make a short name of letters, digits and hyphens from any text."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > length:
        words = words[:length].rsplit("-", 1)[0]
    return words.strip("-")


class ArchiveLayout:
    """Paths under the archive's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def object(self, sha256: str, media_type: str) -> Path:
        """Where bytes of that digest lie."""
        return self.folder / "objects" / sha256[:2] / f"{sha256}{EXTENSIONS.get(media_type, '')}"

    def held(self, sha256: str) -> Path | None:
        """Where bytes of that digest lie, whatever their type; None where they do not."""
        folder = self.folder / "objects" / sha256[:2]
        return next(folder.glob(f"{sha256}*"), None)

    def body(self, job_id: str, attempt: int) -> Path:
        """Where a large create's body lies."""
        return self.folder / "bodies" / f"{job_id}-{attempt}.json"

    def part(self, job: Job, position: int) -> Path:
        """Where a download lies until it has been checked: each claim writes its own file.

        A process that lost the job and does not know it yet still has its own open.
        """
        return self.folder / "parts" / f"{job.id}-{position}-{job.claim}.part"

    def parts(self, job: Job, position: int) -> list[Path]:
        """All downloads of one output that were ever begun and are still there."""
        return sorted((self.folder / "parts").glob(f"{job.id}-{position}-*.part"))

    def shelf(self, job: Job) -> Path:
        """The folder in which a person finds a job's outputs."""
        made = datetime.fromtimestamp(job.created_at, UTC)
        name = f"{made:%H%M%S}-{title(job)}-{job.id[-4:]}"
        return self.folder / f"{made:%Y-%m-%d}" / name

    def named(self, job: Job, position: int, media_type: str) -> Path:
        """The name under which a person finds one output."""
        return self.shelf(job) / f"{position + 1}{EXTENSIONS.get(media_type, '')}"

    def copy_name(self, job: Job, position: int, media_type: str) -> str:
        """The readable name of the user's own copy: unlike any other job's."""
        number = f"-{position + 1}" if len(job.outputs) > 1 else ""
        return f"{title(job)}-{job.id[-4:]}{number}{EXTENSIONS.get(media_type, '')}"

    def relative(self, path: Path) -> str:
        """A path as the store keeps it: relative to the archive's folder."""
        return path.relative_to(self.folder).as_posix()


def title(job: Job) -> str:
    """Name a job by its prompt, or by its model where it has none."""
    prompt = job.request.get("prompt") or ""
    text = prompt[0] if isinstance(prompt, list) and prompt else prompt
    return slug(text if isinstance(text, str) else "") or slug(job.model.split("/")[-1])


def type_of(path: Path) -> str:
    """Tell the media type of a stored file by the ending that it was given here."""
    types = {ending: media_type for media_type, ending in reversed(EXTENSIONS.items())}
    return types.get(path.suffix, "application/octet-stream")
