"""What the kernel says of a process, and what figures say together."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.watch.world import World

TICK = os.sysconf("SC_CLK_TCK")


class Use(NamedTuple):
    """CPU in seconds and resident memory in MB, at a time."""

    at: float
    cpu: float
    resident: float
    highest: float


def use(pid: int) -> Use:
    """Read both from /proc."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return Use(
        time.time(),
        (int(stat[11]) + int(stat[12])) / TICK,
        int(sizes["VmRSS"]) / 1000,
        int(sizes["VmHWM"]) / 1000,
    )


class Watcher:
    """The measured process, under way."""

    def __init__(self, world: World, home: Path, *options: str, key: str | None = None) -> None:
        environment = world.environment(home) if key is None else world.environment(home, key)
        command = [sys.executable, "-m", "benchmarks.watch.watcher", *options]
        self._process = subprocess.Popen(command, env=environment)
        self.pid = self._process.pid

    async def sample(self, seconds: float, every: float = 5.0) -> list[Use]:
        """Read its use for so long; the first is of now."""
        uses = [use(self.pid)]
        end = uses[0].at + seconds
        while (left := end - time.time()) > 0.05:
            await asyncio.sleep(min(every, left))
            uses.append(use(self.pid))
        return uses

    def stop(self) -> None:
        """End it, as a service manager would."""
        self._process.terminate()
        self._process.wait(60)


def share(values: Sequence[float], part: float) -> float:
    """Return the value under which that part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def busiest_minute(times: Sequence[float]) -> int:
    """Return the most that lie in any minute."""
    ordered, most, start = sorted(times), 0, 0
    for end, at in enumerate(ordered):
        while at - ordered[start] >= 60.0:
            start += 1
        most = max(most, end - start + 1)
    return most
