"""Measures how long Rushes takes to start, as multiples of a bare interpreter.

Medians of interleaved runs, so that a noisy machine disturbs all of them alike.
Usage: python benchmarks/startup.py [--runs 31]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST_USE = """\
import rushes
with rushes.Rushes(sandbox=True) as client:
    client.jobs()
"""
GOALS = {"import rushes": 2.5, "rushes --help": 3.0}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=31, help="runs of each (31)")
    runs = parser.parse_args().runs
    command = shutil.which("rushes", path=str(Path(sys.executable).parent))
    if command is None:
        sys.exit("The command `rushes` is not installed beside this interpreter.")
    cases = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import rushes": [sys.executable, "-c", "import rushes"],
        "rushes --help": [command, "--help"],
        "first use of Rushes": [sys.executable, "-c", FIRST_USE],
    }
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"RUSHES_HOME": home}
        taken: dict[str, list[float]] = {name: [] for name in cases}
        for run in range(runs + 2):
            for name, case in cases.items():
                seconds = _seconds(case, environment)
                if run >= 2:
                    taken[name].append(seconds)
    base = statistics.median(taken["python -c pass"])
    print(f"{'':22}{'median':>10}{'times':>9}{'at most':>9}")
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        goal = f"{GOALS[name]:9.1f}" if name in GOALS else ""
        print(f"{name:22}{median * 1000:7.0f} ms{median / base:9.2f}{goal}")


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
