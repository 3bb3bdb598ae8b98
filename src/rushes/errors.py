"""Every error that Rushes raises, and the stable code of each.

    RushesError
    ├── RequestError                 the request is wrong; nothing was sent
    │   ├── InvalidModel             INVALID_MODEL
    │   ├── InvalidPayload           INVALID_PAYLOAD
    │   ├── InvalidMedia             INVALID_MEDIA
    │   └── IdempotencyConflict      IDEMPOTENCY_CONFLICT
    ├── CredentialError              a key is missing or refused
    │   ├── MissingCredential        MISSING_CREDENTIAL
    │   └── AuthFailed               AUTH_FAILED
    ├── MoneyError                   credits, caps, prices
    │   ├── InsufficientCredits      INSUFFICIENT_CREDITS
    │   ├── BudgetExceeded           BUDGET_EXCEEDED
    │   └── Unpriced                 UNPRICED
    ├── ProviderError                the provider, or the way to it
    │   ├── RateLimited              RATE_LIMITED
    │   ├── NetworkError             NETWORK_ERROR
    │   ├── TaskNotFound             TASK_NOT_FOUND
    │   ├── NotCancelable            NOT_CANCELABLE
    │   └── UnknownError             UNKNOWN_ERROR
    ├── SubmissionUncertain          SUBMISSION_UNCERTAIN: nobody knows whether a task was created
    ├── JobFailed                    the job ended without its files
    │   ├── ContentRefused           CONTENT_REFUSED
    │   ├── GenerationFailed         GENERATION_FAILED
    │   ├── TimedOut                 TIMED_OUT
    │   ├── OutputExpired            OUTPUT_EXPIRED
    │   ├── OutputInvalid            OUTPUT_INVALID
    │   └── JobCanceled              CANCELED
    ├── JobNotFound                  JOB_NOT_FOUND (a KeyError too)
    ├── WaitTimeout                  WAIT_TIMEOUT (a TimeoutError too); the job goes on
    └── SetupError                   INVALID_SETTING; something on this machine
        ├── CatalogError             INVALID_CATALOG
        ├── StoreError               STORE_FAILED
        └── ForkedClient             FORKED_CLIENT

This module imports nothing of ours, so that every other may import it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

__all__ = [
    "AuthFailed",
    "Billed",
    "BudgetExceeded",
    "CatalogError",
    "ContentRefused",
    "CredentialError",
    "ForkedClient",
    "GenerationFailed",
    "IdempotencyConflict",
    "InsufficientCredits",
    "InvalidMedia",
    "InvalidModel",
    "InvalidPayload",
    "JobCanceled",
    "JobFailed",
    "JobNotFound",
    "MissingCredential",
    "MoneyError",
    "NetworkError",
    "NotCancelable",
    "OutputExpired",
    "OutputInvalid",
    "Problem",
    "ProviderError",
    "RateLimited",
    "RequestError",
    "Resend",
    "RushesError",
    "SetupError",
    "StoreError",
    "SubmissionUncertain",
    "TaskNotFound",
    "TimedOut",
    "UnknownError",
    "Unpriced",
    "WaitTimeout",
    "error_class",
]

Billed = Literal["no", "yes", "unknown"]
Resend = Literal["safe", "never", "elsewhere"]
"""`safe`: the same request may be asked again; `never`: it may have been paid for, or can only
fail again; `elsewhere`: another model, key or provider may do it."""


class Problem(NamedTuple):
    """One thing that is wrong with a request."""

    parameter: str
    message: str
    value: Any = None
    allowed: tuple[Any, ...] = ()
    near: str | None = None
    code: str = "INVALID_PAYLOAD"


class RushesError(Exception):
    """What went wrong, as facts; the message ends with the next step.

    Attributes:
        code: the stable code.
        message: the sentence alone, without the next step.
        next_step: a command or setting, or "".
        billed: whether the provider has taken credits for it.
        resend: whether the same request may be sent again.
        retry_after: seconds to wait before asking again, where the provider said so.
        provider_code: the provider's own code or HTTP status, as text.
        trace_id: the provider's id of the exchange.
    """

    code = "UNKNOWN_ERROR"
    resend: Resend = "never"
    billed: Billed = "no"

    def __init__(
        self,
        message: str,
        *,
        next_step: str = "",
        provider: str | None = None,
        model: str | None = None,
        job_id: str | None = None,
        task_id: str | None = None,
        trace_id: str | None = None,
        provider_code: str | None = None,
        retry_after: float | None = None,
        resend: Resend | None = None,
        billed: Billed | None = None,
    ) -> None:
        self.message = message
        self.next_step = next_step
        self.provider = provider
        self.model = model
        self.job_id = job_id
        self.task_id = task_id
        self.trace_id = trace_id
        self.provider_code = provider_code
        self.retry_after = retry_after
        if resend is not None:
            self.resend = resend
        if billed is not None:
            self.billed = billed
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}\n{self.next_step}" if self.next_step else self.message

    def as_dict(self) -> dict[str, Any]:
        """Return the error as it stands in `--json` output and in a job's `error`."""
        return {
            "code": self.code,
            "message": str(self),
            "provider_code": self.provider_code,
            "trace_id": self.trace_id,
            "retry_after": self.retry_after,
            "billed": self.billed,
        }


