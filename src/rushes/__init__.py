"""Rushes: images and videos from asynchronous AI generation APIs.

Pay once, lose nothing, know before you pay. Importing this package loads nothing but itself;
each name loads what it needs when it is first used.
"""

TYPE_CHECKING = False  # type checkers know this name; importing typing would cost time
if TYPE_CHECKING:
    from rushes.client.aio import AsyncRushes
    from rushes.client.blocking import Job, Rushes
    from rushes.client.job import AsyncJob
    from rushes.client.records import (
        Account,
        Check,
        Damage,
        Event,
        Output,
        Preview,
        Spend,
        Verification,
    )
    from rushes.errors import (
        AuthFailed,
        BudgetExceeded,
        CatalogError,
        ContentRefused,
        CredentialError,
        ForkedClient,
        GenerationFailed,
        IdempotencyConflict,
        InsufficientCredits,
        InvalidMedia,
        InvalidModel,
        InvalidPayload,
        JobCanceled,
        JobFailed,
        JobNotFound,
        MissingCredential,
        MoneyError,
        NetworkError,
        NotCancelable,
        OutputExpired,
        OutputInvalid,
        Problem,
        ProviderError,
        RateLimited,
        RequestError,
        RushesError,
        SetupError,
        StoreError,
        SubmissionUncertain,
        TaskNotFound,
        TimedOut,
        UnknownError,
        Unpriced,
        WaitTimeout,
    )
    from rushes.store.job import Credits, Quote

__version__ = "0.1.0"

_HOMES = {
    "AsyncRushes": "client.aio",
    "AsyncJob": "client.job",
    "Rushes": "client.blocking",
    "Job": "client.blocking",
    "Account": "client.records",
    "Check": "client.records",
    "Damage": "client.records",
    "Event": "client.records",
    "Output": "client.records",
    "Preview": "client.records",
    "Spend": "client.records",
    "Verification": "client.records",
    "Credits": "store.job",
    "Quote": "store.job",
}

__all__ = [
    "Account",
    "AsyncJob",
    "AsyncRushes",
    "AuthFailed",
    "BudgetExceeded",
    "CatalogError",
    "Check",
    "ContentRefused",
    "CredentialError",
    "Credits",
    "Damage",
    "Event",
    "ForkedClient",
    "GenerationFailed",
    "IdempotencyConflict",
    "InsufficientCredits",
    "InvalidMedia",
    "InvalidModel",
    "InvalidPayload",
    "Job",
    "JobCanceled",
    "JobFailed",
    "JobNotFound",
    "MissingCredential",
    "MoneyError",
    "NetworkError",
    "NotCancelable",
    "Output",
    "OutputExpired",
    "OutputInvalid",
    "Preview",
    "Problem",
    "ProviderError",
    "Quote",
    "RateLimited",
    "RequestError",
    "Rushes",
    "RushesError",
    "SetupError",
    "Spend",
    "StoreError",
    "SubmissionUncertain",
    "TaskNotFound",
    "TimedOut",
    "UnknownError",
    "Unpriced",
    "Verification",
    "WaitTimeout",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
