"""A job as the asynchronous client hands it out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

from rushes.client.records import Event, Output
from rushes.client.session import Session
from rushes.engine import decision, wishes
from rushes.engine.sidecar import describe, output_path
from rushes.errors import JobCanceled, RushesError, SubmissionUncertain, WaitTimeout, error_class
from rushes.store.job import NEVER, Credits, Job, Quote, State


class AsyncJob:
    """One request, from asking to files. What it shows is as of the last look.

    Looks: `refresh`, `wait`, `cancel` and `events` bring it up to date.
    """

    def __init__(
        self,
        session: Session,
        record: Job,
        *,
        new: bool = False,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self._session = session
        self._record = record
        self.new = new
        """Whether this call made the job; False where its request id was known."""
        self.warnings = warnings
        """What this call's request says without being wrong: a parameter without effect."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status} {self.model}>"

    @property
    def id(self) -> str:
        """The job's id; it is durable from the first moment."""
        return self._record.id

    @property
    def status(self) -> State:
        """The state, as in the life of a job."""
        return self._record.state

    @property
    def done(self) -> bool:
        """Whether the job has ended: succeeded, failed or canceled."""
        return self._record.ended

    @property
    def model(self) -> str:
        """The model's full id."""
        return self._record.model

    @property
    def provider(self) -> str:
        """The provider's id."""
        return self._record.provider

    @property
    def task_id(self) -> str | None:
        """The provider's id of the task, once it has said one."""
        return self._record.task_id

    @property
    def request(self) -> dict[str, Any]:
        """The canonical request, defaults included."""
        return self._record.request

    @property
    def quote(self) -> Quote:
        """What it was expected to cost."""
        return self._record.quote

    @property
    def credits(self) -> Credits:
        """What is reserved, charged and refunded."""
        return self._record.credits

    @property
    def differences(self) -> tuple[dict[str, Any], ...]:
        """What came otherwise than asked."""
        return self._record.differences

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The files that are in the archive."""
        found = []
        for output in self._record.outputs:
            path = output_path(self._record, output, self._session.house.archive)
            if path is None:
                continue
            found.append(
                Output(
                    path=path,
                    sha256=output.sha256 or "",
                    media_type=output.media_type or "",
                    bytes_count=output.bytes or 0,
                    width=output.width,
                    height=output.height,
                    seconds=output.seconds,
                    frames_per_second=output.frames_per_second,
                    has_audio=output.has_audio,
                    remote_url=output.url,
                )
            )
        return tuple(found)

    @property
    def error(self) -> RushesError | None:
        """Why it failed, or why it waits for a decision."""
        record = self._record
        if record.state == "canceled":
            return JobCanceled(f"Job {record.id} was canceled.", job_id=record.id)
        if record.state == "succeeded" or record.error is None:
            return None
        message, _, step = str(record.error.get("message", "")).partition("\n")
        return error_class(str(record.error.get("code")))(
            message,
            next_step=step,
            provider=record.provider,
            model=record.model,
            job_id=record.id,
            task_id=record.task_id,
            trace_id=record.error.get("trace_id"),
            provider_code=record.error.get("provider_code"),
            retry_after=record.error.get("retry_after"),
            billed=record.error.get("billed"),
        )

    @property
    def needs_decision(self) -> bool:
        """Whether nobody but you can say how it goes on (status `uncertain`)."""
        return self._record.state == "uncertain" and self._record.next_at >= NEVER

    @property
    def record(self) -> Job:
        """The job as the store has it."""
        return self._record

    def as_dict(self) -> dict[str, Any]:
        """Return the job in the shape of `--json`."""
        return describe(self._record, self._session.house.archive)

    async def refresh(self) -> Self:
        """Look the job up again."""
        self._record = await self._session.store.job(self.id)
        return self

    async def wait(self, timeout: float | None = None) -> Self:
        """Wait until the files are here, at most `timeout` seconds.

        Raises the job's error when it failed, was canceled or has passed its deadline;
        SubmissionUncertain when only a person can decide; WaitTimeout when the time is over.
        Whatever is raised, the job stays in the store and goes on.
        """
        await self._session.work_on(sandbox=self._record.sandbox)
        try:
            async with asyncio.timeout(timeout):
                async for record in self._session.changes(self.id):
                    self._record = record
                    if self.done or self.needs_decision or self.status == "timed_out":
                        break
        except TimeoutError:
            raise WaitTimeout(
                f"Job {self.id} is {self.status} after {timeout:g} seconds of waiting; it goes on.",
                next_step=f"Wait on with: rushes jobs wait {self.id}",
                job_id=self.id,
                task_id=self.task_id,
                model=self.model,
                provider=self.provider,
            ) from None
        if self.status != "succeeded":
            raise self.error or SubmissionUncertain(f"Job {self.id} is {self.status}.")
        return self

    async def wait_submitted(self) -> Self:
        """Wait until the create's outcome is on record: a task, a refusal, or uncertain."""
        await self._session.work_on(sandbox=self._record.sandbox)
        async for record in self._session.changes(self.id):
            self._record = record
            if record.state not in ("queued", "submitting"):
                break
        return self

    async def cancel(self) -> Self:
        """Wish for a cancel.

        A queued job ends at once. Else the wish goes to the provider, and `status` becomes
        `canceled` only on its word; a task that completes anyway is archived. Raises
        NotCancelable where the provider says that it cannot, and the job goes on.
        """
        if self._record.state != "queued":
            await self._session.work_on(sandbox=self._record.sandbox)
        house, runner = self._session.house, self._session.runner
        self._record = await wishes.cancel(house, runner, self._record)
        return self

    async def resolve(
        self, *, found: str | None = None, resend: bool = False, give_up: bool = False
    ) -> Self:
        """Decide about a job that `needs_decision`: one of three.

        `found`: the id of its task, which you found at the provider. `resend`: let the same
        request go out again, though it may then be paid twice. `give_up`: end it as failed; what
        was set aside is booked as taken. Raises InvalidPayload where there is nothing to decide.
        """
        decision.check_one(found=found, resend=resend, give_up=give_up)
        await self._session.work_on(sandbox=self._record.sandbox)
        house = self._session.house
        record = await house.store.job(self.id)
        if found is not None:
            self._record = await decision.found(house, record, found)
        elif resend:
            self._record = await decision.resend(house, record)
        else:
            self._record = await decision.give_up(house, record)
        self._session.runner.wake()
        return self

    async def events(self) -> AsyncIterator[Event]:
        """Yield all events of the job, those of the past first, until it has ended."""
        await self._session.work_on(sandbox=self._record.sandbox)
        seen = 0
        async for record in self._session.changes(self.id):
            self._record = record
            for event in await self.history(after=seen):
                seen = event.seq
                yield event
            if self.done or self.needs_decision:
                return

    async def history(self, *, after: int = 0) -> list[Event]:
        """Return the events so far, those with a greater `seq` than `after`."""
        return [
            Event(
                seq=event.seq,
                job_id=event.job_id,
                at=event.at,
                kind=event.kind,
                status=event.state,
                data=event.data,
            )
            for event in await self._session.store.events(after=after, job_id=self.id)
        ]
