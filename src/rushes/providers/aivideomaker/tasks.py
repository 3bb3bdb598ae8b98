"""Read a task as AIVideoMaker shows it, alone or in a list."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from rushes.providers.base import Phase, RemoteOutput, Task
from rushes.providers.reading import json_object, link, moment, task_id, text, whole

__all__ = ["PHASES", "read_list", "read_row", "read_task"]

PHASES: Mapping[str, Phase] = {
    "SUBMITTED": "queued",
    "PROGRESS": "running",
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CANCEL": "canceled",
}

_UNFINISHED = ("SUBMITTED", "PROGRESS")


class Listed(msgspec.Struct):
    """A list of tasks whose rows are not read yet: there can be many thousands."""

    rows: list[msgspec.Raw] = msgspec.field(name="tasks")
    status: Any = None

    @property
    def failed(self) -> bool:
        """Whether this is an error body."""
        return bool(self.status == "FAILED")


class _Head(msgspec.Struct):
    id: Any = None
    status: Any = None


_LIST = msgspec.json.Decoder(Listed)
_HEAD = msgspec.json.Decoder(_Head)


def read_list(body: bytes) -> Listed | None:
    """Return the list that a body is, or None for anything else."""
    try:
        return _LIST.decode(body)
    except (ValueError, RecursionError):
        return None


def read_row(row: msgspec.Raw, among: Collection[str] | None) -> Task | None:
    """Return the task in a row; None for a row that is no task with an id.

    Of `among`, see Adapter.tasks: what is not waited for is not read whole.
    """
    try:
        head = _HEAD.decode(row)
    except (ValueError, RecursionError):
        return None
    known = task_id(head.id)
    if known is None:
        return None
    if among is not None:
        status = head.status if head.status in _UNFINISHED else text(head.status, 60)
        phase = PHASES.get(status, "unknown")
        if known not in among or phase in ("queued", "running", "unknown"):
            return Task(id=known, phase=phase, status=status)
    fields = json_object(row)
    return None if fields is None else read_task(fields, id=known)


def read_task(fields: Mapping[str, Any], *, id: str) -> Task:
    """Return the task; one without a readable status has status "" and phase unknown."""
    status = text(fields.get("status"), 60)
    phase = PHASES.get(status, "unknown")
    output = fields.get("output")
    params = fields.get("input")
    return Task(
        id=id,
        phase=phase,
        status=status,
        outputs=_outputs(output) if phase == "succeeded" else (),
        code=_code(fields) if phase == "failed" else None,
        message=_reason(fields, output) if phase == "failed" else "",
        credits_charged=whole(fields.get("creditsCharged")),
        credits_refunded=whole(fields.get("creditsRefunded")),
        created_at=moment(fields.get("createdAt")),
        completed_at=moment(fields.get("completedAt")),
        idempotency_key=text(fields.get("idempotencyKey"), 200) or None,
        model=text(fields.get("model"), 200) or None,
        params=params if isinstance(params, dict) else None,
    )


def _outputs(output: Any) -> tuple[RemoteOutput, ...]:
    """Read the link, which has come under `url` and under `videoUrl`."""
    if not isinstance(output, dict):
        return ()
    urls = (link(output.get("url")), link(output.get("videoUrl")))
    return tuple(RemoteOutput(url=url) for url in dict.fromkeys(urls) if url)


def _code(fields: Mapping[str, Any]) -> str:
    refused = text(fields.get("errorCode"), 60).upper() == "CONTENT_REFUSED"
    return "CONTENT_REFUSED" if refused else "GENERATION_FAILED"


def _reason(fields: Mapping[str, Any], output: Any) -> str:
    said = output if isinstance(output, dict) else {}
    words = (said.get("error"), fields.get("message"), said.get("msg"))
    return next((line for word in words if (line := text(word))), "")
