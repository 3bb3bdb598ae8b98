import html
import re
from pathlib import Path

from rushes.store.job import ARROWS

DOCS = Path(__file__).parents[2] / "docs"
TABLE = re.findall(
    r"^\| ([A-Z]) \| (\w+) \| (\w+) \| .+ \|$",
    (DOCS / "why" / "life-of-a-job.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def _drawn() -> list[tuple[str, str, str]]:
    """Return letter, from and to of each arrow in the picture."""
    svg = (DOCS / "images" / "life-of-a-job.svg").read_text(encoding="utf-8")
    edge = r'class="edge">\s*<title>(.+?)</title>.*?<text[^>]*>(.+?)</text>'
    found = []
    for arrow, letter in re.findall(edge, svg, re.DOTALL):
        old, new = html.unescape(arrow).split("->")
        found.append((html.unescape(letter).strip(), old, new))
    return found


def test_each_arrow_has_its_lettered_line() -> None:
    """The table lists the arrows of the store, each once, lettered without a gap."""
    assert {(old, new) for _, old, new in TABLE} == {
        (old, new) for old, news in ARROWS.items() for new in news
    }
    assert "".join(letter for letter, _, _ in TABLE) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(TABLE)]


def test_the_picture_shows_the_same_arrows() -> None:
    """Letters and arrows of the picture are those of the table."""
    assert sorted(_drawn()) == sorted(TABLE)
