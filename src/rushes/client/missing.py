"""Jobs that wait because their key is not here."""

import contextlib
from collections.abc import Iterable

from rushes.client.session import Session
from rushes.engine import absence, keyring
from rushes.errors import MissingCredential, RushesError
from rushes.keys_file import ENVIRONMENT, is_retired
from rushes.store.job import NEVER, Job


async def missing(session: Session, records: Iterable[Job]) -> dict[str, MissingCredential]:
    """Say for each job that nobody can work on, as its key is not here, how it goes on.

    From now on the time without its key does not count for its deadline. No command that prints
    a key is run: where one is set, its key counts as being here.
    """
    house, now = session.house, session.clock.now()
    waiting = [one for one in records if _needs_key(one) and not _is_here(session, one)]
    if waiting:
        living = {one.id for one in await session.store.owners() if one.lease_until > now}
        waiting = [one for one in waiting if one.owner not in living]
    names = await keyring.names(house) if waiting else {}
    for fingerprint in {one.credential for one in waiting}:
        await absence.begin(session.store, fingerprint, now)
    return {one.id: error(session, one, names.get(one.credential)) for one in waiting}


def error(session: Session, job: Job, name: str | None) -> MissingCredential:
    """Say that a job's key is not here, and how it comes back; `name` is what it was called."""
    variable = session.catalog.provider(job.provider).auth.environment[0]
    free = name is None or name == ENVIRONMENT or is_retired(name)
    step = f"rushes keys set {job.provider} --name {'NAME' if free else name}"
    if name == ENVIRONMENT:
        step = f"set {variable} as it was, or store that key: {step}"
    called = f" ({name})" if name else ""
    return MissingCredential(
        f"The key that job {job.id} belongs to is not here: {job.provider} has another one, or "
        f"none. It was another key of yours{called}; the job waits, and nothing is lost.",
        next_step=f"Give that key back: {step}   Then: rushes jobs wait {job.id}",
        provider=job.provider,
        model=job.model,
        job_id=job.id,
        task_id=job.task_id,
    )


def _needs_key(job: Job) -> bool:
    undecided = job.state == "uncertain" and job.next_at >= NEVER
    return not (job.ended or job.sandbox or undecided)


def _is_here(session: Session, job: Job) -> bool:
    credentials = session.house.credentials
    if credentials.by_fingerprint(job.credential) is not None:
        return True
    names = session.catalog.provider(job.provider).auth.environment
    if any(session.config.environment.get(f"{name}_COMMAND") for name in names):
        return True
    with contextlib.suppress(RushesError):
        credentials.candidates(job.provider, sandbox=False)
    return credentials.by_fingerprint(job.credential) is not None
