import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.client.spending import SUMS, By, grouped
from rushes.store import changes, rows, spending
from rushes.store.job import Entry, EntryKind, EntrySource
from rushes.store.protocol import Filter, Store

from .making import change, in_memory, make_job, run

KINDS: list[EntryKind] = ["reserve", "charge", "release", "refund"]
SOURCES: list[EntrySource] = ["provider", "quote", "learned", "assumed"]
DAY = 86_400


@pytest.fixture
def zone() -> Iterator[None]:
    """A machine in a zone where the day begins at 23:00 UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "XXX-1"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def booked(job_id: str, kind: EntryKind, credits: int, source: EntrySource) -> Entry:
    return Entry(job_id=job_id, at=1.0, kind=kind, credits=credits, source=source)


def test_rows_by_day_model_and_credential(path: Path, zone: None) -> None:
    """The day is the local one on which the job was asked for; sources are told apart."""
    evening = 10 * DAY + 23 * 3600 - 1.0

    async def scenario(store: Store) -> None:
        asked = [
            make_job(1, created_at=evening),
            make_job(2, created_at=evening + 1),
            make_job(3, created_at=evening, credential="key-b"),
            make_job(4, created_at=evening, sandbox=True),
        ]
        for job in asked:
            await store.insert(job, entries=(booked(job.id, "reserve", 9, "quote"),))
        entries = (
            booked(asked[0].id, "charge", 7, "provider"),
            booked(asked[0].id, "refund", 2, "provider"),
        )
        await store.apply(change(asked[0], entries=entries))
        await store.apply(change(asked[2], entries=(booked(asked[2].id, "charge", 4, "learned"),)))
        found = await store.spend(since=0.0, sandbox=False)
        shown = [(row.day, row.credential, row.jobs, row.reserved, row.charged) for row in found]
        assert shown == [
            ("1970-01-11", "key-a", 1, 0, 7),
            ("1970-01-11", "key-b", 1, 0, 4),
            ("1970-01-12", "key-a", 1, 9, 0),
        ]
        assert (found[0].provider_said, found[0].refunded, found[1].learned) == (7, 2, 4)
        assert [row.day for row in await store.spend(since=evening + 1, sandbox=False)] == [
            "1970-01-12"
        ]
        (alone,) = await store.spend(since=0.0, sandbox=True)
        assert (alone.jobs, alone.reserved, alone.sandbox) == (1, 9, True)
        assert len(await store.jobs(Filter())) == 4

    run(path, scenario)


def test_a_cost_that_nobody_knows_is_counted_and_not_summed(path: Path) -> None:
    """A job that succeeded without a charge is no job of 0 credits."""

    async def scenario(store: Store) -> None:
        await store.insert(make_job(1, state="archiving"))
        await store.apply(change(to="succeeded"))
        (row,) = await store.spend(since=0.0, sandbox=False)
        assert (row.jobs, row.charged, row.unknown) == (1, 0, 1)

    run(path, scenario)


movement = st.tuples(
    st.integers(1, 6), st.sampled_from(KINDS), st.integers(0, 100), st.sampled_from(SOURCES)
)


@given(st.lists(movement, max_size=30))
def test_no_credit_is_lost_in_the_sums(
    movements: list[tuple[int, EntryKind, int, EntrySource]],
) -> None:
    """However rows are grouped, they add up to the jobs, and the sources to what was charged."""
    connection = in_memory()
    for number in range(1, 7):
        job = make_job(
            number,
            created_at=float(number % 3 * DAY),
            provider=("mediaio", "aivideomaker")[number % 2],
            model=f"model-{number % 2}",
            credential=f"key-{number % 4}",
        )
        changes.insert(connection, job, (), ())
    for number, kind, credits_, source in movements:
        job_id = make_job(number).id
        entry = booked(job_id, kind, credits_, source)
        changes.apply(connection, change(job_id, entries=(entry,)))
    jobs = [rows.load(connection, make_job(number).id)[1] for number in range(1, 7)]
    found = spending.spend(connection, since=0.0, sandbox=False)
    assert sum(row.charged for row in found) == sum(job.credits.charged or 0 for job in jobs)
    assert sum(row.reserved for row in found) == sum(job.credits.reserved for job in jobs)
    assert sum(row.refunded for row in found) == sum(job.credits.refunded for job in jobs)
    for row in found:
        assert row.charged == row.provider_said + row.by_quote + row.learned + row.assumed
    every: tuple[By, ...] = ("day", "model", "credential")
    for by in every:
        groups = grouped(found, by)
        assert len({(one.name, one.provider) for one in groups}) == len(groups)
        for name in SUMS:
            assert sum(getattr(one, name) for one in groups) == sum(
                getattr(row, name) for row in found
            )
        for one in groups:
            assert one.net == one.charged - one.refunded
