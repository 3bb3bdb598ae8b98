"""Looks at the tasks of one credential until they end.

Where the provider lists tasks, one query covers them all, and those that the list does not
show are asked for by id, in turn. Else each task is asked for at its own times.
"""

import asyncio
import heapq
import itertools
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator

from rushes.engine import view
from rushes.engine.credentials import Credential
from rushes.engine.exchange import budget, query, query_now, turn
from rushes.engine.house import House
from rushes.engine.times import SHORTEST, Times
from rushes.engine.waiting import until
from rushes.engine.watched import Watched, slim, together, turns
from rushes.providers.base import NoTask, Task, Trouble
from rushes.store.job import Job

AT_ONCE = 16
"""So many queries are under way at once where each task has its own."""

RECORDED_AT_ONCE = 128
BY_ID_AFTER_A_LIST = 10
IDLE = 3600.0
TIMES_LAST = 30.0
"""Seconds for which what is known of a model's times is not read again."""

UNFINISHED = frozenset({"queued", "running", "unknown"})
FOR_ALL = frozenset({"RATE_LIMITED", "AUTH_FAILED", "NETWORK_ERROR"})
"""Where a list fails for one of these, a query by id would most likely fail too."""

LISTS_LOST = 3
"""After so many lists that failed on the way, tasks are asked for by id all the same."""


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
        self._times: dict[str, Times] = {}
        self._times_at = 0.0
        self._wake = asyncio.Event()
        self._lists = credential.adapter.tasks() is not None
        self._list_at = math.inf
        self._listed_at = 0.0
        self._lost = 0
        self._shown: set[str] = set()
        self._queue: list[tuple[float, int, Watched]] = []
        self._order = itertools.count()
        self._asking: dict[str, asyncio.Task[None]] = {}

    def add(self, job: Job) -> None:
        """Look at this job's task from now on."""
        self._new.append(job)
        self._wake.set()

    def jobs(self) -> list[Job]:
        """List the jobs that are looked at."""
        return [*(one.job for one in self._watched.values()), *self._new]

    def update(self, job: Job) -> None:
        """Take note that a person's wish to cancel has just been carried to the provider."""
        if job.task_id in self._watched:
            one = self._watched[job.task_id]
            one.job = slim(job)
            one.wish_carried = job.cancel_wished_at is not None
            one.first_at = one.next_at = self._list_at = self._now()
            self._schedule(one)
            self._wake.set()

    async def run(self) -> None:
        """Look, for ever. Cancel it at any time: nothing is lost by that."""
        if self._lists:
            await self._look_at_all()
        else:
            await self._look_at_each()

    def _now(self) -> float:
        return self._house.clock.now()

    async def _take_in(self) -> None:
        """Begin to look at what was added, and read anew what is known of times."""
        if self._times_at < self._now() - TIMES_LAST:
            self._times_at = self._now()
            for model in self._times:
                self._times[model] = await self._learned(model)
        while self._new:
            job = self._new[0]
            assert job.task_id is not None  # noqa: S101 - a running job has a task
            if job.model not in self._times:
                self._times[job.model] = await self._learned(job.model)
            self._new.popleft()
            if (one := self._watched.get(job.task_id)) is not None:
                one.job = slim(job)
                continue
            times = self._times[job.model]
            first = times.first(self._house.chance)
            one = self._watched[job.task_id] = Watched(job, self._now(), times, first)
            self._list_at = min(self._list_at, one.first_at)
            self._schedule(one)

    async def _learned(self, model: str) -> Times:
        samples = await self._house.store.samples(model, sandbox=self._credential.sandbox)
        return Times(self._plan, samples, self._now())

    # Where the provider lists tasks.

    async def _look_at_all(self) -> None:
        while True:
            await self._take_in()
            wait = min(self._list_at - self._now(), IDLE) if self._watched else IDLE
            if wait > 0:
                await until(self._house.clock, self._wake, wait)
                continue
            trouble = await self._list()
            per_minute = budget(self._credential)
            gap = 60.0 / per_minute if per_minute is not None else SHORTEST
            if self._may_ask_by_id(trouble):
                for one in turns(self._unlisted(), self._now(), gap, BY_ID_AFTER_A_LIST):
                    await self._ask(one)
            late = [one for one in self._watched.values() if _is_late(one.job, self._now())]
            await _in_groups(self._check_deadline(one) for one in late)
            if trouble is not None:
                self._list_at = self._now() + self._patience(trouble)
            else:
                self._plan_list(gap)

    def _may_ask_by_id(self, trouble: Trouble | None) -> bool:
        self._lost = 0 if trouble is None else self._lost + 1
        if trouble is None or trouble.code not in FOR_ALL:
            return True
        return trouble.code == "NETWORK_ERROR" and self._lost >= LISTS_LOST

    async def _list(self) -> Trouble | None:
        """Look at all tasks that one list shows; what it says of each is recorded."""
        now = self._now()
        for one in [one for one in self._watched.values() if one.has_wish and one.next_at <= now]:
            await self._carry_wish(one)
            one.next_at = now + self._plan.longest
        listing = self._credential.adapter.tasks(self._watched.keys())
        assert listing is not None  # noqa: S101 - it is this provider that lists
        await turn(self._house, self._credential)
        self._listed_at = self._now()
        listed = await query_now(self._house, self._credential, listing)
        self._shown = set()
        if isinstance(listed, Trouble):
            return listed
        now = self._now()
        news: list[tuple[Watched, Task]] = []
        for task in listed:
            if (seen := self._watched.get(task.id)) is None:
                continue
            self._shown.add(str(seen.job.task_id))
            seen.looked_at = now
            if task.status == seen.job.status and task.phase in UNFINISHED:
                seen.unfinished_at = now
            else:
                news.append((seen, task))
        await _in_groups(self._seen(one, task) for one, task in news)
        return None

    def _unlisted(self) -> list[Watched]:
        return [one for task_id, one in self._watched.items() if task_id not in self._shown]

    def _plan_list(self, gap: float) -> None:
        now = self._now()
        wait = together(self._pauses(now), gap)
        by_id = min((one.next_at for one in self._unlisted()), default=math.inf)
        first = min(
            (one.first_at for one in self._watched.values() if one.first_at > now),
            default=math.inf,
        )
        self._list_at = min(self._listed_at + wait, by_id, first)

    def _pauses(self, now: float) -> Iterator[float]:
        for task_id in self._shown:
            one = self._watched.get(task_id)
            if one is not None and one.first_at <= now:
                yield self._wait(one, now)

    # Where each task is asked for.

    async def _look_at_each(self) -> None:
        self._queue = []
        for one in self._watched.values():
            self._schedule(one)
        try:
            while True:
                await self._take_in()
                self._collect()
                while self._queue and len(self._asking) < AT_ONCE:
                    at, _, one = self._queue[0]
                    if at > self._now():
                        break
                    heapq.heappop(self._queue)
                    self._begin(one, at)
                wait = self._queue[0][0] - self._now() if self._queue else IDLE
                full = len(self._asking) >= AT_ONCE
                await until(self._house.clock, self._wake, IDLE if full else wait)
        finally:
            asking = list(self._asking.values())
            self._asking.clear()
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    def _schedule(self, one: Watched) -> None:
        if self._lists:
            return
        heapq.heappush(self._queue, (one.next_at, next(self._order), one))

    def _begin(self, one: Watched, at: float) -> None:
        """Ask for a task, unless it is over, asked for already, or due at another time by now."""
        task_id = str(one.job.task_id)
        if task_id in self._watched and task_id not in self._asking and at == one.next_at:
            task = asyncio.create_task(self._ask(one), name=f"rushes-look-{task_id}")
            self._asking[task_id] = task
            task.add_done_callback(lambda _: self._wake.set())

    def _collect(self) -> None:
        """Schedule anew what has been asked for. Raises what went wrong with it."""
        for task_id in [task_id for task_id, task in self._asking.items() if task.done()]:
            done = self._asking.pop(task_id)
            if (one := self._watched.get(task_id)) is not None:
                self._schedule(one)
            done.result()

    # Of one task.

    async def _ask(self, one: Watched) -> None:
        if one.has_wish:
            await self._carry_wish(one)
        task_id = str(one.job.task_id)
        answer = await query(self._house, self._credential, self._credential.adapter.query(task_id))
        now = one.looked_at = self._now()
        one.next_at = now + self._plan.longest
        match answer:
            case Task():
                await self._seen(one, answer)
                one.next_at = now + self._wait(one, now)
            case NoTask():
                await self._after(one, await view.absent(self._house, one.job, answer))
                one.next_at = now + self._wait(one, now)
            case Trouble():
                one.next_at = now + self._patience(answer)
        if task_id in self._watched:
            await self._check_deadline(one)

    async def _carry_wish(self, one: Watched) -> None:
        job, one.wish_carried = await view.ask_cancel(self._house, self._credential, one.job)
        await self._after(one, job)

    async def _seen(self, one: Watched, task: Task) -> None:
        job = await view.view(self._house, one.job, task, unfinished_at=one.unfinished_at)
        if job.state in view.WATCHED:
            one.unfinished_at = self._now()
        await self._after(one, job)

    async def _check_deadline(self, one: Watched) -> None:
        await self._after(one, await view.overdue(self._house, one.job))

    async def _after(self, one: Watched, job: Job) -> None:
        """Keep a job as it now stands, or hand it on when it is no longer to be looked at."""
        if job is one.job:
            return
        one.job = slim(job)
        if job.state not in view.WATCHED and self._watched.pop(str(job.task_id), None) is not None:
            self._on_over(job)

    def _wait(self, one: Watched, now: float) -> float:
        # The first to end of many that began together are the fast ones: who goes by that
        # looks for the others too early, and then too late.
        if not one.times.learned:
            one.times = self._times[one.job.model]
        return one.wait(self._plan.longest, now)

    def _patience(self, trouble: Trouble) -> float:
        if trouble.retry_after is None:
            return self._plan.longest
        return max(self._plan.first, trouble.retry_after)


def _is_late(job: Job, now: float) -> bool:
    return job.deadline_at is not None and job.deadline_at <= now


async def _in_groups(steps: Iterable[Awaitable[None]]) -> None:
    """Do all steps, many at a time, so that their commits are made together."""
    rest = iter(steps)
    while group := list(itertools.islice(rest, RECORDED_AT_ONCE)):
        for outcome in await asyncio.gather(*group, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
