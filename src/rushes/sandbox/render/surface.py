"""Drawing on RGB pictures and on YUV video frames alike.

Video is composed directly in the three planes that the encoder takes (BT.709, limited range,
colour at half size), so no frame is converted.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from .colors import Color

Space: TypeAlias = Literal["rgb", "yuv"]
Box: TypeAlias = tuple[float, float, float, float]
Fill: TypeAlias = Image.Image | Color | int
_DIVISORS: dict[Space, tuple[int, ...]] = {"rgb": (1,), "yuv": (1, 2, 2)}


@dataclass(frozen=True, slots=True)
class Stamp:
    """Something to paste: a picture or one colour, in a surface's planes, under a mask."""

    fills: tuple[Fill, ...]
    masks: tuple[Image.Image | None, ...]


@dataclass(frozen=True, slots=True)
class Surface:
    """A picture as the planes of its colour space. Sides must be even in "yuv"."""

    space: Space
    planes: tuple[Image.Image, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.planes[0].size

    def paste(self, stamp: Stamp, x: int, y: int) -> None:
        """Paste with the top left corner at x, y; what lies outside is cut off."""
        for plane, divisor, fill, mask in zip(
            self.planes, _DIVISORS[self.space], stamp.fills, stamp.masks, strict=True
        ):
            plane.paste(fill, (x // divisor, y // divisor), mask)

    def fill(self, color: Color, left: int, top: int, right: int, bottom: int) -> None:
        """Fill a rectangle with a colour, covering at least one pixel of each plane."""
        for plane, divisor, value in zip(
            self.planes, _DIVISORS[self.space], ink(color, self.space), strict=True
        ):
            x, y = left // divisor, top // divisor
            box = (x, y, max(x + 1, right // divisor), max(y + 1, bottom // divisor))
            plane.paste(value, box)

    def crop(self, x: int, y: int, width: int, height: int) -> "Surface":
        """Return a copy of a part."""
        return Surface(
            self.space,
            tuple(
                plane.crop((x // d, y // d, x // d + width // d, y // d + height // d))
                for plane, d in zip(self.planes, _DIVISORS[self.space], strict=True)
            ),
        )

    def scaled(self, box: Box, width: int, height: int) -> "Surface":
        """Return the part in `box` (fractions of a pixel count) at another size.

        The half-size colour planes are not smoothed: no eye sees it, and it takes half the time.
        """
        return Surface(
            self.space,
            tuple(
                plane.resize(
                    (width // d, height // d),
                    Image.Resampling.BILINEAR if d == 1 else Image.Resampling.NEAREST,
                    box=(box[0] / d, box[1] / d, box[2] / d, box[3] / d),
                )
                for plane, d in zip(self.planes, _DIVISORS[self.space], strict=True)
            ),
        )

    def blended(self, other: "Surface", share: float) -> "Surface":
        """Return a mixture with another surface of the same size and space."""
        return Surface(
            self.space,
            tuple(
                Image.blend(one, two, share)
                for one, two in zip(self.planes, other.planes, strict=True)
            ),
        )


def surface(picture: Image.Image, space: Space) -> Surface:
    """Return an RGB picture as a surface; an RGB surface shares its pixels."""
    if space == "rgb":
        return Surface(space, (picture,))
    source = av.VideoFrame(picture.width, picture.height, "rgb24")
    source.planes[0].update(picture.tobytes("raw", "RGB", source.planes[0].line_size, 1))
    frame = source.reformat(
        format="yuv420p",
        src_color_range=ColorRange.JPEG,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    return Surface(
        space,
        tuple(
            Image.frombytes(
                "L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size, 1
            )
            for plane in frame.planes
        ),
    )


def stamp(fill: Image.Image | Color, mask: Image.Image | None, space: Space) -> Stamp:
    """Return a picture or a colour ready for pasting. Sides must be even in "yuv"."""
    fills: tuple[Fill, ...]
    fills = ink(fill, space) if isinstance(fill, tuple) else surface(fill, space).planes
    if mask is None or space == "rgb":
        return Stamp(fills, (mask,) * len(fills))
    half = mask.resize((mask.width // 2, mask.height // 2), Image.Resampling.BOX)
    return Stamp(fills, (mask, half, half))


def ink(color: Color, space: Space) -> tuple[Color | int, ...]:
    """Return a colour as the value of each plane."""
    if space == "rgb":
        return (color,)
    r, g, b = (channel / 255 for channel in color)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return (
        round(16 + 219 * luma),
        round(128 + 224 * (b - luma) / 1.8556),
        round(128 + 224 * (r - luma) / 1.5748),
    )
