"""Soaks the engine in faults: `python -m benchmarks.soak [--jobs 20000]`.

Two providers in a process of their own answer wrongly or not at all, as often as FAULTS says;
the engine's process is killed every few seconds and started again. At the end the sandbox's
books are held against ours. Time is virtual, so that waiting costs none. The exit code is 1 when
anything does not agree, or when a fault did not occur.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.soak.books import Verdict, judge
from benchmarks.watch.world import World

FAULTS = {
    "dropped answer": ["any:drop-answer:probability=0.1"],
    "5xx": ["any:status:status=503:probability=0.05"],
    "429": ["any:status:status=429:retry_after=2:probability=0.05"],
    "truncated download": ["download:truncate:probability=0.05"],
    "unreadable JSON": [f"{one}:not-json:probability=0.02" for one in ("create", "query", "list")],
    "unknown status": [f"{one}:unknown-status:probability=0.02" for one in ("query", "list")],
    "refused content": ["create:refuse-content:probability=0.02"],
    "failed generation": ["create:fail:probability=0.02"],
}
SETTINGS: dict[str, Any] = {
    "queued_seconds": 2.0,
    "image_seconds": 8.0,
    "video_seconds": 20.0,
    "list_cap": 100,
    "record_requests": 0,
}
KILL_AFTER = (3.0, 9.0)
"""Seconds that the engine lives, at random between these."""


async def soak(folder: Path, jobs: int, seed: int) -> Verdict:
    """Run all jobs to their end; returns what the books say."""
    chance = random.Random(seed)
    home = folder / "home"
    home.mkdir()
    with World(folder, seed=seed, **SETTINGS) as world:
        await world.ask("POST", "clock", {"freeze": True})
        numbers: dict[int, str] = {}
        for name, rules in FAULTS.items():
            for rule in rules:
                fault = f"{rule}:seed={seed + len(numbers)}"
                answer = await world.ask("POST", "faults", {"fault": fault})
                numbers[answer["number"]] = name
        began, kills = time.monotonic(), 0
        command = [sys.executable, "-m", "benchmarks.soak.engine", str(home), world.url, str(jobs)]
        while True:
            engine = await asyncio.create_subprocess_exec(*command, env=world.environment(home))
            try:
                code = await asyncio.wait_for(engine.wait(), chance.uniform(*KILL_AFTER))
            except TimeoutError:
                engine.kill()
                await engine.wait()
                kills += 1
                continue
            if code:
                sys.exit(f"The engine ended by itself, with {code}.")
            break
        seconds = time.monotonic() - began
        counts = dict.fromkeys(FAULTS, 0)
        for one in (await world.ask("GET", "faults"))["faults"]:
            counts[numbers[one["number"]]] += one["used"]
        return await judge(home, world, jobs, counts | {"kill of the engine": kills}, seconds)


def main() -> None:
    """Soak and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        verdict = asyncio.run(soak(Path(folder), given.jobs, given.seed))
    sys.exit(0 if verdict.show() else 1)


if __name__ == "__main__":
    main()
