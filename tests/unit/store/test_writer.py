import asyncio
import contextlib
import resource
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import apsw
import pytest

from rushes.errors import StoreError
from rushes.store import database
from rushes.store.protocol import Filter, Store
from rushes.store.sqlite import SqliteStore

from .making import change, make_job, make_owner, outcomes, run


class Gate:
    """A commit hook that holds the first commit back until it is opened."""

    def __init__(self) -> None:
        self.commits = 0
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self, moment: str) -> None:
        if moment == "before":
            self.commits += 1
            self.reached.set()
            assert self._open.wait(30)

    @contextlib.asynccontextmanager
    async def closed(self, store: SqliteStore) -> AsyncIterator[None]:
        """Make a first commit wait; what is begun inside the block is queued behind it."""
        first = asyncio.create_task(store.insert(make_job(0)))
        await asyncio.to_thread(self.reached.wait, 30)
        try:
            yield
            await asyncio.sleep(0)
        finally:
            self._open.set()
        await first


def test_what_waits_is_committed_together(path: Path) -> None:
    """Operations that wait while one commit is under way share the next one."""
    gate = Gate()

    async def scenario(store: SqliteStore) -> None:
        async with gate.closed(store):
            tasks = [
                asyncio.create_task(store.insert(make_job(number))) for number in range(1, 101)
            ]
        await asyncio.gather(*tasks)
        assert gate.commits == 2
        assert await store.count(Filter()) == {"queued": 101}

    run(path, scenario, on_commit=gate)


