from typing import Any

import pytest

from rushes.engine.doubt import ABSENT, in_doubt, to_repeat
from rushes.store.job import Submission


def sends(*outcomes: Any) -> list[Submission]:
    """Make submissions: an outcome, or ABSENT for one that the lists have judged."""
    return [
        Submission(
            job_id="j1",
            attempt=number,
            owner="me",
            claim=1,
            credential="key",
            idempotency_key="ours",
            method="POST",
            url="https://provider.example/create",
            at=float(number),
            outcome="not-created" if outcome == ABSENT else outcome,
            code=ABSENT if outcome == ABSENT else None,
        )
        for number, outcome in enumerate(outcomes, 1)
    ]


@pytest.mark.parametrize(
    ("outcomes", "doubtful", "repeated"),
    [
        ((), [], None),
        (("not-created",), [], None),
        ((None,), [1], 1),
        (("uncertain",), [1], 1),
        (("uncertain", "not-created"), [1], 1),
        (("uncertain", "uncertain"), [1, 2], 2),
        (("uncertain", "uncertain", "not-created"), [1, 2], 2),
        ((ABSENT,), [], 1),
        (("uncertain", ABSENT), [], 2),
        ((ABSENT, "uncertain"), [2], 2),
        ((ABSENT, "not-created"), [], None),
    ],
    ids=str,
)
def test_which_sends_may_have_made_a_task(
    outcomes: tuple[Any, ...], doubtful: list[int], repeated: int | None
) -> None:
    """A refusal of a repetition clears nothing; absence from the lists clears all before it."""
    submissions = sends(*outcomes)
    assert [one.attempt for one in in_doubt(submissions)] == doubtful
    found = to_repeat(submissions)
    assert (found.attempt if found else None) == repeated
