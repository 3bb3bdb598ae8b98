from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import BudgetExceeded
from rushes.store import changes, ledger, rows
from rushes.store.job import Cap, Credits, EntryKind
from rushes.store.protocol import Filter, Store

from .making import change, entry, in_memory, make_job, outcomes, run


@pytest.mark.parametrize(
    ("movements", "sums", "counted"),
    [
        ([], Credits(), 0),
        ([("reserve", 30)], Credits(reserved=30), 30),
        ([("reserve", 30), ("charge", 25)], Credits(charged=25), 25),
        ([("reserve", 30), ("charge", 0)], Credits(charged=0), 0),
        ([("reserve", 30), ("release", 30)], Credits(), 0),
        ([("reserve", 30), ("release", 30), ("reserve", 40)], Credits(reserved=40), 40),
        (
            [("reserve", 30), ("charge", 30), ("refund", 10)],
            Credits(charged=30, refunded=10),
            20,
        ),
        ([("charge", 10), ("refund", 12)], Credits(charged=10, refunded=12), 0),
        ([("charge", 10), ("charge", 5)], Credits(charged=15), 15),
        ([("refund", 3)], Credits(refunded=3), 0),
    ],
    ids=str,
)
def test_sums_of_a_job(movements: list[tuple[EntryKind, int]], sums: Credits, counted: int) -> None:
    """A charge or release settles the reservation; charged is None until there is a charge."""
    found = ledger.book(Credits(), [entry(kind, credits_) for kind, credits_ in movements])
    assert found == sums
    assert ledger.exposure(found) == counted


def test_negative_entry_is_refused(path: Path) -> None:
    """An entry of less than nothing is the caller's mistake, and books nothing."""

    async def scenario(store: Store) -> None:
        with pytest.raises(ValueError, match="-1"):
            await store.insert(make_job(), entries=(entry("reserve", -1),))
        await store.insert(make_job())
        with pytest.raises(ValueError, match="-5"):
            await store.apply(change(entries=(entry("charge", 3), entry("refund", -5))))
        assert await store.entries("job-000001") == []

    run(path, scenario)


movement = st.tuples(
    st.integers(1, 4),
    st.sampled_from(["reserve", "charge", "release", "refund"]),
    st.integers(0, 100),
    st.sampled_from([None, "key-a", "key-b"]),
)


@given(st.lists(movement, max_size=20), st.integers(0, 5000))
def test_sums_are_never_negative_and_caps_see_all_of_them(
    movements: list[tuple[int, EntryKind, int, str | None]], since: int
) -> None:
    """After any movements no sum is negative, and a cap counts exactly what the jobs count."""
    connection = in_memory()
    for number in range(1, 5):
        job = make_job(number, created_at=number * 1000.0, sandbox=number == 4)
        changes.insert(connection, job, (entry("reserve", 7, job),), ())
    for number, kind, credits_, credential in movements:
        fields = {} if credential is None else {"credential": credential}
        job = make_job(number)
        after = changes.apply(
            connection, change(job, fields=fields, entries=(entry(kind, credits_, job),))
        )
        assert after == rows.load(connection, after.id)[1]
        assert min(after.credits.reserved, after.credits.charged or 0, after.credits.refunded) >= 0
        assert ledger.exposure(after.credits) >= 0

    jobs = [rows.load(connection, make_job(number).id)[1] for number in range(1, 5)]
    for credential in (None, "key-a", "key-b"):
        counted = sum(
            ledger.exposure(job.credits)
            for job in jobs
            if not job.sandbox and job.created_at >= since and credential in (None, job.credential)
        )
        asked = make_job(9, credits=Credits(reserved=1), credential=credential or "key-a")
        fits = Cap(name="fits", limit=counted + 1, since=since, credential=credential)
        ledger.check_caps(connection, asked, [fits])
        tight = Cap(name="tight", limit=counted, since=since, credential=credential)
        with pytest.raises(BudgetExceeded, match=f"used {counted}, asked 1"):
            ledger.check_caps(connection, asked, [tight])


def test_cap_names_limit_used_and_asked(path: Path) -> None:
    """A job that would pass a cap is not stored, nor is its request id bound."""
    cap = Cap(name="day", limit=50)

    async def scenario(store: Store) -> None:
        await store.insert(make_job(1), entries=(entry("reserve", 30),), caps=(cap,))
        second = make_job(2, request_id="r")
        with pytest.raises(BudgetExceeded) as raised:
            await store.insert(second, entries=(entry("reserve", 21, second),), caps=(cap,))
        assert "'day': limit 50 credits, used 30, asked 21" in str(raised.value)
        assert await store.count(Filter()) == {"queued": 1}
        cheaper = make_job(3, request_id="r", digest="digest-b")
        made = await store.insert(cheaper, entries=(entry("reserve", 20, cheaper),), caps=(cap,))
        assert made.new

    run(path, scenario)


def test_caps_count_what_they_are_about(path: Path) -> None:
    """A cap leaves out other credentials, earlier jobs and the other side of the sandbox."""

    async def scenario(store: Store) -> None:
        others = (
            make_job(1, credential="key-b"),
            make_job(2, created_at=99.0),
            make_job(3, sandbox=True),
        )
        for job in others:
            await store.insert(job, entries=(entry("reserve", 40, job),))
        cap = Cap(name="narrow", limit=50, since=100.0, credential="key-a")
        job = make_job(4)
        assert (await store.insert(job, entries=(entry("reserve", 50, job),), caps=(cap,))).new
        free = make_job(5)
        assert (await store.insert(free, caps=(cap,))).new
        elsewhere = make_job(6, credential="key-b")
        made = await store.insert(
            elsewhere, entries=(entry("reserve", 99, elsewhere),), caps=(cap,)
        )
        assert made.new

    run(path, scenario)


def test_cap_is_free_again_after_release_and_refund(path: Path) -> None:
    """What was released or given back may be spent again."""
    cap = Cap(name="batch", limit=30)

    async def scenario(store: Store) -> None:
        for number, end in enumerate([("release", 30), ("charge", 30), ("charge", 5)], start=1):
            job = make_job(number)
            await store.insert(job, entries=(entry("reserve", 30, job),), caps=(cap,))
            kind, credits_ = end
            booked = [entry(kind, credits_, job)]  # type: ignore[arg-type]
            if number == 2:
                booked.append(entry("refund", 30, job))
            await store.apply(change(job, to="failed", entries=tuple(booked)))
        job = make_job(4)
        with pytest.raises(BudgetExceeded, match="used 5, asked 26"):
            await store.insert(job, entries=(entry("reserve", 26, job),), caps=(cap,))

    run(path, scenario)


def test_racing_inserts_do_not_overspend(path: Path) -> None:
    """Of 100 jobs of 10 credits at once, five get the last 50."""
    caps = (Cap(name="wide", limit=10_000), Cap(name="day", limit=150, since=500.0))

    async def scenario(store: Store) -> None:
        await store.insert(make_job(0), entries=(entry("reserve", 100, make_job(0)),))
        made = await outcomes(
            [
                store.insert(
                    make_job(number), entries=(entry("reserve", 10, make_job(number)),), caps=caps
                )
                for number in range(1, 101)
            ]
        )
        refused = [found for found in made if isinstance(found, BaseException)]
        assert {type(found) for found in refused} == {BudgetExceeded}
        assert len(refused) == 95
        jobs = await store.jobs(Filter(limit=1000))
        assert sum(job.credits.reserved for job in jobs) == 150

    run(path, scenario)
