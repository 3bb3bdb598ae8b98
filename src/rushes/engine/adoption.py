"""Takes over a task that another tool created."""

import secrets

from rushes.catalog.schema import Model
from rushes.engine.credentials import Credential
from rushes.engine.exchange import query
from rushes.engine.house import House
from rushes.engine.intake import digest, new_id
from rushes.engine.keyring import tell_name
from rushes.errors import (
    InvalidModel,
    InvalidPayload,
    Problem,
    RushesError,
    TaskNotFound,
    error_class,
)
from rushes.providers.base import NoTask, Task, Trouble
from rushes.requests import from_wire
from rushes.store.job import Job
from rushes.store.protocol import Filter


async def holder(house: House, provider: str, task_id: str, *, sandbox: bool) -> Credential:
    """Return the key that knows a task, the first one where none does. Raises MissingCredential."""
    first = house.credentials.get(provider, sandbox=sandbox)
    candidates = house.credentials.candidates(provider, sandbox=sandbox)
    for one in candidates if len(candidates) > 1 else ():
        if isinstance(await query(house, one, one.adapter.query(task_id)), Task):
            return one
    return first


async def adopt(
    house: House,
    credential: Credential,
    task_id: str,
    *,
    model: Model | None,
    output_dir: str | None,
) -> Job:
    """Look at the task, then store a running job for it. A task that a job has is that job.

    Raises TaskNotFound, InvalidPayload when the model must be named, or what the query met.
    """
    provider = credential.provider.id
    known = await house.store.jobs(
        Filter(provider=provider, credential=credential.fingerprint, task_id=task_id, limit=1)
    )
    if known:
        return known[0]
    task = await query(house, credential, credential.adapter.query(task_id))
    if isinstance(task, NoTask):
        raise TaskNotFound(
            f"{provider} knows no task {task_id} under this key.",
            next_step="Check the id and the key: rushes keys list",
            provider=provider,
            task_id=task_id,
        )
    if isinstance(task, Trouble):
        raise _failed(credential, task, task_id)
    if model is None and task.model is None:
        task = await _as_listed(house, credential, task)
    model = model or _shown_model(house, provider, task)
    request = {} if task.params is None else from_wire(model, task.params)
    at = house.clock.now()
    began = task.created_at or at
    hours = credential.provider.output_retention_hours
    await tell_name(house, credential)
    # In one transaction: a job that were queued for a moment could be taken for one to submit.
    inserted = await house.store.insert(
        Job(
            id=new_id(at),
            state="running",
            provider=provider,
            model=model.full_id,
            sandbox=credential.sandbox,
            credential=credential.fingerprint,
            request=request,
            digest=digest(model.full_id, request),
            request_id=f"adopted {credential.fingerprint} {task_id}",
            idempotency_key=task.idempotency_key or f"adopted-{secrets.token_hex(12)}",
            task_id=task_id,
            created_at=at,
            next_at=at,
            submitted_at=began,
            deadline_at=at + credential.provider.poll.deadline,
            expires_at=None if hours is None else began + hours * 3600,
            output_dir=output_dir,
            owner=house.owner,
            claim=1,
        )
    )
    return inserted.job


async def _as_listed(house: House, credential: Credential, task: Task) -> Task:
    """Return a task as the provider's list shows it, which may tell more; else as it is."""
    exchange = credential.adapter.tasks()
    listed = None if exchange is None else await query(house, credential, exchange)
    if listed is None or isinstance(listed, Trouble):
        return task
    return next((one for one in listed if one.id == task.id), task)


def _shown_model(house: House, provider: str, task: Task) -> Model:
    if task.model is not None:
        try:
            return house.catalog.find(task.model, provider=provider)
        except InvalidModel:
            pass
    names = tuple(model.id for model in house.catalog.models(provider=provider))
    raise InvalidPayload(
        f"{provider} does not show which model task {task.id} belongs to.",
        problems=[Problem("model", f"model is needed: one of {provider}'s.", allowed=names)],
        next_step=f"Name it: rushes jobs adopt {provider} {task.id} --model MODEL "
        f"(rushes models --provider {provider})",
        provider=provider,
        task_id=task.id,
    )


def _failed(credential: Credential, trouble: Trouble, task_id: str) -> RushesError:
    return error_class(trouble.code)(
        f"{credential.provider.title} did not show task {task_id}: {trouble.message}",
        next_step="Check the key with: rushes doctor",
        provider=credential.provider.id,
        task_id=task_id,
        provider_code=trouble.provider_code,
        retry_after=trouble.retry_after,
        trace_id=trouble.trace_id,
    )
