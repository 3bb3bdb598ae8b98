"""What the client hands out: previews, balances, events, and the outputs of a job."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from rushes.engine.verified import Damage as Damage
from rushes.engine.verified import Verification as Verification
from rushes.errors import Problem
from rushes.store.job import Quote

INLINE_BYTES = 20 * 1024 * 1024
"""Larger files are named, not embedded, in a notebook."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a job. `kind` is the new status, or `looked`, `output`, ..."""

    seq: int
    job_id: str
    at: float
    kind: str
    status: str
    data: Mapping[str, Any]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's account. `credits` is None where its answer shows no balance."""

    provider: str
    sandbox: bool
    credits: int | None
    key: str
    """Masked."""
    source: str
    """Where the key was found."""
    name: str = ""
    """What the key is called."""
    problem: dict[str, Any] | None = None


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """What the jobs of one day, model or credential come to, in one provider's credits.

    A job counts on the day on which it was asked for. `charged` is what was taken before any
    refund; `provider_said`, `by_quote`, `learned` and `assumed` are its parts by who said so.
    Only `provider_said` claims to be exact, and `refunded`, which only providers say.
    """

    name: str
    """The day (`2026-11-21`), the model's full id, or the credential's fingerprint."""
    provider: str
    jobs: int
    reserved: int
    """Still set aside."""
    charged: int
    refunded: int
    provider_said: int
    by_quote: int
    """Not said by the provider: the price that was quoted."""
    learned: int
    """Measured, or as measured: the balance fell by so much."""
    assumed: int
    unknown: int
    """How many jobs succeeded at a cost that nobody knows; they are in no sum."""
    sandbox: bool
    key: str = ""
    """What the credential is called, in a row for a credential."""

    @property
    def net(self) -> int:
        """What was charged and not given back."""
        return self.charged - self.refunded


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at before a request would be sent."""

    name: str
    ok: bool
    detail: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What `generate` would send: the exact HTTP request with the key masked, and every check."""

    model: str
    request: dict[str, Any]
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    quote: Quote
    key_source: str | None
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether `generate` would send it."""
        return all(check.ok for check in self.checks)


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One file that came out. Shown as itself in a notebook.

    Sizes are pixels, `bytes_count` bytes, times seconds.
    """

    path: Path
    sha256: str
    media_type: str
    bytes_count: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    frames_per_second: float | None = None
    has_audio: bool | None = None
    remote_url: str = ""

    def open(self) -> BinaryIO:
        """Open the file for reading bytes."""
        return self.path.open("rb")

    def bytes(self) -> bytes:
        """Read the whole file."""
        return self.path.read_bytes()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        name = f"{self.path.name} ({self.media_type}, {self.bytes_count} bytes)"
        bundle: dict[str, Any] = {"text/plain": name}
        if self.bytes_count <= INLINE_BYTES:
            data = base64.b64encode(self.bytes()).decode()
            if self.media_type.startswith("image/"):
                bundle[self.media_type] = data
            elif self.media_type.startswith("video/"):
                bundle["text/html"] = (
                    f'<video controls loop src="data:{self.media_type};base64,{data}"></video>'
                )
        return bundle
