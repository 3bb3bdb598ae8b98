"""Seeded landscapes: a sky, its light, clouds, ridges that drift, and specks of light."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .colors import Palette, along, mix
from .surface import Space, Stamp, Surface, stamp, surface

#: How much larger than the frame the sky is, so that it can drift.
_SKY_MARGIN = 0.06
_RIDGES = 4


@dataclass(frozen=True, slots=True)
class Sprite:
    """A stamp and where it is: its corner by progress (0 to 1) and seconds since the start."""

    stamp: Stamp
    at: Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Landscape:
    """Art that can be drawn at any moment."""

    sky: Surface
    sprites: tuple[Sprite, ...]
    size: tuple[int, int]
    #: The direction in which the sky drifts, 1 or -1.
    drift: int

    def draw(self, progress: float, seconds: float) -> Surface:
        """Return the frame at a progress of 0 to 1 through its time, `seconds` after its start."""
        width, height = self.size
        spare_x, spare_y = self.sky.size[0] - width, self.sky.size[1] - height
        along_x = progress if self.drift > 0 else 1 - progress
        frame = self.sky.crop(
            round(spare_x * along_x), round(spare_y * (1 - progress)), width, height
        )
        draw_sprites(frame, self.sprites, progress, seconds)
        return frame


def draw_sprites(
    frame: Surface, sprites: tuple[Sprite, ...], progress: float, seconds: float
) -> None:
    """Paste sprites where they are at that moment."""
    for sprite in sprites:
        x, y = sprite.at(progress, seconds)
        frame.paste(sprite.stamp, round(x), round(y))


def landscape(
    rng: random.Random, colors: Palette, width: int, height: int, space: Space
) -> Landscape:
    """Return a landscape for frames of a size, the same for the same random numbers."""
    drift = rng.choice((1, -1))
    horizon = rng.uniform(0.5, 0.62)
    sprites = [
        *_light(rng, colors, width, height, space, horizon),
        *_clouds(rng, colors, width, height, space, drift),
        *_ridges(rng, colors, width, height, space, horizon, drift),
        *specks(rng, colors, width, height, space),
    ]
    sky_width = even(width * (1 + _SKY_MARGIN))
    sky_height = even(height * (1 + _SKY_MARGIN))
    sky = _sky(rng, colors, sky_width, sky_height, horizon)
    return Landscape(surface(sky, space), tuple(sprites), (width, height), drift)


def even(value: float) -> int:
    """Return the nearest even whole number, at least 2."""
    return max(2, 2 * round(value / 2))


def _sky(
    rng: random.Random, colors: Palette, width: int, height: int, horizon: float
) -> Image.Image:
    cells = 24
    tilt, bend = rng.uniform(-0.22, 0.22), rng.uniform(0.03, 0.1)
    phase = rng.uniform(0, math.tau)
    mesh = Image.new("RGB", (cells, cells))
    for row in range(cells):
        for column in range(cells):
            u, v = column / (cells - 1), row / (cells - 1)
            wave = bend * math.sin(math.tau * (0.8 * u + 0.6 * v) + phase)
            position = v / (horizon + 0.12) + tilt * (u - 0.5) + wave
            mesh.putpixel((column, row), along(colors.sky, position))
    sky = mesh.resize((width, height), Image.Resampling.BICUBIC)
    if colors.is_night:
        _stars(rng, sky, horizon)
    return sky


def _stars(rng: random.Random, sky: Image.Image, horizon: float) -> None:
    draw = ImageDraw.Draw(sky, "RGBA")
    unit = min(sky.size) / 720
    for _ in range(110):
        x, y = rng.uniform(0, sky.width), sky.height * horizon * rng.random() ** 1.6
        radius = unit * rng.choice((0.7, 0.9, 1.2, 1.7))
        alpha = int(rng.uniform(70, 220) * (1 - y / (sky.height * horizon)))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), (255, 255, 255, alpha))


def disc(diameter: int) -> Image.Image:
    """Return the mask of a smooth-edged circle."""
    large = Image.new("L", (diameter * 4, diameter * 4))
    ImageDraw.Draw(large).ellipse((2, 2, diameter * 4 - 3, diameter * 4 - 3), 255)
    return large.resize((diameter, diameter), Image.Resampling.BOX)


def glow(diameter: int, strength: float) -> Image.Image:
    """Return the mask of a round glow that fades out towards its edge."""
    radial = Image.radial_gradient("L").point(
        [round(255 * strength * max(0.0, 1 - level / 181) ** 2) for level in range(256)]
    )
    return radial.resize((diameter, diameter), Image.Resampling.BICUBIC)


def _light(
    rng: random.Random, colors: Palette, width: int, height: int, space: Space, horizon: float
) -> list[Sprite]:
    """Return a sun or moon, with its glow, that rises."""
    side = min(width, height)
    diameter = even(side * rng.uniform(0.17, 0.3))
    halo = even(diameter * 3.6)
    x = width * rng.uniform(0.2, 0.8)
    low, high = height * horizon * rng.uniform(0.68, 0.82), height * horizon * rng.uniform(0.4, 0.5)

    def centre(size: int) -> Callable[[float, float], tuple[float, float]]:
        return lambda progress, _: (
            x + 0.05 * width * (progress - 0.5) - size / 2,
            low + (high - low) * progress - size / 2,
        )

    mask = disc(diameter)
    kind = rng.choice(("sun", "sun", "rings", "crescent"))
    if kind == "crescent":
        bite = Image.new("L", mask.size)
        bite.paste(mask, (round(diameter * 0.3), -round(diameter * 0.13)))
        mask = ImageChops.subtract(mask, bite)
    sprites = [Sprite(stamp(colors.light, glow(halo, 0.55), space), centre(halo))]
    if kind == "rings":
        for share, alpha in ((1.9, 26), (1.45, 40)):
            size = even(diameter * share)
            ring = disc(size).point([level * alpha // 255 for level in range(256)])
            sprites.append(Sprite(stamp(colors.light, ring, space), centre(size)))
    sprites.append(Sprite(stamp(colors.light, mask, space), centre(diameter)))
    return sprites


def _clouds(
    rng: random.Random, colors: Palette, width: int, height: int, space: Space, drift: int
) -> list[Sprite]:
    """Return one band of soft, long clouds that drifts around the frame."""
    band = even(height * 0.34)
    divisor = max(1, min(width, height) // 200)
    small = (max(8, width // divisor), max(8, band // divisor))
    tile = Image.new("L", (small[0] * 3, small[1]))
    draw = ImageDraw.Draw(tile)
    for _ in range(rng.choice((5, 7, 9))):
        length = small[0] * rng.uniform(0.18, 0.42)
        thick = small[1] * rng.uniform(0.05, 0.12)
        x = rng.uniform(0, small[0])
        y = rng.uniform(0.26, 0.74) * small[1]
        alpha = round(rng.uniform(60, 150))
        for turn in range(-1, 3):
            left = x + turn * small[0]
            draw.ellipse((left, y - thick, left + length, y + thick), alpha)
    tile = tile.filter(ImageFilter.GaussianBlur(small[1] / 20))
    # Two of three turns, cut from between the ends, join without a seam.
    wide = (small[0] // 2, 0, small[0] // 2 + 2 * small[0], small[1])
    mask = tile.resize((even(width) * 2, band), Image.Resampling.BICUBIC, box=wide)
    tint = mix(colors.sky[-1], colors.light, 0.5)
    top = height * rng.uniform(0.08, 0.2)
    return [Sprite(stamp(tint, mask, space), _around(width * 0.018 * drift, even(width), top))]


def _twice(tile: Image.Image) -> Image.Image:
    wide = Image.new(tile.mode, (tile.width * 2, tile.height))
    wide.paste(tile, (0, 0))
    wide.paste(tile, (tile.width, 0))
    return wide


def _around(speed: float, period: int, top: float) -> Callable[[float, float], tuple[float, float]]:
    """Return the path of a tile, twice the period wide, at a speed in pixels per second."""
    return lambda _, seconds: (-((speed * seconds) % period), top)


def _ridges(
    rng: random.Random,
    colors: Palette,
    width: int,
    height: int,
    space: Space,
    horizon: float,
    drift: int,
) -> list[Sprite]:
    """Return ranges of one shape, the nearer the darker and the faster."""
    shape = rng.choice((_waves, _peaks, _dunes, _hills))
    sprites = []
    for number in range(_RIDGES):
        depth = number / (_RIDGES - 1)
        reach = height * (0.085 + 0.045 * depth) * rng.uniform(0.85, 1.25)
        base = height * (horizon + (0.97 - horizon) * (depth * 0.78) ** 1.25)
        top = even(base - reach)
        color = mix(colors.far, colors.near, depth**0.8)
        mist = mix(color, colors.sky[-1], 0.34 * (1 - depth) + 0.06)
        tall = even(height - top)
        outline = shape(rng, even(width), tall, reach * 2)
        body = Image.new("RGB", (1, 8))
        for step in range(8):
            body.putpixel((0, step), mix(color, mist, step / 7))
        fade = even(min(tall, height * 0.34))
        fill = Image.new("RGB", (even(width) * 2, tall), mist)
        fill.paste(body.resize((even(width) * 2, fade), Image.Resampling.BICUBIC), (0, 0))
        speed = drift * width * (0.008 + 0.05 * depth**1.4)
        path = _around(speed, even(width), top)
        sprites.append(Sprite(stamp(fill, _twice(outline), space), path))
    return sprites


def _outline(width: int, height: int, reach: float, level: Callable[[float], float]) -> Image.Image:
    """Return the mask below a curve; `level` gives 0 (low) to 1 (high) at 0 to 1 of the width."""
    steps = min(width, 480)
    points = [
        (2 * width * step / steps, 2 * reach * (1 - level(step / steps)))
        for step in range(steps + 1)
    ]
    large = Image.new("L", (width * 2, height * 2))
    ImageDraw.Draw(large).polygon([*points, (2 * width, 2 * height), (0, 2 * height)], 255)
    return large.resize((width, height), Image.Resampling.BOX)


def _series(
    rng: random.Random, harmonics: tuple[int, ...], curve: Callable[[float], float]
) -> Callable[[float], float]:
    """Return a sum of shifted copies of a periodic curve, scaled to stay within 0 to 1."""
    parts = [(k, rng.random(), rng.uniform(0.6, 1.0) / k**0.85) for k in harmonics]
    total = sum(weight for _, _, weight in parts)
    return lambda u: sum(weight * curve(k * u + shift) for k, shift, weight in parts) / total


def _waves(rng: random.Random, width: int, height: int, reach: float) -> Image.Image:
    curve = _series(rng, (2, 3, 5), lambda u: 0.5 + 0.5 * math.sin(math.tau * u))
    return _outline(width, height, reach, curve)


def _peaks(rng: random.Random, width: int, height: int, reach: float) -> Image.Image:
    curve = _series(rng, (2, 3, 7, 13, 29), lambda u: abs(2 * (u % 1) - 1))
    return _outline(width, height, reach, curve)


def _dunes(rng: random.Random, width: int, height: int, reach: float) -> Image.Image:
    curve = _series(rng, (1, 2, 3), lambda u: 1 - abs(math.sin(math.pi * u)))
    return _outline(width, height, reach, curve)


def _hills(rng: random.Random, width: int, height: int, reach: float) -> Image.Image:
    curve = _series(rng, (2, 3, 4), lambda u: abs(math.sin(math.pi * u)))
    return _outline(width, height, reach, curve)


def specks(
    rng: random.Random, colors: Palette, width: int, height: int, space: Space
) -> list[Sprite]:
    """Return round specks of light that rise and sway."""
    side = min(width, height)
    sprites = []
    for _ in range(rng.choice((6, 9, 12))):
        size = even(side * rng.choice((0.008, 0.012, 0.02, 0.035, 0.06)))
        alpha = rng.uniform(0.16, 0.3) if size > side * 0.015 else rng.uniform(0.5, 0.85)
        mask = disc(size).point([round(level * alpha) for level in range(256)])
        color = rng.choice((colors.light, colors.accent))
        path = _rising(rng, width, height, side)
        sprites.append(Sprite(stamp(color, mask, space), path))
    return sprites


def _rising(
    rng: random.Random, width: int, height: int, side: int
) -> Callable[[float, float], tuple[float, float]]:
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    speed, sway = side * rng.uniform(0.02, 0.07), side * rng.uniform(0.005, 0.03)
    phase = rng.uniform(0, math.tau)
    span = height + side * 0.1
    return lambda _, seconds: (
        x + sway * math.sin(seconds * 0.9 + phase),
        (y - speed * seconds) % span - side * 0.1,
    )
