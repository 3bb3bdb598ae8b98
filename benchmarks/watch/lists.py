"""Many tasks of a provider that lists them, the list whole or cut off."""

import asyncio
import itertools
import sqlite3
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.watch import home as homes
from benchmarks.watch.meter import Use, Watcher, busiest_minute, share
from benchmarks.watch.table import Row
from benchmarks.watch.world import CLIP, Made, World
from rushes.engine.watch import BY_ID_AFTER_A_LIST

QUERIES_A_MINUTE = 30
GAP = 60.0 / (QUERIES_A_MINUTE - 1)
"""The engine keeps one query back, because what goes out evenly does not arrive quite so."""

ENDLESS = 6 * 3600.0
CLAIMED_A_SECOND = 250.0
BEFORE_THE_FIRST_END = 30.0


class Case(NamedTuple):
    """One scenario: `tasks` in flight all the time, and `ending` more that end meanwhile."""

    name: str
    tasks: int
    ending: int
    minutes: float
    cap: int | None = None
    quiet: float = BEFORE_THE_FIRST_END


class Seen(NamedTuple):
    """What was measured: of the watching process, of the sandbox, and of the store."""

    case: Case
    uses: list[Use]
    ends: dict[str, float]
    done: dict[str, float]
    queries: list[dict[str, Any]]
    made: list[Made]


async def measure(folder: Path, case: Case) -> Seen:
    """Run a case with a sandbox and a watching process of its own."""
    home = folder / case.name.replace(" ", "-")
    home.mkdir()
    cap = {} if case.cap is None else {"list_cap": case.cap}
    with World(folder, **cap) as world:
        total = case.tasks + case.ending
        lead = case.quiet + 12.0 + total / CLAIMED_A_SECOND + total / 800
        first = time.time() + lead
        made = await world.make(CLIP, _seconds(case, lead))
        await homes.fill(home, world, CLIP, made)
        watcher = Watcher(world, home)
        try:
            await _settled(home, total)
            end = first + case.minutes * 60.0
            uses = await watcher.sample(end - time.time())
            await asyncio.sleep(2 * GAP)
            queries, ends = await world.queries(), await world.ends()
        finally:
            watcher.stop()
    return Seen(case, uses, ends, await homes.seen(home), queries, made)


def _seconds(case: Case, lead: float) -> list[float]:
    """Return how long each task takes: those that end lie evenly among the others."""
    total = case.tasks + case.ending
    every = total / max(1, case.ending)
    places = {int(number * every): number for number in range(case.ending)}
    window = case.minutes * 60.0
    # Neither the first made nor the last made end first.
    return [
        round(lead + (places[place] * 0.618034 % 1.0) * window, 3) if place in places else ENDLESS
        for place in range(total)
    ]


async def _settled(home: Path, total: int) -> None:
    """Wait until the watching process has taken up all jobs, and a list has been read."""
    give_up = time.monotonic() + 300
    with sqlite3.connect(f"file:{home / 'rushes.sqlite3'}?mode=ro", uri=True) as store:
        while time.monotonic() < give_up:
            taken, busy = store.execute("SELECT count(owner), count(status) FROM jobs").fetchone()
            if taken >= total and busy:
                break
            await asyncio.sleep(0.2)
    store.close()
    await asyncio.sleep(4 * GAP)


def rows(seen: Seen) -> list[Row]:
    """Judge what was measured."""
    case, name = seen.case, seen.case.name
    begun, ended = seen.uses[0], seen.uses[-1]
    asked = [one["at"] for one in seen.queries]
    listed = [one["at"] for one in seen.queries if one["action"] == "list"]
    refused = sum(one["status"] == 429 for one in seen.queries)
    minutes = (ended.at - begun.at) / 60.0
    first_end = min((at for at in seen.ends.values() if at < ended.at), default=ended.at)
    quiet = [use for use in seen.uses if use.at <= first_end]
    cpu = (ended.cpu - begun.cpu) / (ended.at - begun.at)
    flying = sum(at > ended.at for at in seen.ends.values())
    found = [
        Row(name, "tasks in flight at the end", f"{flying:,}", f">= {case.tasks:,}",
            flying >= case.tasks),
        Row(name, "measured", f"{minutes:.1f} min", f">= {case.minutes:g} min",
            minutes >= case.minutes - 0.01),
        Row(name, "queries in the busiest minute (429s)", f"{busiest_minute(asked)} ({refused})",
            f"<= {QUERIES_A_MINUTE} (0)",
            busiest_minute(asked) <= QUERIES_A_MINUTE and not refused),
        Row(name, "resident memory, highest", f"{max(use.resident for use in seen.uses):.0f} MB",
            "<= 150 MB", max(use.resident for use in seen.uses) <= 150.0),
        Row(name, "CPU of one core, all in", f"{100 * cpu:.1f} %", "<= 10 %", cpu <= 0.1),
    ]  # fmt: skip
    if len(quiet) > 1 and quiet[-1].at - quiet[0].at > 5:
        seconds = quiet[-1].at - quiet[0].at
        alone = (quiet[-1].cpu - quiet[0].cpu) / seconds
        count = sum(begun.at < at < ended.at for at in seen.ends.values())
        if case.cap is None and count:
            each = (cpu - alone) * (ended.at - begun.at) / count
            found.append(Row(name, "- of it, lists alone", f"{100 * alone:.1f} %"))
            found.append(Row(name, "- each completion, archived", f"{1000 * each:.0f} ms of CPU"))
    return found + (_whole(seen, listed) if case.cap is None else _cut(seen, begun, ended))


