"""Input pictures in motion: a slow pan and zoom, a tint that comes and goes, cross-fades."""

import math
import random

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from .art import even
from .colors import Palette, mix
from .inputs import Source
from .surface import Space, Surface, surface

#: The picture is prepared this much larger than the frame, so that going near stays sharp.
_ROOM = 1.12
#: An input that would lose more than this share to the frame's shape is shown whole instead.
_MOST_CUT = 0.5
#: The part of a picture's time in which it turns into the next one.
_FADE = 0.35


class Moving:
    """The pictures of the inputs, one after the other, as frames of a size.

    The first frame shows the first picture whole, as an image-to-video model begins with its first
    frame; from there the view goes nearer. With several pictures the last one is whole again at the
    end.
    """

    def __init__(
        self,
        rng: random.Random,
        sources: tuple[Source, ...],
        size: tuple[int, int],
        space: Space,
    ) -> None:
        self._stills = [still for source in sources for still in source.stills]
        self._size = size
        self._space: Space = space
        angle = rng.uniform(0, math.tau)
        self._toward = (0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle))
        self._ready: dict[tuple[int, Palette], tuple[Surface, Surface]] = {}

    def draw(self, progress: float, colors: Palette, tint: float) -> Surface:
        """Return the frame at a progress of 0 to 1, tinted by 0 (not at all) to 1."""
        last = len(self._stills) - 1
        place = min(progress, 1.0) * (last + 1)
        at = min(int(place), last)
        frame = self._view(at, progress, colors, tint)
        share = (place - at - (1 - _FADE)) / _FADE
        if share > 0 and at < last:
            share = share * share * (3 - 2 * share)
            frame = frame.blended(self._view(at + 1, progress, colors, tint), share)
        return frame

    def _view(self, number: int, progress: float, colors: Palette, tint: float) -> Surface:
        plain, toned = self._prepared(number, colors)
        width, height = self._size
        near = progress if len(self._stills) == 1 else math.sin(math.pi * progress)
        spare_x, spare_y = near * (plain.size[0] - width), near * (plain.size[1] - height)
        left, top = spare_x * self._toward[0], spare_y * self._toward[1]
        box = (left, top, left + plain.size[0] - spare_x, top + plain.size[1] - spare_y)
        return plain.blended(toned, tint).scaled(box, width, height)

    def _prepared(self, number: int, colors: Palette) -> tuple[Surface, Surface]:
        """Return a still as it is and in the palette's colours, both larger than the frame.

        The last two are kept, so that a fade prepares nothing anew and long lists take no memory.
        """
        if found := self._ready.get((number, colors)):
            return found
        size = (even(self._size[0] * _ROOM), even(self._size[1] * _ROOM))
        plain = framed(self._stills[number], size)
        made = surface(plain, self._space), surface(toned(plain, colors), self._space)
        if len(self._ready) == 2:
            self._ready.pop(next(iter(self._ready)))
        self._ready[number, colors] = made
        return made


def framed(still: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a still that fills a size: cut to its shape, or whole on a blurred copy of itself."""
    cover = ImageOps.fit(still, size, Image.Resampling.BICUBIC)
    shapes = (still.width / still.height, size[0] / size[1])
    if min(shapes) / max(shapes) >= 1 - _MOST_CUT:
        return cover
    small = cover.resize((max(1, size[0] // 8), max(1, size[1] // 8)), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(max(size) / 8 / 24))
    ground = ImageEnhance.Brightness(small).enhance(0.55)
    ground = ground.resize(size, Image.Resampling.BICUBIC)
    whole = ImageOps.contain(
        still, (round(size[0] * 0.86), round(size[1] * 0.86)), Image.Resampling.BICUBIC
    )
    ground.paste(whole, ((size[0] - whole.width) // 2, (size[1] - whole.height) // 2))
    return ground


def toned(picture: Image.Image, colors: Palette) -> Image.Image:
    """Return a picture in the palette's colours; what was light stays light."""
    middle = mix(colors.far, colors.accent, 0.35)
    dark = mix(colors.near, (0, 0, 0), 0.35)
    return ImageOps.colorize(
        picture.convert("L"), dark, mix(colors.light, (255, 255, 255), 0.3), middle
    )
