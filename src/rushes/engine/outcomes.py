"""Records what a create's answer means: for the job, for the ledger, and for what was learned."""

import msgspec

from rushes.catalog.schema import Provider
from rushes.engine import money
from rushes.engine.credentials import Credential, deduplicates
from rushes.engine.doubt import in_doubt
from rushes.engine.exchange import ask, note_refusal, server_time
from rushes.engine.house import House
from rushes.providers.base import (
    Answer,
    CancelAccepted,
    Created,
    NotCreated,
    Outcome,
    Uncertain,
)
from rushes.store.job import Change, Job, OutcomeWord, State, Submission
from rushes.store.protocol import Stale

FIRST_BACKOFF = 1.0
LONGEST_BACKOFF = 60.0
UNREACHABLE_TRIES = 6
"""How often a provider that cannot be reached is tried: with doubling pauses, about a minute."""

TRIES = 10

OF_THE_KEY = frozenset({"AUTH_FAILED", "INSUFFICIENT_CREDITS"})
"""Refusals that another key of the same provider may not meet."""


async def record(
    house: House,
    job: Job,
    credential: Credential,
    submission: Submission,
    outcome: Outcome,
    answer: Answer | None,
) -> Job:
    """Commit an outcome. A task id is recorded whoever holds the job by now."""
    at = house.clock.now()
    known = _known(submission, outcome, answer, at)
    if isinstance(outcome, Created) and outcome.replayed:
        await house.store.remember(deduplicates(credential.fingerprint), str(at))
    if isinstance(outcome, NotCreated):
        outcome = await _with_doubt(house, job, known, outcome, at)
    try:
        recorded = await house.store.apply(_change(house, job, known, outcome, at))
    except Stale as stale:
        return await _late(house, credential, stale.job, known, outcome, at)
    if isinstance(outcome, NotCreated) and outcome.code in OF_THE_KEY:
        await note_refusal(house, credential)
    return recorded


async def _with_doubt(
    house: House, job: Job, known: Submission, outcome: NotCreated, at: float
) -> NotCreated | Uncertain:
    """Judge an end without a task: where an earlier send is in doubt, it ends nothing."""
    ends = outcome.code == "CANCELED" or _exhausted(house, job, known, outcome, at)
    if outcome.again and not ends:
        return outcome
    submissions = await house.store.submissions(job.id)
    if not in_doubt([one for one in submissions if one.attempt < known.attempt]):
        return outcome
    return Uncertain(
        message=f"an earlier send was never answered, and repeating it did not help "
        f"({outcome.code}: {outcome.message})",
        provider_code=outcome.provider_code,
        trace_id=outcome.trace_id,
    )


def plain(outcome: Outcome) -> Outcome:
    """Leave of an outcome only what decides: for one whose details no store takes."""
    match outcome:
        case Created():
            return Created(task_id=outcome.task_id, replayed=outcome.replayed)
        case NotCreated():
            return NotCreated(code=outcome.code, message="refused", again=outcome.again)
        case Uncertain():
            return Uncertain(message="the answer cannot be stored")


def _known(
    submission: Submission, outcome: Outcome, answer: Answer | None, at: float
) -> Submission:
    return msgspec.structs.replace(
        submission,
        ended_at=at,
        outcome=_word(outcome),
        status=answer.status if answer else None,
        task_id=outcome.task_id if isinstance(outcome, Created) else None,
        code=outcome.code if isinstance(outcome, NotCreated) else None,
        message="" if isinstance(outcome, Created) else outcome.message,
        provider_code=None if isinstance(outcome, Created) else outcome.provider_code,
        trace_id=outcome.trace_id,
        server_time=server_time(answer) if answer else None,
    )


def _word(outcome: Outcome) -> OutcomeWord:
    match outcome:
        case Created():
            return "created"
        case NotCreated():
            return "not-created"
        case Uncertain():
            return "uncertain"


