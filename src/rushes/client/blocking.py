"""The blocking client: the same names as the asynchronous one, over one background loop."""

import asyncio
import concurrent.futures.thread  # noqa: F401 - its end must be registered before ours
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Self, TypeVar

from rushes.catalog import Catalog
from rushes.catalog.schema import Model
from rushes.client.aio import AsyncRushes
from rushes.client.job import AsyncJob
from rushes.client.records import Account, Event, Output, Preview, Spend
from rushes.client.spending import By
from rushes.config import Config
from rushes.engine.clock import Clock
from rushes.errors import ForkedClient, RushesError
from rushes.store.job import Credits, Quote, State

T = TypeVar("T")


class _Loop:
    """One event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="rushes-client", daemon=True
        )
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; an interrupt cancels the waiting, never a create in flight."""
        if os.getpid() != self._pid:
            work.close()
            raise ForkedClient(
                "This client was made before a fork, and its thread did not survive it.",
                next_step="Make a new client in the child: Rushes()",
            )
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Iterate, one item at a time."""
        end = object()
        while (item := self.run(_next(items, end))) is not end:
            yield item  # type: ignore[misc]

    def stop(self) -> None:
        """Stop the thread."""
        if os.getpid() == self._pid and self._thread.is_alive():
            self.run(_cancel_the_rest())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


_open: set["Rushes"] = set()


def _close_all() -> None:
    for client in list(_open):
        client.close()


# `atexit` comes too late: by then no thread pool takes work any more, and the answer to a create
# in flight could not be recorded.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]  # noqa: SLF001


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


async def _next(items: AsyncIterator[T], end: object) -> T | object:
    return await anext(items, end)


class Job:
    """One request, from asking to files. What it shows is as of the last look.

    Looks: `refresh`, `wait`, `cancel` and `events` bring it up to date.
    """

    def __init__(self, loop: _Loop, job: AsyncJob) -> None:
        self._loop = loop
        self._job = job

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status} {self.model}>"

    @property
    def new(self) -> bool:
        """Whether this call made the job; False where its request id was known."""
        return self._job.new

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the request says without being wrong: a parameter without effect."""
        return self._job.warnings

    @property
    def id(self) -> str:
        """The job's id; it is durable from the first moment."""
        return self._job.id

    @property
    def status(self) -> State:
        """The state, as in the life of a job."""
        return self._job.status

    @property
    def done(self) -> bool:
        """Whether the job has ended: succeeded, failed or canceled."""
        return self._job.done

    @property
    def model(self) -> str:
        """The model's full id."""
        return self._job.model

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._job.provider

    @property
    def task_id(self) -> str | None:
        """The provider's id of the task, once it has said one."""
        return self._job.task_id

    @property
    def request(self) -> dict[str, Any]:
        """The canonical request, defaults included."""
        return self._job.request

    @property
    def quote(self) -> Quote:
        """What it was expected to cost."""
        return self._job.quote

    @property
    def credits(self) -> Credits:
        """What is reserved, charged and refunded."""
        return self._job.credits

    @property
    def differences(self) -> tuple[dict[str, Any], ...]:
        """What came otherwise than asked."""
        return self._job.differences

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The files that are in the archive."""
        return self._job.outputs

    @property
    def error(self) -> RushesError | None:
        """Why it failed, or why it waits for a decision."""
        return self._job.error

    @property
    def needs_decision(self) -> bool:
        """Whether nobody but you can say how it goes on (status `uncertain`)."""
        return self._job.needs_decision

    def as_dict(self) -> dict[str, Any]:
        """Return the job in the shape of `--json`."""
        return self._job.as_dict()

    def refresh(self) -> Self:
        """Look the job up again."""
        self._loop.run(self._job.refresh())
        return self

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the files are here, at most `timeout` seconds.

        Raises the job's error when it failed, was canceled or has passed its deadline;
        SubmissionUncertain when only a person can decide; WaitTimeout when the time is over.
        Whatever is raised, the job stays in the store and goes on.
        """
        self._loop.run(self._job.wait(timeout))
        return self

    def wait_submitted(self) -> Self:
        """Wait until the create's outcome is on record: a task, a refusal, or uncertain."""
        self._loop.run(self._job.wait_submitted())
        return self

    def cancel(self) -> Self:
        """Wish for a cancel.

        A queued job ends at once. Else the wish goes to the provider, and `status` becomes
        `canceled` only on its word; a task that completes anyway is archived. Raises
        NotCancelable where the provider says that it cannot, and the job goes on.
        """
        self._loop.run(self._job.cancel())
        return self

    def resolve(
        self, *, found: str | None = None, resend: bool = False, give_up: bool = False
    ) -> Self:
        """Decide about a job that `needs_decision`: one of three.

        `found`: the id of its task, which you found at the provider. `resend`: let the same
        request go out again, though it may then be paid twice. `give_up`: end it as failed; what
        was set aside is booked as taken. Raises InvalidPayload where there is nothing to decide.
        """
        self._loop.run(self._job.resolve(found=found, resend=resend, give_up=give_up))
        return self

    def events(self) -> Iterator[Event]:
        """Yield all events of the job, those of the past first, until it has ended."""
        return self._loop.each(self._job.events())

    def history(self, *, after: int = 0) -> list[Event]:
        """Return the events so far, those with a greater `seq` than `after`."""
        return self._loop.run(self._job.history(after=after))


