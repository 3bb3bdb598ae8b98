import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_page_is_up_to_date() -> None:
    """The tables of the reference page are what a running sandbox answers."""
    script = ROOT / "scripts" / "sandbox_table.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_page_holds_every_table() -> None:
    """No table that the script knows is left out of the page."""
    page = (ROOT / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")
    script = (ROOT / "scripts" / "sandbox_table.py").read_text(encoding="utf-8")
    known = re.findall(r'(?m)^    "(\w+)": \1,$', script)
    assert known
    assert sorted(re.findall(r"<!-- table: (\w+) -->", page)) == sorted(known)
