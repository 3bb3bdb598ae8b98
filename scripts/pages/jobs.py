"""The page of the job object, from a job as the code describes it."""

from pathlib import Path
from typing import Any

import msgspec

from rushes.engine.archive_layout import ArchiveLayout
from rushes.engine.sidecar import describe
from rushes.store.job import ARROWS, Credits, Job, Output, Quote
from scripts.pages import NOTE, table

HEAD = """\
# The job object

What `--json` prints, `job.as_dict()` returns, and the sidecar beside the files holds. Keys are
stable: new ones may come, none changes its meaning. Times are ISO 8601 in UTC, lengths in seconds,
sizes in pixels, `bytes` in bytes, credits in the provider's credits. What is not known is null.
"""

MEANINGS = {
    "id": "the job's id; any part of it that is unique at its beginning or end will do in commands",
    "status": "one of {states}",
    "provider": "the provider's id",
    "model": "the model's full id",
    "sandbox": "whether the sandbox made it; such jobs never count as real spending",
    "task_id": "the provider's id of the task, once it has named one",
    "request": "what was asked for, in Rushes' words, with the defaults; a local file stands as "
    "`sha256:` and the hash of its bytes",
    "quote.credits": "what it was expected to cost, before it was sent",
    "quote.source": "who says so: `table` (the catalog), `provider`, `learned`, or `unknown`",
    "quote.note": "how a learned price was measured; where provider and table disagree",
    "credits.reserved": "set aside, not yet known to be charged",
    "credits.charged": "taken, as far as is known",
    "credits.refunded": "given back, on the provider's word",
    "outputs[].path": "the file: your copy (`--output`), else its readable name in the archive",
    "outputs[].sha256": "the hash of its bytes",
    "outputs[].media_type": "by content, not by what the server said",
    "outputs[].bytes": "its length",
    "outputs[].width": "as measured in the file, like all that follows",
    "outputs[].height": "",
    "outputs[].seconds": "null for a picture",
    "outputs[].frames_per_second": "null for a picture",
    "outputs[].has_audio": "null for a picture",
    "outputs[].remote_url": "where it was fetched from; such links die",
    "outputs[].problem": "why this file is not here, in the shape of `error`; null when it is",
    "differences": "what came otherwise than asked; empty when nothing did",
    "error": "null, or why it failed or waits for you; see [errors](errors.md)",
    "error.code": "the stable code",
    "error.message": "what happened, and in its last line the next step",
    "error.provider_code": "the provider's own code or HTTP status",
    "error.trace_id": "the provider's id of the exchange, for its support",
    "error.retry_after": "seconds, where the provider said so",
    "error.billed": "`no`, `yes` or `unknown`",
    "created_at": "when you asked",
    "finished_at": "when it ended",
    "expires_at": "until when the provider keeps the outputs, as far as is known",
}


def page() -> str:
    """Return the page; fails when the code's job has other keys than are explained here."""
    failed = _example(failed=True)
    found = set(_paths(failed))
    if found != set(MEANINGS):
        raise SystemExit(f"scripts/pages/jobs.py: explain {sorted(found ^ set(MEANINGS))}")
    states = ", ".join(f"`{state}`" for state in ARROWS)
    rows: list[tuple[object, ...]] = [
        (f"`{path}`", meaning.format(states=states)) for path, meaning in MEANINGS.items()
    ]
    text = msgspec.json.format(msgspec.json.encode(_example()), indent=2).decode()
    return "\n".join([NOTE, HEAD, *table(("key", ""), rows), "", "```json", text, "```", ""])


def _example(*, failed: bool = False) -> dict[str, Any]:
    job = Job(
        id="j1m800775mjfnnsw",
        state="failed" if failed else "succeeded",
        provider="aivideomaker",
        model="aivideomaker/wan27",
        sandbox=True,
        credential="",
        request={
            "prompt": "a paper boat in a storm",
            "duration": 5,
            "resolution": "720p",
            "aspect_ratio": "16:9",
            "prompt_extend": False,
        },
        digest="",
        idempotency_key="",
        quote=Quote(credits=50, source="table"),
        task_id="tv_5f0c2a",
        error={"code": "OUTPUT_EXPIRED"} if failed else None,
        created_at=1795255200.0,
        finished_at=1795255290.5,
        expires_at=1795341600.0,
        outputs=(
            Output(
                position=0,
                url="https://cdn.example.com/tv_5f0c2a.mp4",
                sha256="9b1d" * 16,
                media_type="video/mp4",
                bytes=1830022,
                width=1280,
                height=720,
                seconds=5.0,
                frames_per_second=24.0,
                has_audio=False,
                archived_at=1795255290.0,
                copy="clips/a-paper-boat-in-a-storm-nnsw.mp4",
            ),
        ),
        credits=Credits(charged=50),
    )
    return describe(job, ArchiveLayout(Path("archive")))


def _paths(value: dict[str, Any], before: str = "") -> list[str]:
    """List the keys, dotted, of objects and of the objects in lists; `request` is free."""
    found = []
    for key, inner in value.items():
        path = f"{before}{key}"
        if path == "request":
            found.append(path)
        elif isinstance(inner, dict):
            found += [path] * (path == "error") + _paths(inner, f"{path}.")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            found += _paths(inner[0], f"{path}[].")
        else:
            found.append(path)
    return found
