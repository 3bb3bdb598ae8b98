"""Many tasks of a provider that has no list, beside the fixed five-second poll."""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.watch import fixed
from benchmarks.watch import home as homes
from benchmarks.watch.meter import Watcher, busiest_minute, share, use
from benchmarks.watch.table import Row
from benchmarks.watch.world import KEY, Wire, World
from rushes.store.protocol import Sample

FIXED = "fixed, every 5 s"
REGIMES = {"as it comes": None, "sparing": 4.0, "prompt": 2.4}
"""The usual pause of the poll plan; None: the catalog's own."""


class Looks(NamedTuple):
    """How one way of watching did."""

    name: str
    queries: float
    delays: list[float]
    busiest: int
    cpu: float


async def learn(folder: Path, wire: Wire, tasks: int, at_most: float) -> tuple[list[Sample], Looks]:
    """Watch tasks of a model of which nothing is known; returns what is known afterwards."""
    home = folder / "learning"
    home.mkdir()
    with World(folder, pace="realistic") as world:
        made = await world.make(wire, [0.0] * tasks)
        await homes.fill(home, world, wire, made)
        watcher = Watcher(world, home)
        looks = await _followed(world, home, watcher, "nothing learned yet", KEY, at_most)
    return await homes.samples_of(home, wire.model), looks


async def compare(
    folder: Path, wire: Wire, tasks: int, samples: Sequence[Sample], at_most: float
) -> list[Looks]:
    """Watch as many tasks in each way at the same time, each with a key of its own."""
    with World(folder, pace="realistic") as world:
        ways = [FIXED, *REGIMES]
        keys = {name: f"benchmark-key-{number:010d}" for number, name in enumerate(ways)}
        made = dict(
            zip(
                ways,
                await asyncio.gather(
                    *(world.make(wire, [0.0] * tasks, keys[name]) for name in ways)
                ),
                strict=True,
            )
        )
        given, out = folder / "made.json", folder / "seen.json"
        given.write_bytes(msgspec.json.encode([(one.task, one.at) for one in made[FIXED]]))
        command = [sys.executable, "-m", "benchmarks.watch.fixed", world.url, keys[FIXED]]
        seed = await asyncio.create_subprocess_exec(*command, str(given), str(out))
        following = []
        for name, usual in REGIMES.items():
            home = folder / name.replace(" ", "-")
            home.mkdir()
            await homes.fill(home, world, wire, made[name], samples, key=keys[name])
            options = () if usual is None else ("--usual", str(usual))
            watcher = Watcher(world, home, *options, key=keys[name])
            following.append(_followed(world, home, watcher, name, keys[name], at_most))
        found = await asyncio.gather(*following)
        await asyncio.wait_for(seed.wait(), at_most)
        done = msgspec.json.decode(out.read_bytes(), type=dict[str, float])
        return [await _looks(world, FIXED, keys[FIXED], done, 0.0), *found]


async def _followed(
    world: World, home: Path, watcher: Watcher, name: str, key: str, at_most: float
) -> Looks:
    """Wait until every task has ended and been seen."""
    ends = await world.ends(key)
    try:
        await asyncio.sleep(max(ends.values()) - time.time())
        give_up = time.time() + at_most
        done = await homes.seen(home)
        while len(done) < len(ends) and time.time() < give_up:
            await asyncio.sleep(1.0)
            done = await homes.seen(home)
        cpu = use(watcher.pid).cpu
    finally:
        watcher.stop()
    return await _looks(world, name, key, done, cpu)


async def _looks(world: World, name: str, key: str, done: dict[str, float], cpu: float) -> Looks:
    ends, queries = await world.ends(key), await world.queries(key)
    return Looks(
        name,
        len(queries) / len(ends),
        [done.get(task, float("inf")) - at for task, at in ends.items()],
        busiest_minute([one["at"] for one in queries]),
        cpu,
    )


def rows(found: Sequence[Looks], first: Looks | None = None) -> list[Row]:
    """Judge each way by the fixed poll of the same run; `first` is how it began.

    Without a beginning nothing was learned, and there is nothing to judge.
    """
    name = f"C: {len(found[0].delays):,} tasks, no list"
    base = found[0]
    made = [Row(name, f"{one.name}: queries for each; delay", _words(one)) for one in found]
    if first is None:
        return made
    made.append(Row(name, f"{first.name}: queries for each; delay", _words(first)))
    mean = statistics.fmean
    for one in found[1:]:
        fewer = one.queries < base.queries and mean(one.delays) <= mean(base.delays)
        sooner = mean(one.delays) < mean(base.delays) and one.queries <= base.queries
        change = (
            f"{100 * (one.queries / base.queries - 1):+.0f} % queries, "
            f"{100 * (mean(one.delays) / mean(base.delays) - 1):+.0f} % delay"
        )
        if one.name == "sparing":
            made.append(Row(name, f"{one.name}: {fixed.PAUSE:g} s poll = 0 %", change,
                            "fewer queries at no more delay", fewer))  # fmt: skip
        elif one.name == "prompt":
            made.append(Row(name, f"{one.name}", change, "less delay at no more queries", sooner))
        else:
            made.append(Row(name, f"{one.name}", change, "both", fewer and sooner))
    return made


def _words(one: Looks) -> str:
    delays = one.delays
    return (
        f"{one.queries:.1f}; mean {statistics.fmean(delays):.2f}, p50 {share(delays, 0.5):.2f}, "
        f"p95 {share(delays, 0.95):.2f} s"
    )