def _whole(seen: Seen, listed: list[float]) -> list[Row]:
    name = seen.case.name
    begun, ended = seen.uses[0].at, seen.uses[-1].at
    steady = [at for at in listed if at >= begun]
    interval = statistics.median(b - a for a, b in itertools.pairwise(steady))
    delays = _delays(seen, begun, ended - interval - 1.0)
    good = share(delays, 0.95) <= interval + 1.0
    return [
        Row(name, "interval of lists, median", f"{interval:.2f} s"),
        Row(name, "completions", f"{len(delays)}"),
        Row(name, "delay p50 / p95 / worst", _delay_words(delays),
            f"p95 <= {interval + 1.0:.2f} s", good),
    ]  # fmt: skip


def _cut(seen: Seen, begun: Use, ended: Use) -> list[Row]:
    """Judge turns: between two looks at a task by id lie at most all the others' looks."""
    case, name = seen.case, seen.case.name
    hidden = case.tasks + case.ending - (case.cap or 0)
    bound = hidden * GAP * (1 + 1 / BY_ID_AFTER_A_LIST)
    steady = [one for one in seen.queries if begun.at <= one["at"] <= ended.at]
    looks = [one for one in steady if one["action"] == "query"]
    order = {one.task: place for place, one in enumerate(seen.made)}
    asked = Counter(one["task"] for one in looks)
    oldest = {one.task for one in seen.made[:hidden] if seen.done.get(one.task, 1e18) > begun.at}
    rounds = [asked[task] for task in oldest if seen.done.get(task, 1e18) > ended.at]
    uneven = max(rounds) - min(rounds) if rounds else 0
    gaps = _gaps([one for one in seen.queries if one["action"] == "query"], oldest)
    places = [order[one["task"]] for one in looks]
    back = sum(b < a for a, b in itertools.pairwise(places))
    delays = _delays(seen, begun.at, ended.at)
    waiting = [
        ended.at - at for task, at in seen.ends.items() if at < ended.at and task not in seen.done
    ]
    each = len(looks) / ((ended.at - begun.at) / 60.0)
    found = [
        Row(name, "looks by id a minute, lists a minute",
            f"{each:.1f}, {(len(steady) - len(looks)) / ((ended.at - begun.at) / 60):.1f}"),
        Row(name, "looks at each hidden task, fewest to most",
            f"{min(rounds, default=0)} to {max(rounds, default=0)}", "differ by <= 1",
            uneven <= 1),
        Row(name, "order of looks: returns to the first", f"{back}", ""),
        Row(name, "delay p50 / p95 / worst of those seen", _delay_words(delays)),
        Row(name, "bound of the delay", f"{bound:,.0f} s",
            "worst below it", max(delays + waiting, default=0.0) <= bound + 3 * GAP),
        Row(name, "completions seen, not yet seen", f"{len(delays)}, {len(waiting)}"),
    ]  # fmt: skip
    if gaps:
        words = f"{max(gaps):.0f} s"
        limit = bound + 3 * GAP
        found.append(
            Row(name, "longest between two looks at a task", words, f"<= {limit:.0f} s",
                max(gaps) <= limit)
        )  # fmt: skip
    return found


def _gaps(looks: list[dict[str, Any]], tasks: set[str]) -> list[float]:
    last: dict[str, float] = {}
    gaps = []
    for one in looks:
        task = one["task"]
        if task in tasks:
            if task in last:
                gaps.append(one["at"] - last[task])
            last[task] = one["at"]
    return gaps


def _delays(seen: Seen, begun: float, ended: float) -> list[float]:
    """Return how late each end in a span of time was recorded; unseen ones count as for ever."""
    whole = seen.case.cap is None
    return [
        seen.done.get(task, float("inf")) - at
        for task, at in seen.ends.items()
        if begun <= at <= ended and (whole or task in seen.done)
    ]


def _delay_words(delays: list[float]) -> str:
    if not delays:
        return "none"
    return f"{share(delays, 0.5):.2f} / {share(delays, 0.95):.2f} / {max(delays):.2f} s"
