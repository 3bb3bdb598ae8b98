import re
from pathlib import Path

import rushes

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def test_the_newest_entry_is_this_version() -> None:
    """The first version that the changelog names is the one that is installed."""
    text = CHANGELOG.read_text(encoding="utf-8")
    headings = re.findall(r"^## \[?([^\] \n]+)\]?", text, re.MULTILINE)
    versions = [heading for heading in headings if heading.lower() != "unreleased"]
    assert versions
    assert versions[0] == rushes.__version__


def test_each_entry_has_known_sections() -> None:
    """Changes are sorted under the usual headings, each at most once for a version."""
    allowed = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for entry in re.split(r"^## ", CHANGELOG.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        sections = re.findall(r"^### (.+)$", entry, re.MULTILINE)
        assert sections
        assert set(sections) <= allowed
        assert len(sections) == len(set(sections))
