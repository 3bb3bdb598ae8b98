"""Holds the sandbox's books against ours when all jobs have ended."""

import collections
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.soak.engine import name_of, name_of_task, request
from benchmarks.watch.world import World
from rushes.store.job import Entry, Job
from rushes.store.protocol import Filter
from rushes.store.sqlite import SqliteStore

SHOWN = 10
AIVIDEOMAKER = "AIVideoMaker's credits"
MEDIAIO = "Media.io's credits"


class Verdict(NamedTuple):
    """What was found; `wrong` is empty when every promise was kept."""

    seconds: float
    counts: Mapping[str, int]
    states: Mapping[str, int]
    figures: Mapping[str, int]
    wrong: Sequence[str]

    def show(self) -> bool:
        """Print it; returns whether it is good."""
        for title, found in (
            ("faults", self.counts),
            ("ends", self.states),
            ("books", self.figures),
        ):
            print(f"\n{title}")
            for name, count in found.items():
                print(f"  {name:44}{count:>12,}")
        missing = [name for name, count in self.counts.items() if not count]
        for name in missing:
            print(f"A fault that did not occur: {name}")
        for line in self.wrong[:SHOWN]:
            print(line)
        print(f"\n{len(self.wrong)} things wrong, in {self.seconds:.0f} s")
        return not self.wrong and not missing


async def judge(
    home: Path, world: World, jobs: int, counts: Mapping[str, int], seconds: float
) -> Verdict:
    """Compare job by job: tasks, ends, files, credits."""
    tasks = {task["id"]: task for task in (await world.ask("GET", "tasks"))["tasks"]}
    created = collections.Counter(name_of_task(task) for task in tasks.values())
    wished: collections.Counter[str] = collections.Counter()
    books = await world.ask("GET", "charges")
    charged = {one["task"]: one for one in books["charges"]}
    store = SqliteStore(home / "rushes.sqlite3")
    await store.open()
    wrong: list[str] = []
    states: collections.Counter[str] = collections.Counter()
    figures: collections.Counter[str] = collections.Counter()
    try:
        ours = await store.jobs(Filter(limit=10**9))
        wanted = sorted(str(request(number)["idempotency_key"]) for number in range(jobs))
        if sorted(str(job.request_id) for job in ours) != wanted:
            wrong.append(f"{len(ours)} jobs for {jobs} requests")
        for job in ours:
            problem = _end(job, tasks.pop(str(job.task_id), None)) or _files(home, job)
            entries = await store.entries(job.id)
            problem = problem or _credits(job, entries, charged, figures)
            code = (job.error or {}).get("code", "")
            states[f"{job.provider} {job.state} {code}".strip()] += 1
            figures["attempts"] += job.attempt
            wished[name_of(job)] += code != "CONTENT_REFUSED"
            if problem:
                wrong.append(f"{job.id} ({job.request_id}): {problem}")
    finally:
        await store.close()
    figures["creates, in the sandbox's books"] = created.total()
    figures["jobs asked for, less those refused"] = wished.total()
    wrong += [
        f"{created[name]} tasks for {count} jobs that ask for {name!r}"
        for name, count in wished.items()
        if created[name] != count
    ]
    wrong += [f"a task of no job: {task}" for task in tasks]
    wrong += [f"a temporary file: {path}" for path in home.rglob("*.part")]
    figures[f"{AIVIDEOMAKER}, its books"] = _net(charged.values(), "aivideomaker")
    figures[f"{MEDIAIO}, its books"] = _net(charged.values(), "mediaio")
    ours_of_it = (
        figures[f"{AIVIDEOMAKER}, on its word"]
        + figures[f"{AIVIDEOMAKER}, by its quote where it said nothing"]
    )
    if ours_of_it != figures[f"{AIVIDEOMAKER}, its books"]:
        wrong.append("the books of AIVideoMaker and ours do not agree")
    figures = collections.Counter(dict(sorted(figures.items())))
    return Verdict(seconds, counts, dict(sorted(states.items())), figures, wrong)


def _end(job: Job, task: dict[str, Any] | None) -> str:
    """Say what is wrong with a job's end, if anything is. `task`: its own, in the books."""
    code = (job.error or {}).get("code")
    if task is None:
        refused = job.state == "failed" and code == "CONTENT_REFUSED" and job.task_id is None
        return "" if refused else f"{job.state} ({code}), and there is no task {job.task_id}"
    if name_of_task(task) != name_of(job):
        return f"has task {job.task_id}, which is another job's"
    right = "succeeded" if task["phase"] == "succeeded" else "failed"
    return "" if job.state == right else f"{job.state} ({job.error}), its task {task['phase']}"


def _files(home: Path, job: Job) -> str:
    if job.state != "succeeded":
        return ""
    if not job.outputs:
        return "succeeded without an output"
    for output in job.outputs:
        path = home / "archive" / str(output.file)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != output.sha256:
            return f"output {output.position} is missing or not whole"
    return ""


def _credits(
    job: Job,
    entries: Sequence[Entry],
    charged: Mapping[str, dict[str, Any]],
    figures: collections.Counter[str],
) -> str:
    """Compare what the provider told us with its own books, to the credit."""
    told = _taken(entry for entry in entries if entry.source == "provider")
    expected = _taken(entry for entry in entries if entry.source == "quote")
    kinds = collections.Counter(entry.kind for entry in entries)
    if kinds["reserve"] > 1 or kinds["charge"] > 1 or job.credits.reserved:
        return f"a ledger of {dict(kinds)}, {job.credits.reserved} still reserved"
    if job.provider != "aivideomaker":
        figures[f"{MEDIAIO}, on its word"] += told
        return "claims to have Media.io's word" if told else ""
    figures[f"{AIVIDEOMAKER}, on its word"] += told
    figures[f"{AIVIDEOMAKER}, by its quote where it said nothing"] += expected
    one = charged.get(str(job.task_id))
    right = one["credits"] if one is not None and one["refunded_at"] is None else 0
    return "" if told + expected == right else f"{told} + {expected} credits, {right} in the books"


def _taken(entries: Iterable[Entry]) -> int:
    """Sum what was charged, less what was given back."""
    return sum(
        entry.credits if entry.kind == "charge" else -entry.credits
        for entry in entries
        if entry.kind in ("charge", "refund")
    )


def _net(charges: Any, provider: str) -> int:
    return sum(
        one["credits"]
        for one in charges
        if one["provider"] == provider and one["refunded_at"] is None
    )
