"""Read a task as AIVideoMaker shows it, alone or in a list."""

from collections.abc import Mapping
from typing import Any

from rushes.providers.base import Phase, RemoteOutput, Task
from rushes.providers.reading import link, moment, text, whole

__all__ = ["PHASES", "read_task"]

PHASES: Mapping[str, Phase] = {
    "SUBMITTED": "queued",
    "PROGRESS": "running",
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CANCEL": "canceled",
}


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
