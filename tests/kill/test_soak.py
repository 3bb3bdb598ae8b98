"""A short soak; `python -m benchmarks.soak` is the long one."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOBS = 500


def test_a_soak_in_faults_and_deaths_leaves_the_books_equal() -> None:
    """Every fault occurs, every job reaches its true end, creates and credits are as booked."""
    command = [sys.executable, "-m", "benchmarks.soak", "--jobs", str(JOBS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 things wrong" in done.stdout