class Rushes:
    """Gets images and videos from AI generation APIs, through durable jobs.

    Opens with its first use, and closes with `close`, at the end of a `with` block, or with
    the process. The engine runs in a thread of its own, so jobs go on between calls.

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
        self._client = AsyncRushes(
            home=home,
            archive=archive,
            sandbox=sandbox,
            allow_unpriced=allow_unpriced,
            max_credits=max_credits,
            max_credits_per_day=max_credits_per_day,
            base_urls=base_urls,
            clock=clock,
        )
        self._opened: _Loop | None = None
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        _ = self._loop
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self._client.config

    @property
    def catalog(self) -> Catalog:
        """All models and providers."""
        _ = self._loop
        return self._client.catalog

    @property
    def _loop(self) -> _Loop:
        with self._opening:
            if self._opened is None:
                loop = _Loop()
                try:
                    loop.run(self._client.__aenter__())
                except BaseException:
                    loop.stop()
                    raise
                self._opened = loop
                _open.add(self)
            return self._opened

    def close(self) -> None:
        """Wait for creates in flight, then let go; jobs stay in the store."""
        with self._opening:
            loop, self._opened = self._opened, None
            _open.discard(self)
        if loop is None:
            return
        try:
            loop.run(self._client.close())
        except ForkedClient:
            return
        loop.stop()

    # Asking.

    def generate(
        self,
        model: str,
        prompt: str | Sequence[str] | None = None,
        *,
        output: str | os.PathLike[str] | None = None,
        max_credits: int | None = None,
        idempotency_key: str | None = None,
        allow_unpriced: bool | None = None,
        **parameters: Any,
    ) -> Job:
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
            parameters: the model's others: `image`, `duration`, `resolution`, ...; media as
                path, bytes, URL or data URI.
        """
        loop = self._loop
        made = loop.run(
            self._client.generate(
                model,
                prompt,
                output=output,
                max_credits=max_credits,
                idempotency_key=idempotency_key,
                allow_unpriced=allow_unpriced,
                **parameters,
            )
        )
        return Job(loop, made)

    def preview(
        self,
        model: str,
        prompt: str | Sequence[str] | None = None,
        *,
        max_credits: int | None = None,
        allow_unpriced: bool | None = None,
        **parameters: Any,
    ) -> Preview:
        """Say what `generate` would send, and check everything; sends and stores nothing."""
        return self._loop.run(
            self._client.preview(
                model,
                prompt,
                max_credits=max_credits,
                allow_unpriced=allow_unpriced,
                **parameters,
            )
        )

    def quote(
        self, model: str, prompt: str | Sequence[str] | None = None, **parameters: Any
    ) -> Quote:
        """Say what a request would cost and who says so; the provider is asked where it quotes.

        Never billed. Raises like `generate` for a wrong request.
        """
        return self._loop.run(self._client.quote(model, prompt, **parameters))

    # Knowing.

    def models(self, *, provider: str | None = None, can: str | None = None) -> tuple[Model, ...]:
        """List the models, of one provider or with one capability (`image-to-video`)."""
        return self._loop.run(self._client.models(provider=provider, can=can))

    def model(self, name: str) -> Model:
        """Find one model by id, name or model code. Raises InvalidModel with near matches."""
        return self._loop.run(self._client.model(name))

    def credits(self, provider: str | None = None) -> list[Account]:
        """Ask the balance of each provider that has a key, or of one. Never billed."""
        return self._loop.run(self._client.credits(provider))

    def spend(self, *, by: By = "day", since: date | None = None) -> list[Spend]:
        """Sum what was reserved, charged and given back, and who says so.

        One row for each day, model or credential and provider. With a sandbox in use, only its
        jobs; else only real ones.

        Args:
            by: what a row stands for.
            since: the first day that counts, by this machine's clock (default: all).
        """
        return self._loop.run(self._client.spend(by=by, since=since))

    # Jobs.

    def job(self, job_id: str) -> Job:
        """Find a job by its id, or a part of it that fits no other. Raises JobNotFound."""
        loop = self._loop
        return Job(loop, loop.run(self._client.job(job_id)))

    def jobs(
        self,
        *,
        status: State | None = None,
        provider: str | None = None,
        model: str | None = None,
        unfinished: bool = False,
        limit: int = 100,
    ) -> list[Job]:
        """List jobs, newest first."""
        loop = self._loop
        found = loop.run(
            self._client.jobs(
                status=status, provider=provider, model=model, unfinished=unfinished, limit=limit
            )
        )
        return [Job(loop, job) for job in found]

    def expiring(self, within: float = 6 * 3600.0) -> list[Job]:
        """List unfinished jobs whose outputs the provider soon deletes (`within` seconds)."""
        loop = self._loop
        return [Job(loop, job) for job in loop.run(self._client.expiring(within))]

    def resume(self, job_id: str | None = None) -> list[Job]:
        """Take up all unfinished jobs, or one; one that failed on its output is fetched again."""
        loop = self._loop
        return [Job(loop, job) for job in loop.run(self._client.resume(job_id))]

    def adopt(
        self,
        provider: str,
        task_id: str,
        *,
        model: str | None = None,
        output: str | os.PathLike[str] | None = None,
    ) -> Job:
        """Take over a task that another tool created: watch and archive it; nothing is created.

        `model` is needed where the provider does not show a task's model.
        """
        loop = self._loop
        return Job(
            loop, loop.run(self._client.adopt(provider, task_id, model=model, output=output))
        )

    def trouble(self, job_id: str) -> str | None:
        """Say what on this machine keeps a job waiting, if anything does."""
        _ = self._loop
        return self._client.trouble(job_id)
