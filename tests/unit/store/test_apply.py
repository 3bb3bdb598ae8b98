from pathlib import Path
from typing import Any

import pytest

from rushes.errors import JobNotFound
from rushes.store.job import Job, Output, Submission
from rushes.store.protocol import Filter, Stale, Store

from .making import change, entry, make_job, run

SUBMISSION = Submission(
    job_id="job-000001",
    attempt=1,
    owner="me",
    claim=1,
    credential="key-a",
    idempotency_key="k",
    method="POST",
    url="https://provider.example/create",
    headers=(("Content-Type", "application/json"),),
    body=b'{"prompt": "\xff"}',
    at=4.0,
)


async def everything(store: Store) -> tuple[Any, ...]:
    """Return all that the store knows of the one job."""
    return (
        await store.jobs(Filter()),
        await store.events(),
        await store.entries("job-000001"),
        await store.submissions("job-000001"),
    )


def test_change_is_applied_whole(path: Path) -> None:
    """State, fields, event, entries, submission and outputs change together."""
    output = Output(position=0, url="https://x/1")

    async def scenario(store: Store) -> None:
        await store.insert(make_job(), entries=(entry("reserve", 30),))
        job = await store.apply(
            change(
                to="submitting",
                fields={"attempt": 1, "next_at": 9.0},
                data={"attempt": 1},
                entries=(entry("charge", 25),),
                submission=SUBMISSION,
                outputs=(output,),
            )
        )
        assert job == await store.job(job.id)
        assert (job.state, job.attempt, job.next_at) == ("submitting", 1, 9.0)
        assert (job.credits.reserved, job.credits.charged) == (0, 25)
        assert job.outputs == (output,)
        assert await store.submissions(job.id) == [SUBMISSION]
        event = (await store.events())[-1]
        assert (event.kind, event.state, event.data) == ("submitting", "submitting", {"attempt": 1})
        assert (event.at, event.seq) == (5.0, 2)

    run(path, scenario)


def test_submission_and_output_are_replaced_by_number(path: Path) -> None:
    """A second record of the same attempt or position takes the first one's place."""
    ended = Submission(
        job_id="job-000001",
        attempt=1,
        owner="me",
        claim=1,
        credential="key-a",
        idempotency_key="k",
        method="POST",
        url="u",
        at=4.0,
        ended_at=5.0,
        outcome="created",
        task_id="task-1",
    )

    async def scenario(store: Store) -> None:
        await store.insert(make_job())
        outputs = tuple(Output(position=place, url=f"https://x/{place}") for place in (1, 0))
        await store.apply(change(submission=SUBMISSION, outputs=outputs))
        newer = Output(position=1, url="https://x/1", sha256="ab")
        job = await store.apply(change(submission=ended, outputs=(newer,)))
        assert await store.submissions(job.id) == [ended]
        assert [output.sha256 for output in job.outputs] == [None, "ab"]
        assert job == await store.job(job.id)

    run(path, scenario)


def test_change_without_arrow_makes_event_only_when_named(path: Path) -> None:
    """Without an arrow there is no event, unless the change names its kind."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job())
        await store.apply(change(fields={"seen_at": 3.0}))
        await store.apply(change(kind="looked"))
        kinds = [(event.kind, event.state) for event in await store.events()]
        assert kinds == [("queued", "queued"), ("looked", "queued")]

    run(path, scenario)


@pytest.mark.parametrize(
    "misfit",
    [
        {"fence": ("me", 2)},
        {"fence": ("other", 1)},
        {"expect": frozenset({"running", "failed"})},
        {"to": "running"},
        {"to": "queued"},
    ],
    ids=["claim", "owner", "expect", "no-arrow", "same-state"],
)
def test_misfit_changes_nothing_and_shows_the_job(path: Path, misfit: dict[str, Any]) -> None:
    """A change that does not fit raises Stale with the job as it is, and leaves no trace."""
    whole: dict[str, Any] = {
        "to": "submitting",
        "fields": {"next_at": 9.0},
        "entries": (entry("charge", 1),),
        "submission": SUBMISSION,
        "outputs": (Output(position=0, url="u"),),
        "kind": "note",
    }

    async def scenario(store: Store) -> None:
        await store.insert(make_job(owner="me", claim=1))
        before = await everything(store)
        with pytest.raises(Stale) as raised:
            await store.apply(change(**(whole | misfit)))
        assert [raised.value.job] == before[0]
        assert await everything(store) == before

    run(path, scenario)


def test_fitting_fence_and_expectation_pass(path: Path) -> None:
    """The holder of the job, in the expected state, may change it."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job(owner="me", claim=1))
        job = await store.apply(
            change(fence=("me", 1), expect=frozenset({"queued"}), to="submitting")
        )
        assert (job.state, job.owner, job.claim) == ("submitting", "me", 1)

    run(path, scenario)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"state": "failed"}, "state"),
        ({"id": "x"}, "id"),
        ({"claim": 7}, "claim"),
        ({"digest": "x"}, "digest"),
        ({"credits": None}, "credits"),
        ({"owner": "me"}, "claim()"),
        ({"next_at": "soon"}, "next_at"),
        ({"next_at": None}, "next_at"),
    ],
    ids=str,
)
def test_field_that_cannot_be_set_is_a_value_error(
    path: Path, fields: dict[str, Any], named: str
) -> None:
    """A name or value that no job's column takes is the caller's mistake, and changes nothing."""

    async def scenario(store: Store) -> None:
        made = await store.insert(make_job())
        with pytest.raises(ValueError) as raised:
            await store.apply(change(to="submitting", fields=fields))
        assert named in str(raised.value)
        assert await store.job(made.job.id) == made.job
        assert len(await store.events()) == 1

    run(path, scenario)


