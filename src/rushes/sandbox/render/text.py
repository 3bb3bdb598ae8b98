"""Setting text in Pillow's own font: what it can show, where lines break, where they end."""

import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from PIL import ImageFont

ELLIPSIS = "…"
#: No caption shows more characters than this, so longer text is not measured.
MAX_CHARACTERS = 2000
_SUBSTITUTES = {
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("×✕", "x"),
    **dict.fromkeys("「」『』《》„‟″", '"'),
    **dict.fromkeys("‚‛′", "'"),
    **dict.fromkeys("•●・∙", "·"),
    "→": "->", "←": "<-", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o",
    "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d",
}  # fmt: skip


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's bundled font at a size in pixels."""
    found = ImageFont.load_default(float(size))
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install Pillow's own wheel")
    return found


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    probe = font(24)
    missing: Any = probe.getmask("\U000f0000")
    mask: Any = probe.getmask(character)
    return mask.size != missing.size or bytes(mask) != bytes(missing)


def showable(text: str) -> str:
    """Return the text on one line, in characters the font has where a likeness exists.

    Accents are dropped from letters the font lacks; what has no likeness (another script, an
    emoji) becomes the font's empty box. Control and invisible characters go. Text beyond
    `MAX_CHARACTERS` is cut and ends in an ellipsis.
    """
    cut = text[: MAX_CHARACTERS + 1]
    if len(cut) > MAX_CHARACTERS:
        cut = cut[:MAX_CHARACTERS] + ELLIPSIS
    return " ".join("".join(_likeness(character) for character in cut).split())


def _likeness(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else " "
    if character.isspace():
        return " "
    if character in _SUBSTITUTES:
        return _SUBSTITUTES[character]
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Mn", "Me"):
        return ""
    if category == "Cs":
        return "\U000f0000"
    if _has_glyph(character):
        return character
    plain = "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    return plain if plain.isascii() and plain.strip() else character


def wrap(text: str, size: int, width: int, max_lines: int) -> tuple[list[str], bool]:
    """Break text into at most `max_lines` lines no wider than `width` pixels.

    Returns the lines, and whether the whole text is in them; otherwise the last one ends in an
    ellipsis. A word wider than a line is broken.
    """
    measure = font(size).getlength
    lines: list[str] = []
    rest = text.strip()
    while rest and len(lines) < max_lines:
        end = _fitting(rest, measure, width)
        if end < len(rest) and rest[end] != " ":
            space = rest.rfind(" ", 0, end)
            end = space if space > 0 else end
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if rest and lines:
        lines[-1] = shorten(f"{lines[-1]} {rest[:80]}", size, width)
    return lines, not rest


def shorten(text: str, size: int, width: int) -> str:
    """Return the text, cut with an ellipsis where it would be wider than `width` pixels."""
    measure = font(size).getlength
    if measure(text) <= width:
        return text
    end = _fitting(text, lambda part: measure(part + ELLIPSIS), width)
    return text[:end].rstrip() + ELLIPSIS


def _fitting(text: str, measure: Callable[[str], float], width: int) -> int:
    """Return how many characters fit, at least one, by bisection."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def fitted(
    text: str, sizes: Sequence[int], width: int, height: int, max_lines: int
) -> tuple[list[str], int]:
    """Return lines and font size: the first size at which all fits, else the last, cut short."""
    lines: list[str] = []
    for size in sizes:
        room = max(1, min(max_lines, height // line_height(size)))
        lines, whole = wrap(text, size, width, room)
        if whole:
            return lines, size
    return lines, sizes[-1]


def line_height(size: int) -> int:
    """Return the distance of two lines in pixels."""
    return round(size * 1.26)
