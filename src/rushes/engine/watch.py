"""Looks at the tasks of one credential until they end.

Where the provider lists tasks, one query covers them all, and those that the list does not
show are asked for by id, soonest to expire first. Else each task is asked for at its own times.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from rushes.engine import view
from rushes.engine.credentials import Credential
from rushes.engine.exchange import query
from rushes.engine.house import House
from rushes.engine.times import Times
from rushes.engine.waiting import until
from rushes.providers.base import NoTask, Task, Trouble
from rushes.store.job import Job

AT_ONCE = 16
BY_ID_AFTER_A_LIST = 10
LONGEST_AFTER_DEADLINE = 3600.0
IDLE = 3600.0
TIMES_LAST = 30.0
"""Seconds for which what is known of a model's times is not read again."""


class Watched:
    """One task that is looked at."""

    __slots__ = ("job", "next_at", "pause", "times", "unfinished_at", "wish_carried")

    def __init__(self, job: Job, now: float, times: Times, first: float) -> None:
        self.job = job
        self.times = times
        self.pause = 0.0
        self.unfinished_at: float | None = None
        self.wish_carried = False
        age = now - (job.submitted_at or now)
        self.next_at = now + max(0.0, first - age)


class Watch:
    """All tasks of one credential. `on_over` gets each job that is no longer to be looked at."""

    def __init__(
        self, house: House, credential: Credential, on_over: Callable[[Job], None]
    ) -> None:
        self._house = house
        self._credential = credential
        self._plan = credential.poll
        self._on_over = on_over
        self._watched: dict[str, Watched] = {}
        self._new: deque[Job] = deque()
        self._times: dict[str, tuple[float, Times]] = {}
        self._wake = asyncio.Event()

    def add(self, job: Job) -> None:
        """Look at this job's task from now on."""
        self._new.append(job)
        self._wake.set()

    async def _admit(self, job: Job) -> None:
        assert job.task_id is not None  # noqa: S101 - a running job has a task
        if job.task_id in self._watched:
            self._watched[job.task_id].job = job
            return
        times = await self._times_of(job)
        first = times.first(self._house.chance)
        self._watched[job.task_id] = Watched(job, self._house.clock.now(), times, first)

    async def _times_of(self, job: Job) -> Times:
        """Return what is known of a model's times, read anew once in a while."""
        now = self._house.clock.now()
        known = self._times.get(job.model)
        if known is None or known[0] < now - TIMES_LAST:
            samples = await self._house.store.samples(job.model, sandbox=job.sandbox)
            known = now, Times(self._plan, samples, now)
            self._times[job.model] = known
        return known[1]

    def update(self, job: Job) -> None:
        """Take note that a person's wish to cancel has just been carried to the provider."""
        if job.task_id in self._watched:
            one = self._watched[job.task_id]
            one.job = job
            one.wish_carried = job.cancel_wished_at is not None
            one.next_at = self._house.clock.now()
            self._wake.set()

    async def run(self) -> None:
        """Look, for ever. Cancel it at any time: nothing is lost by that."""
        while True:
            while self._new:
                await self._admit(self._new[0])
                self._new.popleft()
            now = self._house.clock.now()
            soonest = min((one.next_at for one in self._watched.values()), default=now + IDLE)
            if soonest > now:
                await until(self._house.clock, self._wake, soonest - now)
            else:
                await self._look()

    async def _look(self) -> None:
        now = self._house.clock.now()
        due = [one for one in self._watched.values() if one.next_at <= now]
        for one in due:
            if one.job.cancel_wished_at is not None and not one.wish_carried:
                one.job, one.wish_carried = await view.ask_cancel(
                    self._house, self._credential, one.job
                )
        listing = self._credential.adapter.tasks()
        if listing is not None:
            listed = await query(self._house, self._credential, listing)
            if isinstance(listed, Trouble):
                await self._postpone(due, listed)
                return
            shown = {task.id: task for task in listed}
            for task_id, one in list(self._watched.items()):
                if (task := shown.get(task_id)) is not None:
                    # One list shows them all, so that their next looks fall together too.
                    one.next_at = now
                    await self._seen(one, task)
            due = [one for one in due if one.job.task_id not in shown]
            due.sort(key=lambda one: (one.job.expires_at or 0.0, one.next_at))
            due = due[:BY_ID_AFTER_A_LIST]
        for start in range(0, len(due), AT_ONCE):
            await asyncio.gather(*(self._ask(one) for one in due[start : start + AT_ONCE]))

    async def _ask(self, one: Watched) -> None:
        assert one.job.task_id is not None  # noqa: S101 - a watched job has a task
        answer = await query(
            self._house, self._credential, self._credential.adapter.query(one.job.task_id)
        )
        match answer:
            case Task():
                await self._seen(one, answer)
            case NoTask():
                await self._after(one, await view.absent(self._house, one.job, answer))
            case Trouble():
                await self._postpone([one], answer)

    async def _seen(self, one: Watched, task: Task) -> None:
        job = await view.view(self._house, one.job, task, unfinished_at=one.unfinished_at)
        if job.state in view.WATCHED:
            one.unfinished_at = self._house.clock.now()
        await self._after(one, job)

    async def _after(self, one: Watched, job: Job) -> None:
        if job.state in view.WATCHED:
            job = await view.overdue(self._house, job)
        one.job = job
        if job.state not in view.WATCHED:
            self._watched.pop(str(job.task_id), None)
            self._on_over(job)
            return
        now = self._house.clock.now()
        if one.next_at <= now:
            one.next_at = now + self._pause(one, now)

    def _pause(self, one: Watched, now: float) -> float:
        if one.job.state == "timed_out":
            late = now - (one.job.deadline_at or now)
            return min(LONGEST_AFTER_DEADLINE, self._plan.longest + late / 4)
        age = now - (one.job.submitted_at or now)
        one.pause = one.times.pause(age, one.pause)
        return one.pause

    async def _postpone(self, due: list[Watched], trouble: Trouble) -> None:
        wait = self._plan.longest
        if trouble.retry_after is not None:
            wait = max(self._plan.first, trouble.retry_after)
        for one in due:
            one.next_at = self._house.clock.now() + wait
            job = await view.overdue(self._house, one.job)
            if job.state not in view.WATCHED:
                self._watched.pop(str(job.task_id), None)
                self._on_over(job)
            one.job = job
