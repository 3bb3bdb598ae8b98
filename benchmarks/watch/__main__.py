"""Measures watching, with real processes, sockets and time.

    python -m benchmarks.watch [--minutes 5] [--quick] [--only ABC]

The sandbox runs in processes of its own. Memory and CPU are the kernel's figures of the watching
process alone, from when it has taken up all jobs. A task's end is the sandbox's, and it is seen
when the store has it; both are of one machine's clock.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
from pathlib import Path

from benchmarks.watch import each, lists
from benchmarks.watch.lists import Case
from benchmarks.watch.table import Row, show
from benchmarks.watch.world import PICTURE, WAN


async def run(folder: Path, only: str, minutes: float, *, quick: bool) -> list[Row]:
    """Run A while C learns, then B and C side by side: B hardly needs the machine.

    Quick: all at once, and C with nothing learned.
    """
    many, few = (300, 130) if quick else (10_000, 200)
    quiet = 4.0 if quick else lists.BEFORE_THE_FIRST_END
    whole = Case("A: list whole", many, 20 if quick else int(120 * minutes), minutes, quiet=quiet)
    cut = Case("B: list of 100", many, 20 if quick else int(120 * minutes), minutes, 100, quiet)
    small = Case(f"B: list of 100, {few} tasks", few, 10, minutes, 100, quiet)
    wire, tasks, at_most = (PICTURE, 60, 25.0) if quick else (WAN, 1000, 300.0)

    async def first() -> list[Row]:
        return lists.rows(await lists.measure(folder, whole)) if "A" in only else []

    async def second(case: Case) -> list[Row]:
        return lists.rows(await lists.measure(folder, case)) if "B" in only else []

    async def unlearned_only() -> list[Row]:
        return (
            each.rows(await each.compare(folder, wire, tasks, (), at_most)) if "C" in only else []
        )

    if quick:
        *of_lists, of_each = await asyncio.gather(
            first(), second(cut), second(small), unlearned_only()
        )
        return [*itertools.chain(*of_lists), *of_each]
    if "C" not in only:
        of_first = await first()
        of_cut, of_small = await asyncio.gather(second(cut), second(small))
        return [*of_first, *of_cut, *of_small]
    of_first, (samples, unlearned) = await asyncio.gather(
        first(), each.learn(folder, wire, min(200, tasks), at_most)
    )
    of_cut, of_small, compared = await asyncio.gather(
        second(cut), second(small), each.compare(folder, wire, tasks, samples, at_most)
    )
    return [*of_first, *of_cut, *of_small, *each.rows(compared, unlearned)]


def main() -> None:
    """Measure and print a table; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="of A and of B (5)")
    parser.add_argument("--quick", action="store_true", help="a minute in all: that it runs")
    parser.add_argument("--only", default="ABC", help="some of the scenarios")
    given = parser.parse_args()
    minutes = 0.25 if given.quick else given.minutes
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(Path(folder), given.only, minutes, quick=given.quick))
    reached = show(found)
    if given.quick:
        print("\nQuick: the figures of a short run with few tasks say little.")
    sys.exit(0 if reached or given.quick else 1)


if __name__ == "__main__":
    main()
