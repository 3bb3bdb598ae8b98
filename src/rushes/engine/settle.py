"""Finds out, by evidence, what became of a submission whose answer was lost.

What counts, in this order: a task that the provider lists as ours; its absence from two lists,
which with an idempotency key that is still young lets the very same bytes go out again; and a
provider that has shown that it deduplicates, which lets them go out again at once. A balance is
a hint and decides nothing. Else the job waits for a person.
"""

import msgspec

from rushes.catalog.schema import Provider
from rushes.engine import evidence, money
from rushes.engine.credentials import Credential, deduplicates
from rushes.engine.doubt import ABSENT, in_doubt
from rushes.engine.evidence import Absent, Found
from rushes.engine.exchange import ask, query
from rushes.engine.house import House
from rushes.engine.outcomes import backoff, created, uncertainty
from rushes.engine.view import view
from rushes.providers.base import Balance, Trouble
from rushes.store.job import NEVER, Change, Job, Submission
from rushes.store.protocol import Filter, Stale

FIRST_LOOKS = (0.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Pauses in seconds between the first looks, while a listed task may appear."""


class Inquiry:
    """What this process has seen so far of one uncertain job."""

    def __init__(self) -> None:
        self.looks = 0
        self.absent_since: float | None = None


async def orphan(house: House, job: Job) -> Job:
    """Judge a `submitting` job whose process is gone: sent or not, nobody knows."""
    at = house.clock.now()
    submissions = await house.store.submissions(job.id)
    message = "the process that sent it ended before it had recorded an answer"
    last = submissions[-1] if submissions else None
    if last is not None and last.ended_at is None:
        last = msgspec.structs.replace(last, message=message, ended_at=at)
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to="uncertain",
                expect=frozenset({"submitting"}),
                fence=house.fence(job),
                fields={"next_at": at, "error": uncertainty(job, message)},
                submission=last,
                data={"message": message},
                at=at,
            )
        )
    except Stale as stale:
        return stale.job


async def settle(house: House, job: Job, inquiry: Inquiry) -> Job:
    """Look once for evidence; returns the job as it then stands."""
    credential = house.credential(job)
    submissions = await house.store.submissions(job.id)
    exchange = credential.adapter.tasks()
    if exchange is None or not submissions:
        await _note_balance(house, credential, job)
        return await _later(house, job, NEVER, "the provider lists no tasks")
    first, last = submissions[0], submissions[-1]
    gone = await sender_is_gone(house, last)
    doubtful = in_doubt(submissions) or [last]
    repeatable = gone and doubtful[-1] is last and job.cancel_wished_at is None
    if repeatable and await house.store.recall(deduplicates(credential.fingerprint)):
        return await _resend_if_young(house, credential, job, first, "the provider deduplicates")
    began = house.clock.now()
    listed = await query(house, credential, exchange)
    inquiry.looks += 1
    if isinstance(listed, Trouble):
        return await _look_again(house, credential, job, inquiry, first, listed.message)
    if not listed:
        await house.store.remember(seen_empty(credential), str(began))
    body = await house.work(body_of, house, doubtful[-1])
    weighed = evidence.weigh(
        job,
        house.model(job),
        msgspec.structs.replace(last, at=doubtful[0].at),
        body,
        listed,
        owned=await house.store.tasks_owned(job.provider, [task.id for task in listed]),
        equal_still_submitting=await _equal_still_submitting(house, job),
        known_empty_before=await _known_empty_before(house, credential, doubtful[0]),
        skew=house.skews.get(credential.fingerprint, 0.0),
    )
    match weighed:
        case Found():
            return await _found(house, job, weighed)
        case Absent():
            return await _absent(house, credential, job, inquiry, first, last, began, gone)
        case _:
            inquiry.absent_since = None
            return await _look_again(house, credential, job, inquiry, first, weighed.why)


async def _absent(
    house: House,
    credential: Credential,
    job: Job,
    inquiry: Inquiry,
    first: Submission,
    last: Submission,
    began: float,
    gone: bool,
) -> Job:
    ended = last.ended_at or last.at
    if began < ended + evidence.QUIET_BEFORE_ABSENCE:
        return await _look_again(house, credential, job, inquiry, first, "not listed yet")
    if inquiry.absent_since is None:
        inquiry.absent_since = began
    if began < inquiry.absent_since + evidence.BETWEEN_LISTS:
        return await _look_again(house, credential, job, inquiry, first, "absent from one list")
    if not gone:
        why = "absent, but the process that sent it may still be alive"
        return await _look_again(house, credential, job, inquiry, first, why)
    absent = msgspec.structs.replace(last, outcome="not-created", code=ABSENT)
    return await _resend_if_young(house, credential, job, first, "absent from two lists", absent)


async def _resend_if_young(
    house: House,
    credential: Credential,
    job: Job,
    first: Submission,
    why: str,
    absent: Submission | None = None,
) -> Job:
    """Let the same bytes go out again under the same key, or cancel what was never created.

    `absent` is the last submission as its absence from the lists judges it.
    """
    at = house.clock.now()
    if job.cancel_wished_at is not None and absent is not None:
        return await _apply(
            house,
            job,
            Change(
                job_id=job.id,
                to="canceled",
                expect=frozenset({"uncertain"}),
                fence=house.fence(job),
                fields={"finished_at": at, "error": None},
                entries=money.release(job, at, why),
                submission=absent,
                data={"message": f"never created: {why}"},
                at=at,
            ),
        )
    if job.cancel_wished_at is not None or at >= key_ends(credential.provider, first):
        return await _later(house, job, NEVER, f"{why}, but its key may be forgotten by now")
    return await _apply(
        house,
        job,
        Change(
            job_id=job.id,
            to="queued",
            expect=frozenset({"uncertain"}),
            fence=house.fence(job),
            fields={
                "next_at": at if absent is not None else at + backoff(house, job.attempt),
                "error": None,
            },
            submission=absent,
            data={"message": f"{why}: the same bytes may go out again under the same key"},
            at=at,
        ),
    )


def key_ends(provider: Provider, first: Submission) -> float:
    """Until when the provider is held to remember a job's idempotency key."""
    hours = provider.idempotency_key_hours or evidence.ASSUMED_KEY_HOURS
    return first.at + hours * 3600


async def _look_again(
    house: House,
    credential: Credential,
    job: Job,
    inquiry: Inquiry,
    first: Submission,
    why: str,
) -> Job:
    at = house.clock.now()
    if at >= key_ends(credential.provider, first):
        return await _later(house, job, NEVER, why)
    looks = inquiry.looks
    pause = FIRST_LOOKS[looks] if looks < len(FIRST_LOOKS) else evidence.BETWEEN_LISTS
    return await _later(house, job, at + pause, why)


async def _later(house: House, job: Job, next_at: float, why: str) -> Job:
    at = house.clock.now()
    return await _apply(
        house,
        job,
        Change(
            job_id=job.id,
            expect=frozenset({"uncertain"}),
            fence=house.fence(job),
            # Let go, or nobody would take it up when evidence comes late after all.
            fields={"next_at": next_at} | ({"owner": None} if next_at >= NEVER else {}),
            kind="needs-decision" if next_at >= NEVER else "settling",
            data={"message": why},
            at=at,
        ),
    )


async def _found(house: House, job: Job, found: Found) -> Job:
    at = house.clock.now()
    change = created(house, job, found.task.id, found.task.credits_charged, at)
    change = msgspec.structs.replace(
        change,
        data={"task_id": found.task.id, "found_by": found.by},
        free_task=found.task.id if found.by != "idempotency key" else None,
    )
    job = await _apply(house, job, change)
    return await view(house, job, found.task) if job.state == "running" else job


async def sender_is_gone(house: House, submission: Submission) -> bool:
    """Say whether the sender of a submission can never send it again.

    It recorded the end of its send itself; or its lock is free and it was struck off the
    owners' list; or it is this process, which is here and not sending.
    """
    if submission.outcome is not None or submission.owner == house.owner:
        return True
    return all(owner.id != submission.owner for owner in await house.store.owners())


async def _equal_still_submitting(house: House, job: Job) -> bool:
    """Say whether a job with an equal body may still get its answer."""
    submitting = await house.store.jobs(
        Filter(states=frozenset({"submitting"}), model=job.model, credential=job.credential)
    )
    return any(other.digest == job.digest and other.id != job.id for other in submitting)


async def _known_empty_before(house: House, credential: Credential, submission: Submission) -> bool:
    """Say whether the account's list was seen empty before the send: its known beginning."""
    seen = await house.store.recall(seen_empty(credential))
    return seen is not None and float(seen) < submission.at


async def _note_balance(house: House, credential: Credential, job: Job) -> None:
    answer = await ask(house, credential, credential.adapter.balance())
    if not isinstance(answer, Balance) or answer.credits is None:
        return
    await _apply(
        house,
        job,
        Change(
            job_id=job.id,
            expect=frozenset({"uncertain"}),
            kind="balance",
            data={"credits": answer.credits, "message": "a hint only"},
            at=house.clock.now(),
        ),
    )


async def _apply(house: House, job: Job, change: Change) -> Job:
    try:
        return await house.store.apply(change)
    except Stale as stale:
        return stale.job


def body_of(house: House, submission: Submission) -> bytes:
    """Return the exact bytes of a submission's body."""
    if submission.body_file is None:
        return submission.body
    return (house.archive.folder / submission.body_file).read_bytes()


def seen_empty(credential: Credential) -> str:
    """Name the fact when this key's list of tasks was last seen empty."""
    return f"list empty {credential.fingerprint}"
