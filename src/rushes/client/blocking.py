"""The blocking client: the same names as the asynchronous one, over one background loop."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Self

from rushes.catalog import Catalog
from rushes.catalog.schema import Model
from rushes.client.aio import AsyncRushes
from rushes.client.blocking_job import Job
from rushes.client.loop import Loop, at_exit
from rushes.client.records import Account, Preview, Spend, Verification
from rushes.client.spending import By
from rushes.config import Config
from rushes.engine.clock import Clock
from rushes.errors import ForkedClient
from rushes.store.job import Quote, State

__all__ = ["Job", "Rushes"]


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
        self._opened: Loop | None = None
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
    def _loop(self) -> Loop:
        with self._opening:
            if self._opened is None:
                loop = Loop()
                try:
                    loop.run(self._client.__aenter__())
                except BaseException:
                    loop.stop()
                    raise
                self._opened = loop
                at_exit.add(self.close)
            return self._opened

    def close(self) -> None:
        """Wait for creates in flight, then let go; jobs stay in the store."""
        with self._opening:
            loop, self._opened = self._opened, None
            at_exit.discard(self.close)
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
        key: str | None = None,
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
            key: the name of the provider's key to use (default: chosen by health and balance).
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
                key=key,
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
        key: str | None = None,
        **parameters: Any,
    ) -> Preview:
        """Say what `generate` would send, and check everything; sends and stores nothing."""
        return self._loop.run(
            self._client.preview(
                model,
                prompt,
                max_credits=max_credits,
                allow_unpriced=allow_unpriced,
                key=key,
                **parameters,
            )
        )

    def quote(
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
        return self._loop.run(self._client.quote(model, prompt, key=key, **parameters))

    # Knowing.

    def models(self, *, provider: str | None = None, can: str | None = None) -> tuple[Model, ...]:
        """List the models, of one provider or with one capability (`image-to-video`)."""
        return self._loop.run(self._client.models(provider=provider, can=can))

    def model(self, name: str) -> Model:
        """Find one model by id, name or model code. Raises InvalidModel with near matches."""
        return self._loop.run(self._client.model(name))

    def credits(self, provider: str | None = None) -> list[Account]:
        """Ask the balance of each key, of all providers or of one. Never billed."""
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

    def verify(
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
        return self._loop.run(self._client.verify(*job_ids, fetch=fetch, progress=progress))

    def trouble(self, job_id: str) -> str | None:
        """Say what on this machine keeps a job waiting, if anything does."""
        _ = self._loop
        return self._client.trouble(job_id)
