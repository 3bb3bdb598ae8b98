"""Progress on stderr: one live line on a terminal, else a line for each change."""

import asyncio
import contextlib
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from rushes.cli.failures import clean, say
from rushes.cli.output import span
from rushes.cli.running import Face
from rushes.client.job import AsyncJob
from rushes.client.records import Event

TICK = 0.1
SPINNER = "|/-\\"
VERIFIED = {
    "output-restored": "was missing or changed, and is restored from another copy",
    "output-refetched": "was missing or changed, and is fetched again",
    "output-differs": "was fetched again, and is another file now; it is kept aside",
}


async def expected_seconds(face: Face, job: AsyncJob) -> float | None:
    """Return how long this model's tasks usually took here; None where there was none."""
    samples = await face.client.session.store.samples(job.model, sandbox=job.record.sandbox)
    return statistics.median(sample.finished for sample in samples) if samples else None


@contextlib.asynccontextmanager
async def following(face: Face, jobs: list[AsyncJob]) -> AsyncIterator[None]:
    """Show how jobs get on while the body runs; what came last is shown before it ends."""
    if face.common.quiet or not jobs:
        yield
        return
    live = len(jobs) == 1 and sys.stderr.isatty()
    followers = [_Follower(face, job, live=live, named=len(jobs) > 1) for job in jobs]
    tasks = [asyncio.create_task(follower.run()) for follower in followers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(asyncio.CancelledError):
            for follower in followers:
                await follower.finish()


class _Follower:
    def __init__(self, face: Face, job: AsyncJob, *, live: bool, named: bool) -> None:
        self._face = face
        self._job = job
        self._live = live
        self._name = f"{job.id}  " if named else ""
        self._began = time.monotonic()
        self._seen = 0
        self._last: Any = None
        self._words = str(job.status)
        self._trouble: str | None = None
        self._expected: float | None = None
        self._ticks = 0
        self._drawn = False

    async def run(self) -> None:
        self._expected = await expected_seconds(self._face, self._job)
        self._face.clear = self._wipe
        if not self._live:
            usual = f", usually {span(self._expected)}" if self._expected else ""
            say(f"{self._name or f'job {self._job.id}  '}{self._job.model}{usual}")
        while True:
            await self._look()
            if self._live:
                self._draw()
            await asyncio.sleep(TICK)

    async def finish(self) -> None:
        if not self._live:
            await self._look()
        self._wipe()

    async def _look(self) -> None:
        if self._job.record is not self._last:
            is_first, self._last = self._last is None, self._job.record
            said = []
            for event in await self._job.history(after=self._seen):
                self._seen = event.seq
                said.append(in_words(event))
            for words in [one for one in said if one][-1 if is_first else 0 :]:
                if words != self._words:
                    self._words = words
                    self._tell(words)
        trouble = self._face.client.trouble(self._job.id)
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                self._tell(f"waits: {trouble}")

    def _tell(self, words: str) -> None:
        if not self._live:
            elapsed = time.monotonic() - self._began
            say(f"{self._name}{elapsed:5.1f} s  {words}")

    def _draw(self) -> None:
        elapsed = span(time.monotonic() - self._began)
        usual = f" of about {span(self._expected)}" if self._expected else ""
        words = f"waits: {self._trouble}" if self._trouble else self._words
        self._ticks += 1
        mark = SPINNER[self._ticks // 2 % len(SPINNER)]
        line = f"{mark} {elapsed}{usual}  job {self._job.id}  {words}"
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r{clean(line)[:width]}\x1b[K")
        sys.stderr.flush()
        self._drawn = True

    def _wipe(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def in_words(event: Event) -> str:
    """Say what happened in a few words; "" for what is told elsewhere."""
    data = event.data
    message = data.get("message") or data.get("code") or ""
    match event.kind:
        case "succeeded" | "failed" | "canceled" | "output-checked":
            return ""
        case "queued" if "again_in" in data:
            return f"not created, again in {span(data['again_in'])}: {message}"
        case "submitting":
            return "adopted" if "adopted" in data else "sending the request"
        case "running":
            return f"running as task {data['task_id']}" if "task_id" in data else "running"
        case "looked":
            return f"running, the provider says {data.get('status')}"
        case "archiving":
            count = data.get("outputs", 1)
            return f"fetching {count} file{'' if count == 1 else 's'}"
        case "output":
            return f"file {int(data.get('position', 0)) + 1} is here and whole"
        case "output-restored" | "output-refetched" | "output-differs":
            return f"file {int(data.get('position', 0)) + 1} {VERIFIED[event.kind]}"
        case "uncertain":
            return f"uncertain: {message}"
        case "settling":
            return "uncertain: looking for the task at the provider"
        case "needs-decision":
            return "uncertain: it needs your decision"
        case "timed_out":
            return "past its deadline; still looked at"
        case _:
            return f"{event.kind}: {message}" if message else event.kind
