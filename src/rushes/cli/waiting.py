"""Tells which jobs wait because their key is not here."""

from collections.abc import Iterable, Mapping
from typing import Any

from rushes.cli.failures import show_error
from rushes.cli.running import Face
from rushes.client.job import AsyncJob
from rushes.errors import MissingCredential


async def missing_keys(face: Face, jobs: Iterable[AsyncJob]) -> dict[str, MissingCredential]:
    """Return for each job whose key is not here the error that says how it goes on."""
    from rushes.client.missing import missing

    return await missing(face.client.session, [job.record for job in jobs])


def waits_as_dict(error: MissingCredential | None) -> dict[str, Any]:
    """Return for `--json` why a job waits: nothing where it does not."""
    return {} if error is None else {"waits": error.as_dict()}


def tell_missing(face: Face, missing: Mapping[str, MissingCredential]) -> None:
    """Say of a list of jobs that some wait for their keys, and how the first goes on."""
    if missing:
        first = next(iter(missing.values()))
        show_error(first)
        others = ", ".join(list(missing)[1:6])
        if others:
            face.note(f"So do: {others}{', ...' if len(missing) > 6 else ''}")
