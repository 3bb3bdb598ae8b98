"""Runs the kill matrix whole: `python -m tests.kill.whole [--workers 2] [--only WORDS]`.

Every case (see cases.py), killed before and after each durable effect that its undisturbed run
passes: commits, exchanges, file operations. Prints the size and the result; the exit code is 1
when a promise was broken. The test suite runs a sample of it; run this nightly.
"""

import argparse
import collections
import concurrent.futures
import itertools
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rushes.sandbox import Sandbox

from .cases import Case, cases
from .judging import begin, die, judge
from .mortals import KEYS, Mortals


class Result(NamedTuple):
    """What came of one case."""

    case: Case
    points: dict[str, int]
    kills: int
    ends: collections.Counter[tuple[str, str | None]]
    failures: list[str]


def run_case(case: Case, first: int = 1, step: int = 1) -> Result:
    """Kill a case at every `step`-th point from the `first` on, until a run comes through alive."""
    ends: collections.Counter[tuple[str, str | None]] = collections.Counter()
    failures: list[str] = []
    kills = 0
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox, Mortals() as mortals:
        home = Path(folder) / "undisturbed" / "home"
        begin(sandbox, case)
        run = mortals.run(url=sandbox.url, home=str(home), request=case.request, die_at=0)
        ends[judge(sandbox, home, case, set())] += 1
        # A little beyond: commits come in groups, which may fall otherwise in another run.
        for point in itertools.takewhile(
            lambda point: point <= sum(run.points.values()) + 2, itertools.count(first, step)
        ):
            home = Path(folder) / str(point) / "home"
            begin(sandbox, case)
            try:
                left = die(sandbox, mortals, home, case, [point])
                ends[judge(sandbox, home, case, left)] += 1
            except BaseException:  # noqa: BLE001 - reported, and the others are run
                failures.append(f"{case.name}, killed at point {point}:\n{traceback.format_exc()}")
            kills += 1
            shutil.rmtree(home.parent, ignore_errors=True)
    return Result(case, run.points, kills, ends, failures)


def run(chosen: Sequence[Case], workers: int, step: int) -> list[Result]:
    """Run cases in parallel, each in a world of its own."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, spawn, _prepare) as pool:
        running = [
            pool.submit(run_case, case, 1 + number % step, step)
            for number, case in enumerate(chosen)
        ]
        results = []
        for done in concurrent.futures.as_completed(running):
            result = done.result()
            results.append(result)
            for failure in result.failures:
                tell(failure)
        return results


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _prepare() -> None:
    """Let nothing of the machine's own settings and keys reach a worker."""
    for name in list(os.environ):
        if name.startswith("RUSHES_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(KEYS)


def show(results: Sequence[Result], seconds: float) -> bool:
    """Print the size and the result; returns whether every promise was kept."""
    groups: dict[str, list[Result]] = collections.defaultdict(list)
    for result in results:
        fails = " (task fails)" if result.case.fails else ""
        groups[f"{result.case.request['model']}{fails}"].append(result)
    head = ("generation", "worlds", "points: store/transport/files", "kills", "by itself")
    tell(f"{head[0]:48}{head[1]:>7}  {head[2]:32}{head[3]:>6}{head[4]:>10}   found  resent  broken")
    for name, of_group in sorted(groups.items()):
        ends = sum((one.ends for one in of_group), collections.Counter[tuple[str, str | None]]())
        by = collections.Counter[str | None]()
        for (_, settled), count in ends.items():
            by[settled] += count
        points = of_group[0].points
        seams = "/".join(str(points[seam]) for seam in ("store", "transport", "files"))
        broken = sum(len(one.failures) for one in of_group)
        kills = sum(one.kills for one in of_group)
        tell(
            f"{name:48}{len(of_group):>7}  {seams:32}{kills:>6}{by[None] - len(of_group):>10}"
            f"{by['found']:>8}{by['resent']:>8}{broken:>8}"
        )
    broken = sum(len(one.failures) for one in results)
    kills = sum(one.kills for one in results)
    tell(f"{len(results)} worlds, {kills:,} kills in {seconds:.0f} s: {broken} promises broken")
    return not broken


def main() -> None:
    """Run and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--step", type=int, default=1, help="only every so-manieth point (1: all)")
    parser.add_argument("--only", default="", help="only cases with these words in their name")
    given = parser.parse_args()
    chosen = [case for case in cases() if given.only in case.name]
    began = time.monotonic()
    results = run(chosen, given.workers, given.step)
    sys.exit(0 if show(results, time.monotonic() - began) else 1)


if __name__ == "__main__":
    main()