class RequestError(RushesError):
    """The request is wrong. All its problems are in `problems`; nothing was sent."""

    code = "INVALID_PAYLOAD"

    def __init__(self, message: str, *, problems: Sequence[Problem] = (), **facts: Any) -> None:
        self.problems = tuple(problems)
        super().__init__(message, **facts)

    def as_dict(self) -> dict[str, Any]:
        """Add the problems, one object each, to the common facts."""
        return super().as_dict() | {"problems": [problem._asdict() for problem in self.problems]}


class InvalidModel(RequestError):
    """No model has that name."""

    code = "INVALID_MODEL"


class InvalidPayload(RequestError):
    """A parameter is unknown, missing, of the wrong form, or outside what is allowed."""

    code = "INVALID_PAYLOAD"


class InvalidMedia(RequestError):
    """An input file does not fit the model's limits, or cannot be read or reached."""

    code = "INVALID_MEDIA"


class IdempotencyConflict(RequestError):
    """The request id belongs to another request."""

    code = "IDEMPOTENCY_CONFLICT"


class CredentialError(RushesError):
    """A key is missing or refused."""

    code = "AUTH_FAILED"
    resend: Resend = "elsewhere"


class MissingCredential(CredentialError):
    """No key for this provider was found."""

    code = "MISSING_CREDENTIAL"


class AuthFailed(CredentialError):
    """The provider refused the key."""

    code = "AUTH_FAILED"


class MoneyError(RushesError):
    """It costs more than there is, or than you allowed, or nobody knows what it costs."""

    code = "BUDGET_EXCEEDED"


class InsufficientCredits(MoneyError):
    """The account has too few credits."""

    code = "INSUFFICIENT_CREDITS"
    resend: Resend = "elsewhere"


class BudgetExceeded(MoneyError):
    """A cap of yours would be passed."""

    code = "BUDGET_EXCEEDED"


class Unpriced(MoneyError):
    """Nobody knows the price, and nobody has yet said that this is all right."""

    code = "UNPRICED"


class ProviderError(RushesError):
    """The provider, or the way to it, failed."""

    code = "UNKNOWN_ERROR"


class RateLimited(ProviderError):
    """The provider wants fewer requests; `retry_after` says until when, in seconds."""

    code = "RATE_LIMITED"
    resend: Resend = "safe"


class NetworkError(ProviderError):
    """No answer came from the provider."""

    code = "NETWORK_ERROR"


class TaskNotFound(ProviderError):
    """The provider knows no such task under this key."""

    code = "TASK_NOT_FOUND"


class NotCancelable(ProviderError):
    """The task can no longer be canceled, or the provider never cancels; the job goes on."""

    code = "NOT_CANCELABLE"


class UnknownError(ProviderError):
    """The provider said something that its documentation does not list."""

    code = "UNKNOWN_ERROR"


class SubmissionUncertain(RushesError):
    """The answer to a create was lost: it may or may not have been paid for.

    The job is kept and never sent again blindly.
    """

    code = "SUBMISSION_UNCERTAIN"
    billed: Billed = "unknown"


class JobFailed(RushesError):
    """The job ended without its files."""

    code = "GENERATION_FAILED"


class ContentRefused(JobFailed):
    """The provider refuses this prompt or input."""

    code = "CONTENT_REFUSED"
    resend: Resend = "elsewhere"


class GenerationFailed(JobFailed):
    """The provider accepted the task and then failed it."""

    code = "GENERATION_FAILED"
    billed: Billed = "unknown"
    resend: Resend = "safe"


class TimedOut(JobFailed):
    """No end came before the deadline."""

    code = "TIMED_OUT"
    billed: Billed = "unknown"


class OutputExpired(JobFailed):
    """The output's link had died before the file was here."""

    code = "OUTPUT_EXPIRED"
    billed: Billed = "yes"


class OutputInvalid(JobFailed):
    """What came is not the file that was promised (truncated, wrong type, does not decode)."""

    code = "OUTPUT_INVALID"
    billed: Billed = "yes"


class JobCanceled(JobFailed):
    """The job was canceled at your wish, on the provider's word."""

    code = "CANCELED"
    resend: Resend = "safe"


class JobNotFound(RushesError, KeyError):
    """The store has no such job."""

    code = "JOB_NOT_FOUND"

    __str__ = RushesError.__str__


class WaitTimeout(RushesError, TimeoutError):
    """The wait ended before the job did; the job goes on."""

    code = "WAIT_TIMEOUT"
    billed: Billed = "unknown"


class SetupError(RushesError):
    """Something on this machine is not set up right."""

    code = "INVALID_SETTING"


class CatalogError(SetupError):
    """A catalog file cannot be used; the message names file, entry and fault."""

    code = "INVALID_CATALOG"


class StoreError(SetupError):
    """The store or the archive on disk cannot be used."""

    code = "STORE_FAILED"


class ForkedClient(SetupError):
    """The client was made in another process; make a new one after the fork."""

    code = "FORKED_CLIENT"


def _tree(root: type[RushesError]) -> Iterator[type[RushesError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def _by_code() -> Mapping[str, type[RushesError]]:
    """Map each code to its class; of a parent and a child with one code, the child has it."""
    return {kind.code: kind for kind in _tree(RushesError)}


def error_class(code: str) -> type[RushesError]:
    """Return the class for a stable code (`UnknownError` for one that is not listed)."""
    return _by_code().get(code, UnknownError)
