import asyncio
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.store import facts
from rushes.store.protocol import Filter, Sample, Store
from rushes.store.sqlite import SqliteStore

from .making import in_memory, make_job, run


@given(
    st.integers(1, 90),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
    st.floats(1.6e9, 2e9),
)
def test_no_minute_has_more_queries_than_its_budget(
    per_minute: int, pauses: list[float], begin: float
) -> None:
    """Whenever queries are asked for, they lie evenly and fit the budget in every minute."""
    connection = in_memory()
    now = begin
    sent = []
    for pause in pauses:
        now += pause
        wait = facts.take_query(connection, "mediaio", now=now, per_minute=per_minute)
        assert wait >= 0
        sent.append(now + wait)
    assert sent == sorted(sent)
    for first, last in zip(sent, sent[per_minute:], strict=False):
        assert last - first >= 60
    for first, second in itertools.pairwise(sent):
        assert second - first >= 60 / per_minute - 1e-6


def test_processes_share_one_budget(path: Path) -> None:
    """Two stores that ask at once get places of one evenly spaced row."""

    async def scenario(one: SqliteStore) -> None:
        other = SqliteStore(path)
        await other.open()
        try:
            waits = await asyncio.gather(
                *(
                    (one, other)[number % 2].take_query("mediaio", now=1000.0, per_minute=30)
                    for number in range(60)
                )
            )
        finally:
            await other.close()
        assert sorted(waits) == pytest.approx([2.0 * place for place in range(60)], abs=1e-3)

    run(path, scenario)


def test_first_query_goes_at_once_and_keys_are_apart(path: Path) -> None:
    """A budget that was not used does not wait, and no key waits for another."""

    async def scenario(store: Store) -> None:
        assert await store.take_query("a", now=1000.0, per_minute=1) == 0
        assert await store.take_query("b", now=1000.0, per_minute=1) == 0
        assert await store.take_query("a", now=1030.0, per_minute=1) == pytest.approx(30, abs=1e-3)
        assert await store.take_query("a", now=2000.0, per_minute=1) == 0
        with pytest.raises(ValueError, match="at least 1"):
            await store.take_query("a", now=2000.0, per_minute=0)

    run(path, scenario)


def test_block_holds_all_queries_back(path: Path) -> None:
    """After Retry-After nobody queries before its end; a shorter block does not shorten it."""

    async def scenario(store: Store) -> None:
        assert await store.blocked_until("a") == 0
        await store.block_queries("a", until=1050.0)
        await store.block_queries("a", until=1020.0)
        assert await store.blocked_until("a") == 1050.0
        assert await store.take_query("a", now=1000.0, per_minute=60) == 50
        assert await store.take_query("a", now=1000.0, per_minute=60) == pytest.approx(51, abs=1e-3)

    run(path, scenario)


def make_sample(number: int, *, model: str = "m", sandbox: bool = False) -> Sample:
    return Sample(
        model=model, sandbox=sandbox, unfinished=number, finished=number + 1.5, at=float(number)
    )


def test_newest_samples_are_kept(path: Path) -> None:
    """Of each model the newest 2,000 samples stay, apart from the sandbox's."""

    async def scenario(store: Store) -> None:
        kept = [make_sample(0, model="n"), make_sample(0, sandbox=True)]
        given = [*kept, *(make_sample(number) for number in range(2005))]
        await asyncio.gather(*(store.add_sample(sample) for sample in given))
        newest = [make_sample(number) for number in reversed(range(5, 2005))]
        assert await store.samples("m", sandbox=False) == newest
        assert await store.samples("n", sandbox=False) == [kept[0]]
        assert await store.samples("m", sandbox=True) == [kept[1]]

    run(path, scenario)


def test_word_for_unpriced_is_remembered(path: Path) -> None:
    """A person's word counts for that model and credential only, and may be given twice."""

    async def scenario(store: Store) -> None:
        assert not await store.is_unpriced_allowed("m", "key-a")
        await store.allow_unpriced("m", "key-a")
        await store.allow_unpriced("m", "key-a")
        assert await store.is_unpriced_allowed("m", "key-a")
        assert not await store.is_unpriced_allowed("m", "key-b")

    run(path, scenario)


def test_secret_is_made_once(path: Path, tmp_path: Path) -> None:
    """The secret is 32 bytes, the same ever after, and not that of another store."""
    first = run(path, lambda store: store.secret())
    assert len(first) == 32
    assert run(path, lambda store: store.secret()) == first
    assert run(tmp_path / "other.db", lambda store: store.secret()) != first


def test_any_commit_changes_the_number(path: Path) -> None:
    """The number stays while nothing is written, and differs after any store's commit."""

    async def scenario(one: SqliteStore) -> None:
        other = SqliteStore(path)
        await other.open()
        try:
            seen = {await one.watch_changes()}
            for number, store in enumerate((one, other, one), start=1):
                assert await one.watch_changes() in seen
                await store.insert(make_job(number))
                await one.jobs(Filter())
                assert await one.watch_changes() not in seen
                seen.add(await one.watch_changes())
        finally:
            await other.close()

    run(path, scenario)
