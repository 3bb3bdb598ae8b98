"""Pictures: one moment of the art, with its caption, as PNG."""

import io

from PIL import PngImagePlugin

from .art import draw_sprites, landscape, specks
from .colors import PALETTE_COUNT, Palette, palette
from .inputs import Source, read_inputs
from .motion import Moving
from .panel import caption, input_strip, mark, sizes
from .scene import Scene, generator
from .surface import Space, Surface

_RGB: Space = "rgb"
#: Compression that halves the time for a few per cent more bytes.
_PNG_LEVEL = 3
_MAX_TEXT_BYTES = 8000


def picture(scene: Scene) -> bytes:
    """Return the scene as PNG; its text chunks hold prompt, model, seed and `Software`."""
    rng = generator(scene)
    colors = palette(rng.randrange(PALETTE_COUNT), rng)
    sources = read_inputs(scene.inputs, (scene.width, scene.height))
    frame = _from_inputs(scene, sources, colors) if sources else _art(scene, colors)
    panel = caption(scene, " / ".join(scene.prompt), colors, sources, _RGB)
    for overlay in (panel, mark(scene, _RGB)):
        if overlay is not None:
            overlay.draw(frame)
    output = io.BytesIO()
    frame.planes[0].save(output, "PNG", compress_level=_PNG_LEVEL, pnginfo=_text_chunks(scene))
    return output.getvalue()


def _art(scene: Scene, colors: Palette) -> Surface:
    rng = generator(scene, "art")
    progress = rng.uniform(0.25, 0.85)
    return landscape(rng, colors, scene.width, scene.height, _RGB).draw(progress, 10 * progress)


def _from_inputs(scene: Scene, sources: tuple[Source, ...], colors: Palette) -> Surface:
    """Return the first input, moved and tinted, with all of several inputs shown small."""
    size = (scene.width, scene.height)
    rng = generator(scene, "inputs")
    frame = Moving(rng, sources[:1], size, _RGB).draw(
        rng.uniform(0.35, 0.7), colors, rng.uniform(0.38, 0.5)
    )
    draw_sprites(frame, tuple(specks(rng, colors, *size, _RGB)), 0.5, 0.0)
    for overlay in input_strip(scene, sources, sizes(*size).margin, _RGB):
        overlay.draw(frame)
    return frame


def _text_chunks(scene: Scene) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    for key, value in (
        ("Software", "Rushes sandbox"),
        ("prompt", plain("\n".join(scene.prompt))),
        ("model", plain(scene.model)),
        ("seed", str(scene.seed)),
    ):
        chunks.add_itxt(key, value)
    return chunks


def plain(text: str) -> str:
    """Return text that any metadata can hold: no NUL, no lone surrogate, cut to some length."""
    data = text.replace("\0", "").encode("utf-8", "replace")[:_MAX_TEXT_BYTES]
    return data.decode("utf-8", "ignore")
