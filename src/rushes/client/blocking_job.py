"""A job as the blocking client hands it out."""

from collections.abc import Iterator
from typing import Any, Self

from rushes.client.job import AsyncJob
from rushes.client.loop import Loop
from rushes.client.records import Event, Output
from rushes.errors import RushesError
from rushes.store.job import Credits, Quote, State


class Job:
    """One request, from asking to files. What it shows is as of the last look.

    Looks: `refresh`, `wait`, `cancel` and `events` bring it up to date.
    """

    def __init__(self, loop: Loop, job: AsyncJob) -> None:
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
