"""What a verification of the archive found."""

from typing import Literal

import msgspec

Role = Literal["output", "input", "name"]
Problem = Literal["missing", "changed", "unreadable"]


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive that is not what the store says.

    `role` tells whether it is an output's or an input's bytes, or the readable name under which
    a person finds an output that is itself whole.
    """

    job_id: str
    role: Role
    position: int | None = None
    """Which of the job's outputs, from 0."""
    path: str
    sha256: str
    """What is on record."""
    problem: Problem
    mended: bool = False
    detail: str = ""
    """How it was mended, or why it was not."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what was wrong. Each stored file is read once."""

    jobs: int
    files: int
    bytes: int
    damages: tuple[Damage, ...]
    strays: tuple[str, ...]
    """Files that no job knows, and temporary files that nobody writes; they are left there."""

    @property
    def ok(self) -> bool:
        """Whether all is whole now. Strays harm nothing."""
        return all(damage.mended for damage in self.damages)