def test_records_of_other_jobs_are_refused(path: Path) -> None:
    """An entry or submission of another job is the caller's mistake."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job(2))
        for misfit in ({"entries": (entry("charge", 1),)}, {"submission": SUBMISSION}):
            with pytest.raises(ValueError, match="of job job-000001 in a change of job job-000002"):
                await store.apply(change("job-000002", **misfit))

    run(path, scenario)


def test_unknown_job_is_not_found(path: Path) -> None:
    """A change of a job that does not exist raises JobNotFound."""

    async def scenario(store: Store) -> None:
        with pytest.raises(JobNotFound, match="job-000001"):
            await store.apply(change(to="submitting"))

    run(path, scenario)


async def held_at_the_end(store: Store, job: Job) -> Job:
    await store.insert(job)
    return await store.apply(change(job, to="failed"))


def test_ended_job_is_let_go(path: Path) -> None:
    """A job that ends has no owner any more; its claim stays."""

    async def scenario(store: Store) -> None:
        job = await held_at_the_end(store, make_job(owner="me", claim=4))
        assert (job.owner, job.claim) == (None, 4)
        assert await store.job(job.id) == job

    run(path, scenario)


def test_ended_job_taken_for_its_charge_is_let_go_after_a_change(path: Path) -> None:
    """An ended job that is watched for a refund is free again after each look."""

    async def scenario(store: Store) -> None:
        await held_at_the_end(store, make_job())
        (taken,) = await store.claim(
            "me", now=9.0, states={"failed"}, credentials={"key-a"}, limit=1
        )
        assert taken.owner == "me"
        job = await store.apply(change(fence=("me", taken.claim), entries=(entry("refund", 1),)))
        assert (job.owner, job.credits.refunded) == (None, 1)

    run(path, scenario)


def test_task_of_another_job_is_not_free(path: Path) -> None:
    """A task found by comparison goes to one job only, also when a submission alone has it."""

    async def scenario(store: Store) -> None:
        for number in (1, 2, 3):
            await store.insert(make_job(number))
        await store.insert(make_job(4, provider="aivideomaker"))
        second = Submission(
            job_id="job-000001",
            attempt=1,
            owner="me",
            claim=1,
            credential="key-a",
            idempotency_key=None,
            method="POST",
            url="u",
            at=4.0,
            task_id="task-b",
        )
        await store.apply(
            change(fields={"task_id": "task-a"}, free_task="task-a", submission=second)
        )
        for task in ("task-a", "task-b"):
            with pytest.raises(Stale):
                await store.apply(change("job-000002", fields={"task_id": task}, free_task=task))
        assert (await store.job("job-000002")).task_id is None
        for task in ("task-b", "task-a"):
            again = await store.apply(change(fields={"task_id": task}, free_task=task))
            assert again.task_id == task
        other = change("job-000004", fields={"task_id": "task-a"}, free_task="task-a")
        assert (await store.apply(other)).task_id == "task-a"

    run(path, scenario)


def test_evidence_needs_no_free_task(path: Path) -> None:
    """A task id on somebody's word is recorded even where another job has it."""

    async def scenario(store: Store) -> None:
        for number in (1, 2):
            await store.insert(make_job(number))
            job = await store.apply(change(make_job(number), fields={"task_id": "task-a"}))
            assert job.task_id == "task-a"

    run(path, scenario)
