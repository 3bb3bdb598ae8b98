"""A job as one JSON object: what `--json` prints, and what lies beside the files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from rushes.engine.archive_layout import ArchiveLayout
from rushes.engine.house import House
from rushes.store.job import Job, Output


def moment(at: float | None) -> str | None:
    """Write a time as ISO 8601 in UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def describe(job: Job, archive: ArchiveLayout) -> dict[str, Any]:
    """Return a job in the shape of `--json`; its keys are stable."""
    return {
        "id": job.id,
        "status": job.state,
        "provider": job.provider,
        "model": job.model,
        "sandbox": job.sandbox,
        "task_id": job.task_id,
        "request": job.request,
        "quote": msgspec.to_builtins(job.quote),
        "credits": msgspec.to_builtins(job.credits),
        "outputs": [
            describe_output(job, output, archive)
            for output in job.outputs
            if output.archived_at is not None or output.problem is not None
        ],
        "differences": list(job.differences),
        "error": _error(job),
        "created_at": moment(job.created_at),
        "finished_at": moment(job.finished_at),
        "expires_at": moment(job.expires_at),
    }


def _error(job: Job) -> dict[str, Any] | None:
    if job.error is None or job.state == "succeeded":
        return None
    names = ("code", "message", "provider_code", "trace_id", "retry_after", "billed")
    return {name: job.error.get(name) for name in names}


def output_path(job: Job, output: Output, archive: ArchiveLayout) -> Path | None:
    """Where a person finds an output: their own copy, else its readable name in the archive."""
    if output.archived_at is None or output.media_type is None:
        return None
    if output.copy is not None:
        return Path(output.copy)
    return archive.named(job, output.position, output.media_type)


def describe_output(job: Job, output: Output, archive: ArchiveLayout) -> dict[str, Any]:
    """Return one output in the shape of `--json`."""
    path = output_path(job, output, archive)
    return {
        "path": None if path is None else str(path),
        "sha256": output.sha256,
        "media_type": output.media_type,
        "bytes": output.bytes,
        "width": output.width,
        "height": output.height,
        "seconds": output.seconds,
        "frames_per_second": output.frames_per_second,
        "has_audio": output.has_audio,
        "remote_url": output.url,
        "problem": output.problem,
    }


def sidecar(house: House, job: Job) -> bytes:
    """Write a job's facts for the person who finds its files years later."""
    table = describe(job, house.archive)
    table.pop("status")
    return msgspec.json.format(msgspec.json.encode(table), indent=2) + b"\n"
