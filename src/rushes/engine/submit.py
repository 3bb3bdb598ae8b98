"""Creates a job's task: intent on record, one send, outcome on record.

The order is the promise. 1. The job is claimed. 2. The exact bytes are committed. 3. The claim
is checked once more and the request goes out once, over a fresh connection. 4. The outcome is
committed. Dying between 2 and 4 leaves a submission without an outcome, which nobody sends
again (see settle.py).
"""

import logging
from typing import Any, cast

from rushes.engine import media, money, prices
from rushes.engine.credentials import Credential
from rushes.engine.doubt import in_doubt, to_repeat
from rushes.engine.failures import AnswerLost, NeverMade
from rushes.engine.house import House
from rushes.engine.outcomes import plain, record, uncertainty
from rushes.errors import InvalidMedia, NetworkError, RushesError, SetupError, StoreError
from rushes.providers.base import (
    Answer,
    Call,
    Exchange,
    NotCreated,
    Order,
    Outcome,
    Uncertain,
)
from rushes.requests import to_wire
from rushes.store.job import Change, Job, State, Submission
from rushes.store.protocol import Stale

LARGE_BODY = 64 * 1024
RECORD_AGAIN = 5.0

_log = logging.getLogger(__name__)


async def submit(house: House, job: Job) -> Job:
    """Take a queued job through one submission. Returns it as it then stands."""
    submissions = await house.store.submissions(job.id) if job.attempt else []
    if job.cancel_wished_at is not None:
        if in_doubt(submissions):
            return await _ask_what_became(house, job)
        return await _give_up(house, job, "canceled", None, "canceled before anything was sent")
    credential = house.credential(job)
    earlier = to_repeat(submissions)
    try:
        exchange = await _order(house, job, credential, whole=earlier is None)
    except (InvalidMedia, NetworkError) as error:
        return await _give_up(house, job, "failed", error, "nothing was sent")
    call = await _up_to_the_paid_call(house, credential, exchange)
    if earlier is not None:
        call = await house.work(_same_call, house, earlier, call)
    measured = (
        {} if submissions and in_doubt(submissions) else await prices.before(house, job, credential)
    )
    intent = await _write_intent(house, job, credential, call, measured)
    if intent is None:
        return await house.store.job(job.id)
    job, submission = intent
    outcome, answer = await _send_once(house, job, credential, exchange, call)
    while True:
        try:
            return await record(house, job, credential, submission, outcome, answer)
        except StoreError as error:
            # What was learned is known here alone: it must not be lost to a full disk.
            _log.error("job %s: %s is not yet on record: %s", job.id, outcome, error.message)
            await house.clock.sleep(RECORD_AGAIN)
        except Exception:
            if answer is None and outcome == plain(outcome):
                raise
            _log.exception("job %s: its outcome is recorded without its details", job.id)
            outcome, answer = plain(outcome), None


async def _order(
    house: House, job: Job, credential: Credential, *, whole: bool
) -> Exchange[Outcome]:
    """Begin the create. Not `whole`: its bytes will be those of an earlier send, so it has none."""
    model = house.model(job)
    params: dict[str, Any] = {}
    if whole:
        values = await media.wire_values(house, credential, model, job.request)
        params = to_wire(model, values)
    return credential.adapter.create(
        Order(
            model=model,
            params=params,
            idempotency_key=job.idempotency_key,
            max_credits=money.ceiling(job),
        )
    )


async def _up_to_the_paid_call(
    house: House, credential: Credential, exchange: Exchange[Outcome]
) -> Call:
    call = next(exchange)
    while not call.paid:
        try:
            answer = await house.transport.send(credential.base_url, call, key=credential.header)
        except (NeverMade, AnswerLost) as error:
            raise NetworkError(
                f"{credential.provider.title} cannot be reached: {error}.",
                next_step="Check the connection: rushes doctor",
            ) from None
        call = exchange.send(credential.without_key(answer))
    return call


def _same_call(house: House, earlier: Submission, call: Call) -> Call:
    """Send what was sent before, byte for byte: under its key, anything else would conflict."""
    body = earlier.body
    if earlier.body_file is not None:
        body = (house.archive.folder / earlier.body_file).read_bytes()
    return Call(method=call.method, path=call.path, headers=earlier.headers, body=body, paid=True)


async def _write_intent(
    house: House, job: Job, credential: Credential, call: Call, measured: dict[str, Any]
) -> tuple[Job, Submission] | None:
    """Commit what will be sent. None when the job is no longer ours, or was canceled meanwhile.

    `measured` is what was seen of the account just before.
    """
    body, body_file = call.body, None
    if len(body) > LARGE_BODY:
        path = house.archive.body(job.id, job.attempt + 1)
        await house.work(house.files.write_whole, path, body)
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
                data={"attempt": submission.attempt} | measured,
                at=submission.at,
            )
        )
    except Stale:
        return None
    return claimed, submission


async def _send_once(
    house: House, job: Job, credential: Credential, exchange: Exchange[Outcome], call: Call
) -> tuple[Outcome, Answer | None]:
    try:
        current = await house.store.job(job.id)
    except StoreError as error:
        return NotCreated(code="NETWORK_ERROR", message=error.message, again=True), None
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
    except (SetupError, ValueError) as error:
        # Said before a connection is made: this key, address or header cannot be sent at all.
        return _unsendable(error), None
    except Exception as error:  # noqa: BLE001 - whatever it was, a task may exist
        _log.exception("job %s: a fault in Rushes itself while sending", job.id)
        return Uncertain(message=f"a fault while sending ({type(error).__name__})"), None
    try:
        exchange.send(credential.without_key(answer))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, answer
    except Exception as error:  # noqa: BLE001 - whatever it was, a task may exist
        _log.exception("job %s: the adapter cannot read the answer", job.id)
        return Uncertain(message=f"unreadable answer ({type(error).__name__})"), answer
    return Uncertain(message="the exchange did not end with the paid call"), answer


def _unsendable(error: SetupError | ValueError) -> NotCreated:
    if isinstance(error, SetupError):
        return NotCreated(code=error.code, message=error.message)
    return NotCreated(code="INVALID_SETTING", message=str(error))


async def _ask_what_became(house: House, job: Job) -> Job:
    """Send nothing more for a canceled job, an earlier send of which is still in doubt."""
    at = house.clock.now()
    message = "a cancel is wished, and nobody knows what became of an earlier send"
    try:
        for expect, to in (("queued", "submitting"), ("submitting", "uncertain")):
            job = await house.store.apply(
                Change(
                    job_id=job.id,
                    to=cast("State", to),
                    expect=frozenset({cast("State", expect)}),
                    fence=house.fence(job),
                    fields={"next_at": at, "error": uncertainty(job, message)},
                    data={"message": message},
                    at=at,
                )
            )
    except Stale as stale:
        return stale.job
    return job


async def _give_up(house: House, job: Job, to: State, error: RushesError | None, why: str) -> Job:
    at = house.clock.now()
    try:
        return await house.store.apply(
            Change(
                job_id=job.id,
                to=to,
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
