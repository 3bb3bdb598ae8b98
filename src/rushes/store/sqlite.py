"""The store on one machine: a SQLite file, written by one thread and read by another."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import apsw

from rushes.errors import StoreError
from rushes.store import changes, facts, ledger, owners, prices, queries, rows, spending
from rushes.store.database import (
    check_library,
    connect,
    create_file,
    load_migrations,
    migrate,
    translate,
)
from rushes.store.job import Cap, Change, Entry, Event, Job, Owner, State, Submission
from rushes.store.protocol import CommitHook, Filter, InFlight, Inserted, PriceSample, Sample, Spent
from rushes.store.writer import Operation, Writer

T = TypeVar("T")


class SqliteStore:
    """Jobs in one SQLite file, for one process or several on one machine.

    Args:
        path: the file; it and its folder are made where they do not exist, for this user alone.
        on_commit: called in the writer's thread around each commit.
        on_job: called on the caller's loop with each job as this process has changed it.
        hold: gives a context manager that is entered while an operation is under way.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_commit: CommitHook | None = None,
        on_job: Callable[[Job], None] | None = None,
        hold: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext,
    ) -> None:
        self.path = path
        self._on_commit = on_commit
        self._on_job = on_job
        self._hold = hold
        self._writer: Writer | None = None
        self._reader: apsw.Connection | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._secret: bytes | None = None

    async def open(self) -> None:
        """Open or create the file, and bring its layout up to date. Raises StoreError."""
        if self._writer is not None:
            return
        pool = ThreadPoolExecutor(1, thread_name_prefix="rushes-store-reader")
        try:
            with self._hold():
                loop = asyncio.get_running_loop()
                writing, self._reader = await loop.run_in_executor(pool, self._connect)
        except BaseException:
            pool.shutdown(wait=False)
            raise
        self._pool = pool
        self._writer = Writer(writing, self.path, on_commit=self._on_commit)

    def _connect(self) -> tuple[apsw.Connection, apsw.Connection]:
        check_library()
        writing = None
        try:
            create_file(self.path)
            writing = connect(self.path)
            migrate(writing, self.path, load_migrations())
            return writing, connect(self.path, read_only=True)
        except Exception as error:  # noqa: BLE001 - translated
            if writing is not None:
                writing.close(force=True)
            fault = translate(error, self.path)
            raise fault from fault.__cause__

    async def close(self) -> None:
        """Finish what was begun, then close. Closing twice does nothing more."""
        writer, reader, pool = self._writer, self._reader, self._pool
        self._writer = self._reader = self._pool = None
        if writer is None or reader is None or pool is None:
            return
        with self._hold():
            loop = asyncio.get_running_loop()
            # The reader goes first: the last connection to close tidies up the log.
            await loop.run_in_executor(pool, reader.close, True)
            await loop.run_in_executor(pool, writer.stop)
        pool.shutdown()

    async def _write(self, operation: Operation[T], *, first: bool = False) -> T:
        if self._writer is None:
            raise self._closed()
        with self._hold():
            return await self._writer.submit(operation, first=first)

    async def _read(self, query: Operation[T]) -> T:
        if self._pool is None or self._reader is None:
            raise self._closed()
        with self._hold():
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._in_snapshot, self._reader, query)

    def _in_snapshot(self, connection: apsw.Connection, query: Operation[T]) -> T:
        """Run a query whose statements all see the store at one moment."""
        try:
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                connection.execute("ROLLBACK")
        except Exception as error:  # noqa: BLE001 - translated
            fault = translate(error, self.path)
            raise fault from fault.__cause__

    def _closed(self) -> StoreError:
        return StoreError(f"The store {self.path} is not open.", next_step="Open it first.")

    # Jobs.

    async def insert(
        self, job: Job, *, entries: Sequence[Entry] = (), caps: Sequence[Cap] = ()
    ) -> Inserted:
        """Insert a job with its first event, or find the one with its request id."""
        inserted = await self._write(lambda db: changes.insert(db, job, entries, caps))
        self._tell(inserted.job)
        return inserted

    async def apply(self, change: Change) -> Job:
        """Apply one change whole. Raises Stale when it does not fit the job."""
        job = await self._write(lambda db: changes.apply(db, change))
        self._tell(job)
        return job

    def _tell(self, job: Job) -> None:
        if self._on_job is not None:
            self._on_job(job)

    async def job(self, job_id: str) -> Job:
        """Return one job. Raises JobNotFound."""
        return await self._read(lambda db: rows.load(db, job_id)[1])

    async def find(self, fragment: str) -> Job:
        """Return the one job whose id is, begins or ends with `fragment`. Raises JobNotFound."""
        return await self._read(lambda db: queries.find(db, fragment))

    async def jobs(self, filter: Filter) -> list[Job]:
        """List jobs, the last inserted first."""
        return await self._read(lambda db: queries.jobs(db, filter))

    async def count(self, filter: Filter) -> dict[State, int]:
        """Count jobs by state."""
        return await self._read(lambda db: queries.count(db, filter))

    async def events(
        self, *, after: int = 0, job_id: str | None = None, limit: int = 1000
    ) -> list[Event]:
        """List events with a greater `seq`, oldest first."""
        return await self._read(
            lambda db: queries.events(db, after=after, job_id=job_id, limit=limit)
        )

    async def submissions(self, job_id: str) -> list[Submission]:
        """List a job's submissions, first first."""
        return await self._read(lambda db: queries.submissions(db, job_id))

    async def entries(self, job_id: str) -> list[Entry]:
        """List a job's ledger entries, oldest first."""
        return await self._read(lambda db: queries.entries(db, job_id))

    async def tasks_owned(self, provider: str, task_ids: Collection[str]) -> set[str]:
        """Return those of the task ids that belong to a job or a submission of ours."""
        return await self._read(lambda db: queries.tasks_owned(db, provider, task_ids))

    # Who works on what.

    async def claim(
        self,
        owner: str,
        *,
        now: float,
        states: Collection[State],
        credentials: Collection[str],
        limit: int,
    ) -> list[Job]:
        """Take due jobs that no living owner holds; soonest to expire first."""
        return await self._write(
            lambda db: owners.claim(
                db, owner, now=now, states=states, credentials=credentials, limit=limit
            )
        )

    async def register(self, owner: Owner) -> None:
        """Add an owner, or renew its lease: before all other writes that wait."""
        await self._write(lambda db: owners.register(db, owner), first=True)

    async def owners(self) -> list[Owner]:
        """List all owners, the latest lease first."""
        return await self._read(owners.owners)

    async def release(self, owner: str) -> int:
        """Forget an owner and free all its jobs; returns how many."""
        return await self._write(lambda db: owners.release(db, owner))

    # Small shared facts.

    async def take_query(self, key: str, *, now: float, per_minute: int) -> float:
        """Take one query from a shared budget; returns the seconds to wait before sending."""
        return await self._write(
            lambda db: facts.take_query(db, key, now=now, per_minute=per_minute)
        )

    async def block_queries(self, key: str, *, until: float) -> None:
        """Let nobody query before `until`."""
        await self._write(lambda db: facts.block_queries(db, key, until=until))

    async def blocked_until(self, key: str) -> float:
        """Return until when nobody may query, 0 for never."""
        return await self._read(lambda db: facts.blocked_until(db, key))

    async def add_sample(self, sample: Sample) -> None:
        """Remember how long a task took; only the newest 2,000 of a model are kept."""
        await self._write(lambda db: facts.add_sample(db, sample))

    async def samples(self, model: str, *, sandbox: bool) -> list[Sample]:
        """Return what is known of a model's times, newest first."""
        return await self._read(lambda db: facts.samples(db, model, sandbox=sandbox))

    async def is_alone(self, job_id: str, *, since: float) -> bool:
        """Say whether no other job can have moved the balance between `since` and now."""
        return await self._read(lambda db: prices.is_alone(db, job_id, since=since))

    async def learn_price(self, sample: PriceSample, *, alone_since: float) -> bool:
        """Keep what a job was seen to cost, if it was alone; says whether it was kept."""
        return await self._write(lambda db: prices.learn(db, sample, alone_since=alone_since))

    async def price_samples(self, model: str, terms: str) -> list[PriceSample]:
        """Return what such a request of a model was seen to cost, newest first."""
        return await self._read(lambda db: prices.samples(db, model, terms))

    async def check_caps(self, job: Job, caps: Sequence[Cap]) -> None:
        """Raise BudgetExceeded if a job that is not stored would pass a cap now."""
        await self._read(lambda db: ledger.check_caps(db, job, caps))

    async def spend(self, *, since: float, sandbox: bool) -> list[Spent]:
        """Sum the jobs that were asked for since then by local day, model and credential."""
        return await self._read(lambda db: spending.spend(db, since=since, sandbox=sandbox))

    async def allow_unpriced(self, model: str, credential: str) -> None:
        """Remember a person's word that this model may be used without a known price."""
        await self._write(lambda db: facts.allow_unpriced(db, model, credential))

    async def is_unpriced_allowed(self, model: str, credential: str) -> bool:
        """Say whether that word has been given."""
        return await self._read(lambda db: facts.is_unpriced_allowed(db, model, credential))

    async def remember(self, name: str, value: str) -> None:
        """Keep a small fact under its name, in the place of an older one."""
        await self._write(lambda db: facts.remember(db, name, value))

    async def recall(self, name: str) -> str | None:
        """Return the fact of that name, or None."""
        return await self._read(lambda db: facts.recall(db, name))

    async def recall_all(self, prefix: str) -> dict[str, str]:
        """Return the facts whose names begin so, by the rest of their names."""
        return await self._read(lambda db: facts.recall_all(db, prefix))

    async def in_flight(self, *, now: float) -> list[InFlight]:
        """Count the jobs that have not ended, by credential."""
        return await self._read(lambda db: owners.in_flight(db, now))

    async def secret(self) -> bytes:
        """Return this store's own 32 random bytes, made once."""
        if self._secret is None:
            self._secret = await self._write(facts.secret)
        return self._secret

    async def watch_changes(self) -> int:
        """Return a number that differs after any process has committed."""
        if self._pool is None or self._reader is None:
            raise self._closed()
        # Not in a snapshot: the number is that of this one connection, which never writes.
        query = self._reader.execute
        loop = asyncio.get_running_loop()
        with self._hold():
            return int(
                await loop.run_in_executor(self._pool, lambda: query("PRAGMA data_version").get)
            )
