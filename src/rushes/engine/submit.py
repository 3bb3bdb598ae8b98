"""Creates a job's task: intent on record, one send, outcome on record.

The order is the promise. 1. The job is claimed. 2. The exact bytes are committed. 3. The claim
is checked once more and the request goes out once, over a fresh connection. 4. The outcome is
committed. Dying between 2 and 4 leaves a submission without an outcome, which nobody sends
again (see settle.py).
"""

import asyncio
import logging
from email.utils import parsedate_to_datetime

import msgspec

from rushes.catalog.schema import Provider
from rushes.engine import media, money
from rushes.engine.credentials import Credential
from rushes.engine.house import House
from rushes.engine.transport import AnswerLost, NeverMade
from rushes.errors import InvalidMedia, NetworkError, RushesError, StoreError
from rushes.providers.base import (
    Answer,
    Call,
    Created,
    Exchange,
    NotCreated,
    Order,
    Outcome,
    Uncertain,
)
from rushes.requests import to_wire
from rushes.store.job import Change, Job, Submission
from rushes.store.protocol import Stale

LARGE_BODY = 64 * 1024
NEVER = 1e12
"""A `next_at` that no clock reaches: only a person can move the job on."""

FIRST_BACKOFF = 1.0
LONGEST_BACKOFF = 60.0
RECORD_AGAIN = 5.0
UNREACHABLE_TRIES = 6
"""How often a provider that cannot be reached is tried: with doubling pauses, about a minute."""

_log = logging.getLogger(__name__)


async def submit(house: House, job: Job) -> Job:
    """Take a queued job through one submission. Returns it as it then stands."""
    if job.cancel_wished_at is not None:
        return await _give_up(house, job, "canceled", None, "canceled before anything was sent")
    credential = house.credential(job)
    model = house.model(job)
    try:
        values = await media.wire_values(house, credential, model, job.request)
    except (InvalidMedia, NetworkError) as error:
        return await _give_up(house, job, "failed", error, "nothing was sent")
    exchange = credential.adapter.create(
        Order(
            model=model,
            params=to_wire(model, values),
            idempotency_key=job.idempotency_key,
            max_credits=money.reservation(job),
        )
    )
    call = await _up_to_the_paid_call(house, credential, exchange)
    intent = await _write_intent(house, job, credential, call)
    if intent is None:
        return await house.store.job(job.id)
    job, submission = intent
    outcome, answer = await _send_once(house, job, credential, exchange, call)
    while True:
        try:
            return await record(house, job, submission, outcome, answer)
        except StoreError as error:
            # What was learned is known here alone: it must not be lost to a full disk.
            _log.error("job %s: %s is not yet on record: %s", job.id, outcome, error.message)
            await house.clock.sleep(RECORD_AGAIN)


async def _up_to_the_paid_call(
    house: House, credential: Credential, exchange: Exchange[Outcome]
) -> Call:
    call = next(exchange)
    while not call.paid:
        answer = await house.transport.send(credential.base_url, call, key=credential.header)
        call = exchange.send(answer)
    return call


async def _write_intent(
    house: House, job: Job, credential: Credential, call: Call
) -> tuple[Job, Submission] | None:
    """Commit what will be sent. None when the job is no longer ours, or was canceled meanwhile."""
    body, body_file = call.body, None
    if len(body) > LARGE_BODY:
        path = house.archive.body(job.id, job.attempt + 1)
        with house.clock.hold():
            await asyncio.to_thread(house.files.write_whole, path, body)
        body, body_file = b"", house.archive.relative(path)
    submission = Submission(
        job_id=job.id,
        attempt=job.attempt + 1,
        owner=house.owner,
        claim=job.claim,
        credential=credential.fingerprint,
        idempotency_key=job.idempotency_key,
        method=call.method,
        url=credential.base_url + call.path,
        headers=call.headers,
        body=body,
        body_file=body_file,
        at=house.clock.now(),
    )
    try:
        claimed = await house.store.apply(
            Change(
                job_id=job.id,
                to="submitting",
                expect=frozenset({"queued"}),
                fence=house.fence(job),
                fields={"attempt": submission.attempt},
                submission=submission,
                data={"attempt": submission.attempt},
                at=submission.at,
            )
        )
    except Stale:
        return None
    return claimed, submission


async def _send_once(
    house: House, job: Job, credential: Credential, exchange: Exchange[Outcome], call: Call
) -> tuple[Outcome, Answer | None]:
    current = await house.store.job(job.id)
    if (current.owner, current.claim) != house.fence(job) or not house.is_alive():
        message = "another process has taken the job over; this one sent nothing"
        return NotCreated(code="NETWORK_ERROR", message=message, again=True), None
    if current.cancel_wished_at is not None:
        message = "canceled before it was sent"
        return NotCreated(code="CANCELED", message=message, again=True), None
    try:
        answer = await house.transport.send(credential.base_url, call, key=credential.header)
    except NeverMade as error:
        return NotCreated(code="NETWORK_ERROR", message=str(error), again=True), None
    except AnswerLost as error:
        return Uncertain(message=f"the answer was lost: {error}"), None
    try:
        exchange.send(answer)
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, answer
    return Uncertain(message="the exchange did not end with the paid call"), answer


