"""The asynchronous client."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any, Self

import msgspec

from rushes.catalog import Catalog
from rushes.catalog.schema import Model
from rushes.client import accounts, previews
from rushes.client.job import AsyncJob
from rushes.client.records import Account, Preview, Spend, Verification
from rushes.client.session import Session
from rushes.client.spending import By, grouped
from rushes.config import Config
from rushes.engine import adoption, intake, keyring, wishes
from rushes.engine.archive_layout import ArchiveLayout
from rushes.engine.caps import midnight
from rushes.engine.clock import Clock
from rushes.errors import MoneyError, SetupError
from rushes.store.job import ACTIVE, Job, Quote, State
from rushes.store.protocol import Filter

Media = str | bytes | os.PathLike[str]


class AsyncRushes:
    """Gets images and videos from AI generation APIs, through durable jobs.

    An asynchronous context manager. Nothing is read or contacted before it is entered; the
    engine starts with the first job, or the first wait. Leaving it waits for creates in flight
    and lets go of the rest: unfinished jobs are taken up by the next process that asks.

    Args:
        home: folder of store, archive, settings and keys (`RUSHES_HOME`).
        archive: folder of the archive (`RUSHES_ARCHIVE`).
        sandbox: True for the sandbox inside this process, or a sandbox's address
            (`RUSHES_SANDBOX`).
        allow_unpriced: generate also where nobody publishes a price (`RUSHES_ALLOW_UNPRICED`).
        max_credits: the most that one request may cost (`RUSHES_MAX_CREDITS`).
        max_credits_per_day: the most credits of one local day, over all keys
            (`RUSHES_MAX_CREDITS_PER_DAY`).
        base_urls: other addresses, by provider; https, or loopback.
        clock: for tests; see `rushes.testing`.
    """

    def __init__(
        self,
        *,
        home: str | os.PathLike[str] | None = None,
        archive: str | os.PathLike[str] | None = None,
        sandbox: bool | str | None = None,
        allow_unpriced: bool | None = None,
        max_credits: int | None = None,
        max_credits_per_day: int | None = None,
        base_urls: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.config = Config(
            home=home,
            archive=archive,
            sandbox=sandbox,
            allow_unpriced=allow_unpriced,
            max_credits=max_credits,
            max_credits_per_day=max_credits_per_day,
            base_urls=base_urls,
        )
        self._clock = clock
        self._session: Session | None = None

    async def __aenter__(self) -> Self:
        session = Session(self.config, clock=self._clock)
        await session.open()
        self._session = session
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for creates in flight, then let go; jobs stay in the store."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    @property
    def session(self) -> Session:
        """What the client works with; SetupError before it is entered."""
        if self._session is None:
            raise SetupError(
                "The client is not open.", next_step="Use it as: async with AsyncRushes() as client"
            )
        self._session.ownership.check_fork()
        return self._session

    @property
    def archive(self) -> ArchiveLayout:
        """Where things lie in the archive."""
        return ArchiveLayout(self.config.archive)

    @property
    def catalog(self) -> Catalog:
        """All models and providers."""
        return self.session.catalog

    def _uses_sandbox(self, sandbox: bool | None) -> bool:
        return bool(self.config.sandbox) if sandbox is None else sandbox

    # Asking.

    async def generate(
        self,
        model: str,
        prompt: str | Sequence[str] | None = None,
        *,
        output: str | os.PathLike[str] | None = None,
        max_credits: int | None = None,
        idempotency_key: str | None = None,
        allow_unpriced: bool | None = None,
        key: str | None = None,
        **parameters: Any,
    ) -> AsyncJob:
        """Ask for an image or a video; returns a durable job at once.

        The request is checked whole before anything is stored or sent: all its problems are
        raised together (InvalidPayload, InvalidMedia), or MissingCredential, BudgetExceeded,
        Unpriced. With `idempotency_key` an equal request is the same job; another request with
        the same key raises IdempotencyConflict.

        Args:
            model: a model's id or name, `kling-3.0` or `mediaio/kling-3.0`.
            prompt: what to make; a list of segments for long video.
            output: a folder that gets a copy of each file under a readable name.
            max_credits: the most that it may cost, in the provider's credits
                (default: the client's).
            idempotency_key: your own id of this request.
            allow_unpriced: go on where nobody publishes a price.
            key: the name of the provider's key to use (default: chosen by health and balance).
            parameters: the model's others: `image`, `duration`, `resolution`, ...; media as
                path, bytes, URL or data URI.
        """
        session = self.session
        consent = self._consent(allow_unpriced)
        max_credits = self._most(max_credits)
        prepared = await self._prepare(
            model, prompt, parameters, max_credits=max_credits, allow_unpriced=consent, key=key
        )
        intake.refuse(prepared)
        await session.start_engine()
        asking = intake.ask_for(
            session.house,
            prepared,
            request_id=idempotency_key,
            max_credits=max_credits,
            output_dir=None if output is None else os.path.abspath(output),  # noqa: PTH100
            allow_unpriced=consent,
            mine=True,
        )
        # A caller that stops waiting does not stop a job from being stored, nor from being
        # driven then.
        record, new = await asyncio.shield(_ask_and_take(session, asking))
        return AsyncJob(self.session, record, new=new, warnings=prepared.warnings)

    async def preview(
        self,
        model: str,
        prompt: str | Sequence[str] | None = None,
        *,
        max_credits: int | None = None,
        allow_unpriced: bool | None = None,
        key: str | None = None,
        **parameters: Any,
    ) -> Preview:
        """Say what `generate` would send, and check everything; sends and stores nothing."""
        consent = self._consent(allow_unpriced)
        max_credits = self._most(max_credits)
        prepared = await self._prepare(
            model,
            prompt,
            parameters,
            max_credits=max_credits,
            allow_unpriced=consent,
            ask_provider=False,
            look_at_caps=True,
            key=key,
        )
        return await previews.preview(
            self.session.house,
            prepared,
            max_credits=max_credits,
            sandbox=self._uses_sandbox(None),
        )

    async def quote(
        self,
        model: str,
        prompt: str | Sequence[str] | None = None,
        *,
        key: str | None = None,
        **parameters: Any,
    ) -> Quote:
        """Say what a request would cost and who says so; the provider is asked where it quotes.

        Never billed. Raises like `generate` for a wrong request.
        """
        prepared = await self._prepare(
            model, prompt, parameters, allow_unpriced=True, ask_provider=True, key=key
        )
        only_wrong = [
            error
            for error in prepared.failures
            if prepared.quote.credits is None and not isinstance(error, MoneyError)
        ]
        intake.refuse(msgspec.structs.replace(prepared, failures=tuple(only_wrong)))
        return prepared.quote

    def _consent(self, allow_unpriced: bool | None) -> bool:
        return self.config.allow_unpriced if allow_unpriced is None else allow_unpriced

    def _most(self, max_credits: int | None) -> int | None:
        return self.config.max_credits if max_credits is None else max_credits

    async def _prepare(
        self,
        model: str,
        prompt: str | Sequence[str] | None,
        parameters: Mapping[str, Any],
        *,
        max_credits: int | None = None,
        allow_unpriced: bool = False,
        ask_provider: bool | None = None,
        look_at_caps: bool = False,
        key: str | None = None,
    ) -> intake.Prepared:
        given = dict(parameters)
        if prompt is not None:
            given["prompt"] = prompt
        named = [name for name, value in given.items() if value is not None]
        found = self.catalog.find(model, given=named)
        return await intake.prepare(
            self.session.house,
            found,
            given,
            sandbox=self._uses_sandbox(None),
            max_credits=max_credits,
            allow_unpriced=allow_unpriced,
            ask_provider=ask_provider,
            look_at_caps=look_at_caps,
            key=key,
        )

    # Knowing.

    async def models(
        self, *, provider: str | None = None, can: str | None = None
    ) -> tuple[Model, ...]:
        """List the models, of one provider or with one capability (`image-to-video`)."""
        return self.catalog.models(provider=provider, can=can)

    async def model(self, name: str) -> Model:
        """Find one model by id, name or model code. Raises InvalidModel with near matches."""
        return self.catalog.find(name)

    async def credits(self, provider: str | None = None) -> list[Account]:
        """Ask the balance of each key, of all providers or of one. Never billed."""
        return await accounts.ask_all(
            self.session.house, provider, sandbox=self._uses_sandbox(None)
        )

    async def spend(self, *, by: By = "day", since: date | None = None) -> list[Spend]:
        """Sum what was reserved, charged and given back, and who says so.

        One row for each day, model or credential and provider. With a sandbox in use, only its
        jobs; else only real ones.

        Args:
            by: what a row stands for.
            since: the first day that counts, by this machine's clock (default: all).
        """
        began = 0.0 if since is None else midnight(since)
        rows = await self.session.store.spend(since=began, sandbox=self._uses_sandbox(None))
        return grouped(rows, by, await keyring.names(self.session.house))

    # Jobs.

    async def job(self, job_id: str) -> AsyncJob:
        """Find a job by its id, or a part of it that fits no other. Raises JobNotFound."""
        return AsyncJob(self.session, await self.session.store.find(job_id))

    async def jobs(
        self,
        *,
        status: State | None = None,
        provider: str | None = None,
        model: str | None = None,
        unfinished: bool = False,
        limit: int = 100,
    ) -> list[AsyncJob]:
        """List jobs, newest first."""
        states: frozenset[State] | None = ACTIVE if unfinished else None
        if status is not None:
            states = frozenset({status})
        full = None if model is None else self.catalog.find(model).full_id
        records = await self.session.store.jobs(
            Filter(states=states, provider=provider, model=full, limit=limit)
        )
        return [AsyncJob(self.session, record) for record in records]

    async def expiring(self, within: float = 6 * 3600.0) -> list[AsyncJob]:
        """List unfinished jobs whose outputs the provider soon deletes (`within` seconds)."""
        horizon = self.session.clock.now() + within
        records = await self.session.store.jobs(
            Filter(states=ACTIVE, expires_before=horizon, limit=20)
        )
        return [AsyncJob(self.session, record) for record in records]

    async def resume(self, job_id: str | None = None) -> list[AsyncJob]:
        """Take up all unfinished jobs, or one; one that failed on its output is fetched again."""
        session = self.session
        await session.start_engine()
        if job_id is None:
            await session.serve_what_waits()
            records = await session.store.jobs(Filter(states=ACTIVE, limit=10_000))
        else:
            record = await wishes.archive_again(session.house, await session.store.find(job_id))
            session.serve(sandbox=record.sandbox)
            records = [record]
        return [AsyncJob(self.session, record) for record in records]

    async def adopt(
        self,
        provider: str,
        task_id: str,
        *,
        model: str | None = None,
        output: str | os.PathLike[str] | None = None,
    ) -> AsyncJob:
        """Take over a task that another tool created: watch and archive it; nothing is created.

        `model` is needed where the provider does not show a task's model.
        """
        session = self.session
        await session.start_engine()
        sandbox = self._uses_sandbox(None)
        record = await adoption.adopt(
            session.house,
            await adoption.holder(session.house, provider, task_id, sandbox=sandbox),
            task_id,
            model=None if model is None else self.catalog.find(model, provider=provider),
            output_dir=None if output is None else os.path.abspath(output),  # noqa: PTH100
        )
        session.serve(sandbox=record.sandbox)
        session.runner.take(record)
        return AsyncJob(self.session, record, new=True)

    async def verify(
        self,
        *job_ids: str,
        fetch: bool = True,
        progress: Callable[[int, int], object] | None = None,
    ) -> Verification:
        """Hash the archive's files again: all, or these jobs' only; say what is missing or changed.

        What is missing or changed is brought back where that is certain: from its other names on
        this disk, or from the provider, with the very bytes on record; what lay in its place is
        kept in the archive's folder `aside`. No job changes its status, and nothing is deleted.

        Args:
            job_ids: which jobs (default: all, and files that no job knows).
            fetch: bring back what can be had; False only looks.
            progress: told after each file how many files and bytes have been read.
        """
        from rushes.engine.verify import verify

        store = self.session.store
        jobs = [await store.find(job_id) for job_id in job_ids] or None
        return await verify(self.session.house, jobs, fetch=fetch, tell=progress)

    def trouble(self, job_id: str) -> str | None:
        """Say what on this machine keeps a job waiting, if anything does."""
        return self.session.runner.trouble.get(job_id)


async def _ask_and_take(session: Session, asking: Awaitable[tuple[Job, bool]]) -> tuple[Job, bool]:
    record, new = await asking
    session.serve(sandbox=record.sandbox)
    session.runner.take(record)
    return record, new