def _change(house: House, job: Job, known: Submission, outcome: Outcome, at: float) -> Change:
    match outcome:
        case Created():
            change = created(house, job, outcome.task_id, outcome.credits, at)
            return msgspec.structs.replace(change, submission=known)
        case NotCreated():
            return _not_created(house, job, known, outcome, at)
        case Uncertain():
            return _uncertain(house, job, known, outcome, at)


def created(house: House, job: Job, task_id: str, credits: int | None, at: float) -> Change:
    """The change that a task id brings: evidence, whoever found it."""
    provider = house.catalog.provider(job.provider)
    return Change(
        job_id=job.id,
        to="running",
        expect=frozenset({"submitting", "uncertain"}),
        fields={
            "task_id": task_id,
            "submitted_at": at,
            "deadline_at": at + provider.poll.deadline,
            "expires_at": _expiry(provider, at),
            "next_at": at,
            "error": None,
        },
        entries=money.charge(job, credits, at) if credits is not None else (),
        data={"task_id": task_id},
        at=at,
    )


def _expiry(provider: Provider, at: float) -> float | None:
    """The provider keeps outputs at least this long, counted from the create: the safe reading."""
    hours = provider.output_retention_hours
    return None if hours is None else at + hours * 3600


def _not_created(
    house: House, job: Job, known: Submission, outcome: NotCreated, at: float
) -> Change:
    to: State = "failed"
    fields: dict[str, object] = {"error": refusal(house, job, outcome), "finished_at": at}
    entries = money.release(job, at, "the provider created no task")
    data = {"code": outcome.code, "message": outcome.message, "attempt": known.attempt}
    if outcome.code == "CANCELED":
        to, fields = "canceled", {"finished_at": at, "error": None}
    elif outcome.again and not _exhausted(house, job, known, outcome, at):
        wait = max(backoff(house, known.attempt), outcome.retry_after or 0.0)
        to, fields, entries = "queued", {"next_at": at + wait, "error": None}, ()
        data["again_in"] = round(wait, 1)
    return Change(
        job_id=job.id,
        to=to,
        expect=frozenset({"submitting"}),
        fence=house.fence(job),
        fields=fields,
        entries=entries,
        submission=known,
        data=data,
        at=at,
    )


def _exhausted(house: House, job: Job, known: Submission, outcome: NotCreated, at: float) -> bool:
    if known.attempt < UNREACHABLE_TRIES:
        return False
    patience = house.catalog.provider(job.provider).poll.deadline
    return outcome.code == "NETWORK_ERROR" or at - job.created_at > patience


def _uncertain(house: House, job: Job, known: Submission, outcome: Uncertain, at: float) -> Change:
    return Change(
        job_id=job.id,
        to="uncertain",
        expect=frozenset({"submitting"}),
        fence=house.fence(job),
        fields={
            "error": uncertainty(job, outcome.message, outcome.provider_code, outcome.trace_id),
            "next_at": at,
        },
        submission=known,
        data={"message": outcome.message, "provider_code": outcome.provider_code},
        at=at,
    )


async def _late(
    house: House,
    credential: Credential,
    job: Job,
    known: Submission,
    outcome: Outcome,
    at: float,
) -> Job:
    """Record what a sender learned that was overtaken: by a takeover while it was paused."""
    for _ in range(TRIES):
        try:
            if isinstance(outcome, Created):
                other = job.task_id not in (None, outcome.task_id)
                if other or (job.ended and job.task_id is None):
                    return await _second_task(house, credential, job, known, outcome, at)
                if job.task_id is None:
                    return await _found_late(house, job, known, outcome, at)
            if (
                isinstance(outcome, NotCreated)
                and job.state == "uncertain"
                and job.attempt == known.attempt
            ):
                change = _not_created(house, job, known, outcome, at)
                return await house.store.apply(
                    msgspec.structs.replace(change, expect=frozenset({"uncertain"}), fence=None)
                )
            return await house.store.apply(
                Change(
                    job_id=job.id,
                    submission=known,
                    kind="late-outcome",
                    data={"outcome": known.outcome, "message": known.message},
                    at=at,
                )
            )
        except Stale as stale:
            job = stale.job
    return job