async def record(
    house: House, job: Job, submission: Submission, outcome: Outcome, answer: Answer | None
) -> Job:
    """Commit an outcome. A task id is recorded whoever holds the job by now."""
    at = house.clock.now()
    known = msgspec.structs.replace(
        submission,
        ended_at=at,
        outcome=_word(outcome),
        status=answer.status if answer else None,
        task_id=outcome.task_id if isinstance(outcome, Created) else None,
        code=outcome.code if isinstance(outcome, NotCreated) else None,
        message="" if isinstance(outcome, Created) else outcome.message,
        provider_code=None if isinstance(outcome, Created) else outcome.provider_code,
        trace_id=outcome.trace_id,
        server_time=_server_time(answer),
    )
    match outcome:
        case Created():
            change = created(house, job, outcome.task_id, outcome.credits, at)
            change = msgspec.structs.replace(change, submission=known)
        case NotCreated():
            change = _not_created(house, job, known, outcome, at)
        case Uncertain():
            change = _uncertain(house, job, known, outcome, at)
    try:
        return await house.store.apply(change)
    except Stale as stale:
        if isinstance(outcome, Created):
            return await _second_task(house, stale.job, known, outcome.task_id, at)
        return await house.store.apply(
            Change(job_id=job.id, submission=known, kind="late-outcome", at=at)
        )


def _word(outcome: Outcome) -> str:
    match outcome:
        case Created():
            return "created"
        case NotCreated():
            return "not-created"
        case Uncertain():
            return "uncertain"


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
    data = {"code": outcome.code, "message": outcome.message, "attempt": known.attempt}
    patience = house.catalog.provider(job.provider).poll.deadline
    exhausted = at - job.created_at > patience or (
        outcome.code == "NETWORK_ERROR" and known.attempt >= UNREACHABLE_TRIES
    )
    if outcome.again and not exhausted:
        wait = backoff(house, known.attempt)
        if outcome.retry_after is not None:
            wait = max(wait, outcome.retry_after)
        return Change(
            job_id=job.id,
            to="queued",
            expect=frozenset({"submitting"}),
            fence=house.fence(job),
            fields={"next_at": at + wait},
            submission=known,
            data=data | {"again_in": round(wait, 1)},
            at=at,
        )
    return Change(
        job_id=job.id,
        to="failed",
        expect=frozenset({"submitting"}),
        fence=house.fence(job),
        fields={"error": refusal(house, job, outcome), "finished_at": at},
        submission=known,
        entries=money.release(job, at, "the provider created no task"),
        data=data,
        at=at,
    )


def _uncertain(house: House, job: Job, known: Submission, outcome: Uncertain, at: float) -> Change:
    return Change(
        job_id=job.id,
        to="uncertain",
        expect=frozenset({"submitting"}),
        fence=house.fence(job),
        fields={"error": uncertainty(job, outcome), "next_at": at},
        submission=known,
        data={"message": outcome.message, "provider_code": outcome.provider_code},
        at=at,
    )


async def _second_task(house: House, job: Job, known: Submission, task_id: str, at: float) -> Job:
    """Record a task for a job that has gone on without it; the owner of the job will cancel it."""
    return await house.store.apply(
        Change(
            job_id=job.id,
            submission=known,
            kind="second-task",
            data={"task_id": task_id},
            at=at,
        )
    )


async def _give_up(
    house: House, job: Job, to: str, error: RushesError | None, why: str
) -> Job:
    at = house.clock.now()
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to="canceled" if to == "canceled" else "failed",
                expect=frozenset({"queued"}),
                fence=house.fence(job),
                fields={"error": error.as_dict() if error else None, "finished_at": at},
                entries=money.release(job, at, why),
                data={"message": why},
                at=at,
            )
        )
    except Stale as stale:
        return stale.job


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
        "NETWORK_ERROR": "Check the connection, then run the command again: rushes doctor",
    }
    said = f": {outcome.message}" if outcome.message else "."
    return {
        "code": outcome.code,
        "message": f"{provider.title} created no task{said}\n{steps.get(outcome.code, '')}".strip(),
        "provider_code": outcome.provider_code,
        "trace_id": outcome.trace_id,
        "retry_after": outcome.retry_after,
        "billed": "no",
    }


def uncertainty(job: Job, outcome: Uncertain) -> dict[str, object]:
    """The error of a job of which nobody knows whether it was created."""
    return {
        "code": "SUBMISSION_UNCERTAIN",
        "message": f"Nobody knows whether {job.provider} created this task: {outcome.message}\n"
        f"It is not sent again by itself. See: rushes jobs show {job.id}",
        "provider_code": outcome.provider_code,
        "trace_id": outcome.trace_id,
        "retry_after": None,
        "billed": "unknown",
    }


def _server_time(answer: Answer | None) -> float | None:
    if answer is None or "date" not in answer.headers:
        return None
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
