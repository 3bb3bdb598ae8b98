"""Clips: the art in motion, each segment with its own text and palette, as MP4."""

import math
import random
from collections.abc import Callable

from .art import draw_sprites, landscape, specks
from .clock import Clock
from .colors import PALETTE_COUNT, Palette, palette
from .encode import Encoder
from .inputs import read_inputs
from .motion import Moving
from .panel import caption, input_strip, mark
from .scene import Scene, generator
from .sound import SAMPLE_RATE, stereo
from .still import plain
from .surface import Space, Surface

_YUV: Space = "yuv"


def clip(scene: Scene) -> bytes:
    """Return the scene as MP4: H.264, 4:2:0, index first, with AAC where sound is asked for.

    It has exactly `frame_count` frames, no two in a row are the same, and its sound lasts as long.
    """
    frames = scene.frame_count
    samples = frames * SAMPLE_RATE // scene.frames_per_second
    sound = stereo(generator(scene, "sound"), samples) if scene.has_audio else None
    metadata = {
        "title": plain(" / ".join(scene.prompt)),
        "comment": f"Rushes sandbox, {plain(scene.model)}, seed {scene.seed}",
    }
    size = (scene.width, scene.height)
    with Encoder(size, scene.frames_per_second, frames, sound, metadata) as encoder:
        _draw(scene, encoder.add)
    return encoder.data


def _draw(scene: Scene, add: Callable[[Surface], None]) -> None:
    size = (scene.width, scene.height)
    sources = read_inputs(scene.inputs, size)
    moving = Moving(generator(scene, "inputs"), sources, size, _YUV) if sources else None
    parts = scene.prompt or ("",)
    first = generator(scene).randrange(PALETTE_COUNT)
    total = scene.frame_count
    for number, text in enumerate(parts):
        begin, end = (total * (number + more) // len(parts) for more in (0, 1))
        rng = generator(scene, "segment", number)
        # Five steps through twelve palettes: neighbours are never alike.
        colors = palette(first + 5 * number, rng)
        background = _background(scene, rng, colors, moving, (begin, end))
        clock = Clock(scene, colors, _YUV)
        overlays = [
            *input_strip(scene, sources, clock.bottom, _YUV),
            caption(scene, _titled(text, number, len(parts)), colors, sources, _YUV),
            mark(scene, _YUV),
        ]
        for index in range(begin, end):
            frame = background(index)
            for overlay in overlays:
                if overlay is not None:
                    overlay.draw(frame)
            clock.draw(frame, index)
            add(frame)


def _titled(text: str, number: int, count: int) -> str:
    return f"{number + 1}/{count}  {text}" if count > 1 else text


def _background(
    scene: Scene,
    rng: random.Random,
    colors: Palette,
    moving: Moving | None,
    frames: tuple[int, int],
) -> Callable[[int], Surface]:
    """Return what draws the frame of a number, within one segment."""
    size = (scene.width, scene.height)
    begin, end = frames
    rate = scene.frames_per_second
    last = max(1, end - begin - 1)
    if moving is None:
        art = landscape(rng, colors, *size, _YUV)
        return lambda index: art.draw((index - begin) / last, index / rate)
    floating = tuple(specks(rng, colors, *size, _YUV))

    def over_inputs(index: int) -> Surface:
        progress = index / max(1, scene.frame_count - 1)
        tint = 0.28 - 0.24 * math.cos(math.tau * progress)
        frame = moving.draw(progress, colors, tint)
        draw_sprites(frame, floating, progress, index / rate)
        return frame

    return over_inputs