async def _found_late(
    house: House, job: Job, known: Submission, outcome: Created, at: float
) -> Job:
    if job.state == "queued":
        job = await house.store.apply(
            Change(
                job_id=job.id,
                to="submitting",
                expect=frozenset({"queued"}),
                data={"message": "an earlier send turns out to have created the task"},
                at=at,
            )
        )
    change = created(house, job, outcome.task_id, outcome.credits, at)
    return await house.store.apply(msgspec.structs.replace(change, submission=known))


async def _second_task(
    house: House,
    credential: Credential,
    job: Job,
    known: Submission,
    outcome: Created,
    at: float,
) -> Job:
    """Record a task that the job has no use for, and cancel it where that is possible."""
    job = await house.store.apply(
        Change(
            job_id=job.id,
            submission=known,
            kind="second-task",
            data={"task_id": outcome.task_id, "credits": outcome.credits},
            at=at,
        )
    )
    answer = await ask(house, credential, credential.adapter.cancel(outcome.task_id))
    canceled = isinstance(answer, CancelAccepted)
    return await house.store.apply(
        Change(
            job_id=job.id,
            kind="second-task-canceled" if canceled else "second-task-kept",
            data={"task_id": outcome.task_id},
            at=house.clock.now(),
        )
    )


def backoff(house: House, attempt: int) -> float:
    """Seconds to wait after the given attempt: doubling, bounded, with jitter."""
    longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(attempt - 1, 10))
    return longest * (0.5 + house.chance.random() / 2)


def refusal(house: House, job: Job, outcome: NotCreated) -> dict[str, object]:
    """The error of a job that the provider refused, or never got, with its next step."""
    provider = house.catalog.provider(job.provider)
    names = " or ".join(provider.auth.environment)
    steps = {
        "AUTH_FAILED": f"Check the key in {names}, or make one at {provider.pages.key} and run: "
        f"rushes keys set {job.provider}",
        "INSUFFICIENT_CREDITS": f"Add credits at {provider.pages.key}; see: rushes credits",
        "INVALID_PAYLOAD": f"See what it takes: rushes models show {job.model}",
        "CONTENT_REFUSED": "Change the prompt or the input.",
        "BUDGET_EXCEEDED": "Allow more with --max-credits; see: rushes quote",
        "RATE_LIMITED": "Try again later.",
        "NETWORK_ERROR": "Check the connection (rushes doctor), then run the command again.",
    }
    if job.sandbox and isinstance(house.config.sandbox, str):
        steps["NETWORK_ERROR"] = (
            f"RUSHES_SANDBOX is {house.config.sandbox}: start a sandbox there (rushes sandbox), "
            "or set RUSHES_SANDBOX=1."
        )
    said = f": {outcome.message}" if outcome.message else "."
    step = steps.get(outcome.code, f"See {provider.pages.docs}")
    return {
        "code": outcome.code,
        "message": f"{provider.title} created no task{said}\n{step}",
        "provider_code": outcome.provider_code,
        "trace_id": outcome.trace_id,
        "retry_after": outcome.retry_after,
        "billed": "no",
    }


def uncertainty(
    job: Job, message: str, provider_code: str | None = None, trace_id: str | None = None
) -> dict[str, object]:
    """The error of a job of which nobody knows whether its task was created."""
    return {
        "code": "SUBMISSION_UNCERTAIN",
        "message": f"Nobody knows whether {job.provider} created this task: {message}.\n"
        f"It is not sent again blindly. See: rushes jobs show {job.id}; "
        f"decide with: rushes jobs resolve {job.id} --found TASK_ID | --resend | --give-up",
        "provider_code": provider_code,
        "trace_id": trace_id,
        "retry_after": None,
        "billed": "unknown",
    }
