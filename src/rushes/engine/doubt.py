"""Which sends of a job may have created a task that nobody has seen. Pure."""

from collections.abc import Sequence

from rushes.store.job import Submission

ABSENT = "ABSENT"
"""Code of a submission that the provider's own lists have shown to have created nothing."""


def in_doubt(submissions: Sequence[Submission]) -> list[Submission]:
    """Return the submissions whose answer nobody has, oldest first.

    Proof that the last of them created nothing covers those before it: they shared one key.
    """
    found: list[Submission] = []
    for submission in submissions:
        if submission.code == ABSENT:
            found = []
        elif submission.outcome in (None, "uncertain"):
            found.append(submission)
    return found


def to_repeat(submissions: Sequence[Submission]) -> Submission | None:
    """Return the submission whose very bytes must go out again, if anything does; else None."""
    doubtful = in_doubt(submissions)
    if doubtful:
        return doubtful[-1]
    return submissions[-1] if submissions and submissions[-1].code == ABSENT else None
