"""What the tests of rendering share: decoding, comparing and making pictures."""

import io
import math
import random

import av
from PIL import Image, ImageChops, ImageDraw

from rushes.sandbox.render import Scene, render


def image_scene(**changes: object) -> Scene:
    """Return a small picture's scene."""
    facts = {"model": "mediaio/kling-3.0", "kind": "image", "width": 320, "height": 180}
    return Scene(**{**facts, "prompt": ("a paper boat",), **changes})  # type: ignore[arg-type]


def video_scene(**changes: object) -> Scene:
    """Return a short, small clip's scene."""
    return image_scene(**{"kind": "video", "seconds": 0.5, **changes})


def picture(scene: Scene) -> Image.Image:
    """Return a rendered image scene, decoded."""
    with Image.open(io.BytesIO(render(scene)), formats=["PNG"]) as found:
        return found.convert("RGB")


def frames(data: bytes) -> list[Image.Image]:
    """Return every frame of a clip."""
    with av.open(io.BytesIO(data), "r") as clip:
        return [
            frame.to_image()  # type: ignore[no-untyped-call]
            for frame in clip.decode(video=0)
        ]


def different(one: Image.Image, two: Image.Image, *, more_than: int = 0) -> float:
    """Return the share of pixels that differ in any channel by more than so many levels."""
    bands = ImageChops.difference(one, two).split()
    most = bands[0]
    for band in bands[1:]:
        most = ImageChops.lighter(most, band)
    return sum(most.histogram()[more_than + 1 :]) / (most.width * most.height)


def correlation(one: Image.Image, two: Image.Image) -> float:
    """Return how alike two pictures are in grey, seen small: 1 for the same, 0 for unrelated."""
    first, second = (list(side.convert("L").resize((24, 24)).tobytes()) for side in (one, two))
    mean, other = sum(first) / len(first), sum(second) / len(second)
    both = sum((p - mean) * (q - other) for p, q in zip(first, second, strict=True))
    spread = sum((p - mean) ** 2 for p in first) * sum((q - other) ** 2 for q in second)
    return both / math.sqrt(spread)


def photo(width: int, height: int, seed: int = 1) -> Image.Image:
    """Return a picture of coloured discs that resembles no other."""
    rng = random.Random(seed)
    made = Image.new("RGB", (width, height), (90, 130, 180))
    draw = ImageDraw.Draw(made)
    for _ in range(25):
        x, y, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(3, width / 5)
        color = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), color)
    return made


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return an image file's bytes."""
    output = io.BytesIO()
    image.save(output, kind)
    return output.getvalue()