def test_failing_operation_is_undone_alone(path: Path) -> None:
    """An operation that raises after writing loses its own writes, not its neighbours'."""
    gate = Gate()

    def fail(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM events")
        connection.execute("DELETE FROM jobs")
        raise LookupError("half way")

    async def scenario(store: SqliteStore) -> None:
        async with gate.closed(store):
            before = asyncio.create_task(store.insert(make_job(1)))
            failing = asyncio.create_task(store._write(fail))
            stale = asyncio.create_task(store.apply(change(to="running")))
            after = asyncio.create_task(store.insert(make_job(2)))
        found = await outcomes([before, failing, stale, after])
        kinds = ["Inserted", "LookupError", "Stale", "Inserted"]
        assert [type(one).__name__ for one in found] == kinds
        assert gate.commits == 2
        assert await store.count(Filter()) == {"queued": 3}
        assert len(await store.events()) == 3

    run(path, scenario, on_commit=gate)


def test_heartbeat_goes_before_all_that_waits(path: Path) -> None:
    """A lease is renewed before jobs that were asked for earlier."""
    gate = Gate()

    def owners_seen(connection: apsw.Connection) -> int:
        return len(connection.execute("SELECT id FROM owners").fetchall())

    async def scenario(store: SqliteStore) -> None:
        async with gate.closed(store):
            earlier = asyncio.create_task(store._write(owners_seen))
            await asyncio.sleep(0)
            beat = asyncio.create_task(store.register(make_owner("me", lease_until=1.0)))
        await beat
        assert await earlier == 1

    run(path, scenario, on_commit=gate)


def test_reading_does_not_wait_for_writing(path: Path) -> None:
    """While a commit is under way, reads answer with what was committed before."""
    gate = Gate()

    async def scenario(store: SqliteStore) -> None:
        async with gate.closed(store):
            assert await store.count(Filter()) == {}
        assert await store.count(Filter()) == {"queued": 1}

    run(path, scenario, on_commit=gate)


def test_caller_that_stops_waiting_stops_nothing(path: Path) -> None:
    """An operation that was asked for is done, also when its caller was canceled."""
    gate = Gate()

    async def scenario(store: SqliteStore) -> None:
        async with gate.closed(store):
            task = asyncio.create_task(store.insert(make_job(1)))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        await store.insert(make_job(2))
        assert (await store.job("job-000001")).state == "queued"

    run(path, scenario, on_commit=gate)


def test_closing_finishes_what_was_begun(path: Path) -> None:
    """What is queued when the store closes is committed and answered."""

    async def scenario() -> None:
        store = SqliteStore(path)
        await store.open()
        tasks = [asyncio.create_task(store.insert(make_job(number))) for number in range(300)]
        await asyncio.sleep(0)
        await store.close()
        assert all(made.new for made in await asyncio.gather(*tasks))

    asyncio.run(scenario())
    assert run(path, lambda store: store.count(Filter())) == {"queued": 300}


def test_closed_store_says_so(path: Path) -> None:
    """Before opening and after closing every call is StoreError; closing again is nothing."""

    async def scenario() -> None:
        store = SqliteStore(path)
        for _ in range(2):
            for attempt in (store.insert(make_job()), store.jobs(Filter()), store.watch_changes()):
                with pytest.raises(StoreError, match="is not open"):
                    await attempt
            await store.open()
            await store.close()
            await store.close()

    asyncio.run(scenario())


def test_hook_is_called_around_each_commit(path: Path) -> None:
    """The hook hears before and after, for every group, in the writer's thread."""
    heard: list[tuple[str, str]] = []

    async def scenario(store: Store) -> None:
        await store.insert(make_job(1))
        await store.insert(make_job(2))

    run(
        path,
        scenario,
        on_commit=lambda moment: heard.append((moment, threading.current_thread().name)),
    )
    assert heard == [("before", "rushes-store-writer"), ("after", "rushes-store-writer")] * 2


@pytest.mark.parametrize(("when", "kept"), [("before", {}), ("after", {"queued": 1})])
def test_failing_hook_reaches_the_caller(path: Path, when: str, kept: dict[str, int]) -> None:
    """A hook that raises before the commit undoes it; after it, only the answer is lost."""
    faults = [RuntimeError("as if it had died")]

    def hook(moment: str) -> None:
        if moment == when and faults:
            raise faults.pop()

    async def scenario(store: Store) -> None:
        with pytest.raises(RuntimeError, match="as if it had died"):
            await store.insert(make_job(1))
        assert await store.count(Filter()) == kept
        assert (await store.insert(make_job(2))).new

    run(path, scenario, on_commit=hook)
    assert run(path, lambda store: store.count(Filter())) == {"queued": len(kept) + 1}


def test_clock_is_held_while_an_operation_is_under_way(path: Path) -> None:
    """`hold` is entered for each operation and left when it is over, failed or not."""
    held = 0
    seen: list[int] = []
    entered = 0

    @contextlib.contextmanager
    def hold() -> Iterator[None]:
        nonlocal held, entered
        held += 1
        entered += 1
        try:
            yield
        finally:
            held -= 1

    async def scenario(store: Store) -> None:
        nonlocal entered
        assert (held, entered) == (0, 1)
        await store.insert(make_job(1))
        with pytest.raises(StoreError):
            await store.insert(make_job(1))
        await store.jobs(Filter())
        await store.watch_changes()
        assert (held, entered) == (0, 5)

    run(path, scenario, hold=hold, on_commit=lambda _: seen.append(held))
    assert set(seen) == {1}
    assert held == 0


def test_lock_that_is_never_free_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another process keeps the lock, writing fails with its name; later it works again."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.02)

    async def scenario(store: Store) -> None:
        await store.insert(make_job(1))
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked[^$]*fuser"):
            await store.insert(make_job(2))
        assert await store.count(Filter()) == {"queued": 1}
        other.execute("ROLLBACK")
        other.close()
        assert (await store.insert(make_job(2))).new

    run(path, scenario)


def test_full_disk_is_told_and_changes_nothing(path: Path) -> None:
    """When the file cannot grow, callers get StoreError and the store stays as it was."""

    def limit(connection: apsw.Connection, more: int) -> None:
        pages = connection.execute("PRAGMA page_count").get
        assert isinstance(pages, int)
        assert connection.execute(f"PRAGMA max_page_count = {pages + more}").get

    async def scenario(store: SqliteStore) -> None:
        made = (await store.insert(make_job(1))).job
        await store._write(lambda db: limit(db, 1))
        large = {"prompt": "x" * 100_000}
        with pytest.raises(StoreError, match=r"disk is full[^$]*Free some space"):
            await store.insert(make_job(2, request=large))
        with pytest.raises(StoreError, match="disk is full"):
            await store.apply(change(to="submitting", data=large))
        assert await store.jobs(Filter()) == [made]
        assert [event.kind for event in await store.events()] == ["queued"]
        await store._write(lambda db: limit(db, 1000))
        assert (await store.insert(make_job(2, request=large))).new

    run(path, scenario)


def test_failing_disk_is_told_and_changes_nothing(path: Path) -> None:
    """When the log cannot be written, the commit fails, and the next one works again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def scenario(store: SqliteStore) -> None:
        made = (await store.insert(make_job(1))).job
        size = path.with_name("store.db-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            with pytest.raises(StoreError, match=r"failed: nothing was written[^$]*df -h"):
                await store.apply(change(to="submitting"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert await store.job(made.id) == made
        assert (await store.apply(change(to="submitting"))).state == "submitting"

    run(path, scenario)
