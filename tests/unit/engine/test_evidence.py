"""What a list of tasks proves about a create whose answer was lost."""

from typing import Any

import msgspec
import pytest

from rushes.catalog import load
from rushes.engine.evidence import Absent, Found, Unknown, weigh
from rushes.providers.base import Task
from rushes.store.job import Job, Submission

SENT_AT = 1_000_000.0
PARAMS = {"prompt": "a boat", "aspectRatio": "16:9", "duration": "5"}
MODEL = load().model("aivideomaker/t2v-v3")
JOB = Job(
    id="j1",
    state="uncertain",
    provider="aivideomaker",
    model=MODEL.full_id,
    credential="c1",
    request={},
    digest="d1",
    idempotency_key="rushes-j1-key",
    created_at=SENT_AT,
)
SUBMISSION = Submission(
    job_id="j1",
    attempt=1,
    owner="o1",
    claim=1,
    credential="c1",
    idempotency_key=JOB.idempotency_key,
    method="POST",
    url="https://provider.test/api/v1/generate/t2v_v3",
    body=msgspec.json.encode(PARAMS),
    at=SENT_AT,
    ended_at=SENT_AT + 10,
)
OLDER = Task(id="old", phase="succeeded", status="COMPLETED", created_at=SENT_AT - 100)


def task(**facts: Any) -> Task:
    known: dict[str, Any] = {
        "id": "t1",
        "phase": "running",
        "status": "PROGRESS",
        "model": "t2v_v3",
        "params": PARAMS,
        "created_at": SENT_AT + 1,
    }
    return Task(**(known | facts))


def weighed(*tasks: Task, **facts: Any) -> Found | Absent | Unknown:
    known: dict[str, Any] = {
        "owned": set(),
        "equal_still_submitting": False,
        "known_empty_before": False,
        "skew": 0.0,
    }
    return weigh(JOB, MODEL, SUBMISSION, SUBMISSION.body, tasks, **(known | facts))


def test_our_key_finds_the_task_whatever_else_it_says() -> None:
    """The idempotency key alone is proof."""
    ours = task(idempotency_key=JOB.idempotency_key, created_at=None, params=None, model=None)
    assert weighed(ours) == Found(task=ours, by="idempotency key")


def test_equal_body_and_time_finds_the_task_where_no_key_is_shown() -> None:
    """Without keys in the list, body, model and time are proof."""
    assert weighed(OLDER, task()) == Found(task=task(), by="equal body and time")


@pytest.mark.parametrize(
    "facts",
    [
        {"idempotency_key": "somebody else's"},
        {"params": PARAMS | {"duration": "10"}},
        {"params": None},
        {"model": "t2v"},
        {"created_at": SENT_AT - 60},
        {"created_at": SENT_AT + 300},
        {"created_at": None},
    ],
)
def test_a_task_that_differs_is_not_ours(facts: dict[str, Any]) -> None:
    """Another key, body, model or time belongs to somebody else's task."""
    assert weighed(OLDER, task(**facts)) == Absent()


def test_a_task_of_another_job_is_never_taken() -> None:
    """What a submission of ours owns is not given to a second one."""
    assert weighed(OLDER, task(), owned={"t1"}) == Absent()


def test_an_equal_request_under_way_makes_the_match_worthless() -> None:
    """While a twin may still get its answer, the task may be the twin's."""
    assert isinstance(weighed(OLDER, task(), equal_still_submitting=True), Unknown)


def test_the_oldest_of_several_alike_is_taken() -> None:
    """Equal requests are one to one with equal tasks, oldest first."""
    later, sooner = task(id="t2", created_at=SENT_AT + 3), task(id="t1")
    assert weighed(later, sooner, OLDER) == Found(task=sooner, by="equal body and time")


def test_absence_needs_a_list_that_reaches_back_before_the_send() -> None:
    """A capped list that begins after the send proves nothing."""
    stranger = task(id="s", params={"prompt": "x"}, created_at=SENT_AT + 20)
    assert isinstance(weighed(stranger), Unknown)
    assert isinstance(weighed(), Unknown)
    assert weighed(stranger, OLDER) == Absent()


def test_a_list_known_to_be_whole_proves_absence() -> None:
    """Where the account was seen empty before the send, any list reaches its beginning."""
    assert weighed(known_empty_before=True) == Absent()


def test_times_are_compared_by_the_providers_clock() -> None:
    """A provider whose clock is an hour ahead shows its tasks an hour ahead."""
    ahead = task(created_at=SENT_AT + 3601)
    older = task(id="old", params={}, created_at=SENT_AT)
    assert weighed(ahead, older, skew=3600.0) == Found(task=ahead, by="equal body and time")
    assert weighed(ahead, OLDER, skew=0.0) == Absent()


def test_a_null_is_the_same_as_not_given() -> None:
    """An answer may name, as null, a parameter that was never sent."""
    assert isinstance(weighed(task(params=PARAMS | {"image": None})), Found)
