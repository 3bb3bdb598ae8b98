"""Palettes, and mixing of colours in Oklab, where a mixture of two hues stays clear."""

import math
import random
from typing import TypeAlias

import msgspec

Color: TypeAlias = tuple[int, int, int]
Lab: TypeAlias = tuple[float, float, float]


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of one scene: the sky from top to horizon, its light, ridges and accent."""

    sky: tuple[Color, ...]
    light: Color
    far: Color
    near: Color
    accent: Color

    @property
    def is_night(self) -> bool:
        """Whether the top of the sky is dark enough for stars."""
        return to_lab(self.sky[0])[0] < 0.32


# Each line: sky from the top to the horizon, light, far ridge, near ridge, accent.
_PALETTES = (
    "1b1f4b 5b3a86 e0628c ffc38b fff1c9 a8578f 1d1a3d ffb25e",
    "5fa8d3 a2d2e2 fbe3c4 ffc7a0 fffaf0 86b3b5 1f4b57 ff9470",
    "050b24 0d2a4d 12616b 5fd0a6 eafff4 1d6670 04121f 7dffc4",
    "2f6f8f 8fc1c2 f6d8a8 f2a65a fff3d6 d98b52 5e2a22 ffd166",
    "32123c 7d2a6b d9577b ffb199 ffe9dc 9b3f70 240d2e ff8fab",
    "0f4c5c 3a8f8a a7dcb5 f5f3c7 fffef0 5aa88f 0b3336 f4d35e",
    "12080f 4a1524 b23a2e ff9f45 ffe9a8 7a2326 14060c ffcf56",
    "5d6fb5 a596d6 e6bfe0 ffe3dc ffffff 9a86c2 322a5c ff9ecb",
    "04263f 0b5a84 39a0c4 bfe9e6 ffffff 2e86a8 052238 ffd97d",
    "24331f 5b7a3a b7c66b f4eebb fffde8 7f9a4c 1a2815 ffb347",
    "0b0d17 20263f 4a5478 b4b9d6 f7f7ff 465075 090b14 ff7b8f",
    "14505c 3f9c9a f5cfa5 f58a6b fff4e4 c9806c 123a44 ffc857",
)
PALETTE_COUNT = len(_PALETTES)


def to_lab(color: Color) -> Lab:
    """Return an sRGB colour in Oklab."""
    r, g, b = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in color)
    )
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def from_lab(lab: Lab) -> Color:
    """Return the nearest sRGB colour, each channel cut to its range."""
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _channel(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _channel(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _channel(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _channel(value: float) -> int:
    if value <= 0:
        return 0
    gamma = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return min(255, round(gamma * 255))


def mix(first: Color, second: Color, share: float) -> Color:
    """Return the colour that lies `share` (0 to 1) of the way from the first to the second."""
    one, two = to_lab(first), to_lab(second)
    lightness, a, b = (p + (q - p) * share for p, q in zip(one, two, strict=True))
    return from_lab((lightness, a, b))


def along(stops: tuple[Color, ...], position: float) -> Color:
    """Return the colour at `position` (0 to 1, cut) of a gradient through evenly spaced stops."""
    scaled = min(max(position, 0.0), 1.0) * (len(stops) - 1)
    at = min(int(scaled), len(stops) - 2)
    return mix(stops[at], stops[at + 1], scaled - at)


def palette(number: int, rng: random.Random) -> Palette:
    """Return a palette by number (any integer), turned and lightened a little by chance."""
    angle, lift = rng.uniform(-0.38, 0.38), rng.uniform(-0.035, 0.035)
    *sky, light, far, near, accent = (
        _shift((int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)), angle, lift)
        for code in _PALETTES[number % PALETTE_COUNT].split()
    )
    return Palette(sky=tuple(sky), light=light, far=far, near=near, accent=accent)


def _shift(color: Color, angle: float, lift: float) -> Color:
    lightness, a, b = to_lab(color)
    cosine, sine = math.cos(angle), math.sin(angle)
    lightness = min(max(lightness + lift, 0.0), 1.0)
    return from_lab((lightness, a * cosine - b * sine, a * sine + b * cosine))
