"""What a provider's list of tasks proves about a create whose answer was lost. Pure.

Times of the provider are compared by its own clock: `skew` is its clock less ours, in seconds.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec

from rushes.catalog.schema import Model
from rushes.providers.base import Task
from rushes.store.job import Job, Submission

QUIET_BEFORE_ABSENCE = 120.0
"""Seconds between the end of the send and the first list in which absence counts."""

BETWEEN_LISTS = 60.0
"""Seconds between the two lists in which the task must be absent."""

ASSUMED_KEY_HOURS = 1.0
"""How long an idempotency key is held to be remembered where the provider does not say: ours."""

SLACK = 5.0
"""Seconds by which a provider's dates may lie outside the send: its Date has whole seconds."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The list shows a task that is ours; by our key, or by equal body and time."""

    task: Task
    by: Literal["idempotency key", "equal body and time"]


class Absent(msgspec.Struct, frozen=True):
    """The list reaches back beyond the send and does not show our task."""


class Unknown(msgspec.Struct, frozen=True):
    """The list proves nothing."""

    why: str


def weigh(
    job: Job,
    model: Model,
    submission: Submission,
    body: bytes,
    tasks: Sequence[Task],
    *,
    owned: Collection[str],
    equal_still_submitting: bool,
    known_empty_before: bool,
    skew: float,
) -> Found | Absent | Unknown:
    """Weigh one list. `owned` are the listed tasks that belong to a job or submission of ours."""
    ours = next((task for task in tasks if task.idempotency_key == job.idempotency_key), None)
    if ours is not None:
        return Found(task=ours, by="idempotency key")
    began = submission.at + skew - SLACK
    ended = (submission.ended_at or submission.at) + skew + SLACK
    alike = [
        task
        for task in tasks
        if task.id not in owned
        and task.idempotency_key is None
        and task.created_at is not None
        and began <= task.created_at <= ended
        and _is_equal(task, model, body)
    ]
    if alike and equal_still_submitting:
        return Unknown(why="an equal request is still being sent")
    if alike:
        oldest = min(alike, key=lambda task: task.created_at or 0.0)
        return Found(task=oldest, by="equal body and time")
    if not known_empty_before and not any(
        task.created_at is not None and task.created_at < began for task in tasks
    ):
        return Unknown(why="the list does not reach back to before the send")
    return Absent()


def _is_equal(task: Task, model: Model, body: bytes) -> bool:
    if task.model != model.name or task.params is None:
        return False
    try:
        sent = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return False
    return isinstance(sent, dict) and _plain(sent) == _plain(task.params)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is null: an answer may name what was not given."""
    return {name: value for name, value in params.items() if value is not None}
