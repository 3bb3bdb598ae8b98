import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from rushes.catalog import load
from rushes.config import SETTINGS
from rushes.sandbox import setting_infos
from rushes.store.job import QuoteSource

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference"


def _page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def test_pages_are_what_the_code_says() -> None:
    """The pages that are made from the code are up to date."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("RUSHES_")}
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    """The check fails when a page differs from what would be written."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from scripts import reference\n"
        "reference.FOLDER = Path(sys.argv[2]); sys.argv[1:] = ['--check']\n"
        "sys.exit(reference.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "models.md: out of date" in done.stderr


def test_every_setting_is_documented() -> None:
    """Each setting and each provider's key stands on the page of settings."""
    page = _page("settings.md")
    names = [setting.environment.replace("{PROVIDER}", "MEDIAIO") for setting in SETTINGS]
    names += [name for one in load().providers.values() for name in one.auth.environment]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_variable_in_the_code_is_documented() -> None:
    """No `RUSHES_` variable is read that the page of settings does not name."""
    page = _page("settings.md")
    named = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(
            r"(?<![A-Z_])RUSHES_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")
        )
    }
    assert sorted(name for name in named if name not in page) == []


def test_every_model_is_documented() -> None:
    """Each model has its section, with each of its parameters."""
    page = _page("models.md")
    for model in load().models():
        section = page.partition(f"### {model.full_id}\n")[2].partition("\n### ")[0]
        assert [one.name for one in model.params if f"`{one.name}`" not in section] == []


def test_every_sandbox_setting_is_documented() -> None:
    """Each setting of the sandbox stands on its page."""
    page = _page("sandbox.md")
    assert [one.name for one in setting_infos() if f"`{one.name}`" not in page] == []


def test_every_source_of_a_quote_is_explained() -> None:
    """The page of the job object names each source that a quote can have."""
    page = _page("job.md")
    assert [source for source in get_args(QuoteSource) if f"`{source}`" not in page] == []
