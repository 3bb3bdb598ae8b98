"""What is written over the art: prompt, model and facts, the sandbox mark, the inputs."""

from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageOps

from .art import even
from .colors import Color, Palette, mix
from .inputs import Source
from .scene import Scene
from .surface import Space, Stamp, Surface, stamp
from .text import fitted, font, line_height, shorten, showable, wrap

_WHITE: Color = (255, 255, 255)
_PANEL_OPACITY = 202
#: Over inputs, which may hold letters of their own.
_PANEL_OPACITY_OVER_INPUTS = 230


@dataclass(frozen=True, slots=True)
class Sizes:
    """The measures that follow from the size of the frame, in pixels."""

    margin: int
    prompt: int
    small: int
    bar: int


@dataclass(frozen=True, slots=True)
class Overlay:
    """A stamp and the place of its top left corner."""

    stamp: Stamp
    x: int
    y: int

    def draw(self, frame: Surface) -> None:
        """Paste it onto a frame."""
        frame.paste(self.stamp, self.x, self.y)


@lru_cache(maxsize=16)
def sizes(width: int, height: int) -> Sizes:
    """Return the measures for a frame."""
    side = min(width, height)
    prompt = round(min(max(side * 0.041, 11), 84))
    return Sizes(
        margin=even(side * 0.034),
        prompt=prompt,
        small=max(10, round(prompt * 0.64)),
        bar=even(max(2, side * 0.009)),
    )


def facts(scene: Scene, sources: tuple[Source, ...] = ()) -> list[str]:
    """Return the short facts to print, none twice: size to seed, labels, what was unreadable."""
    found = [f"{scene.width}x{scene.height}"]
    if scene.kind == "video":
        found += [f"{scene.seconds:g} s", f"{scene.frames_per_second} fps"]
        found.append("sound" if scene.has_audio else "no sound")
    if scene.inputs:
        found.append("1 input" if len(scene.inputs) == 1 else f"{len(scene.inputs)} inputs")
        if len(scene.inputs) > len(sources):
            found.append(f"{len(sources)} shown")
    found.append(f"seed {scene.seed}")
    if scene.index:
        found.append(f"output {scene.index + 1}")
    found += [showable(label) for label in scene.labels]
    found += [source.problem for source in sources if source.problem]
    return [fact for fact in dict.fromkeys(found) if fact]


def caption(
    scene: Scene, prompt: str, colors: Palette, sources: tuple[Source, ...], space: Space
) -> Overlay | None:
    """Return the panel with prompt, model and facts; None where no letter would fit."""
    width, height = scene.width, scene.height
    unit = sizes(width, height)
    pad = max(3, round(unit.prompt * 0.62))
    inner = min(width - 2 * unit.margin, unit.prompt * 34 + 2 * pad) - 2 * pad
    if inner < unit.small or height < 2 * unit.small:
        return None
    scales = (1.0, 0.84, 0.7)
    tried = sorted({max(10, round(unit.prompt * scale)) for scale in scales}, reverse=True)
    text = showable(prompt) or "(no prompt)"
    lines, letters = fitted(text, tried, inner, round(height * 0.3), 5)
    notes = _notes(scene, sources, inner)
    gap = round(unit.prompt * 0.28) if notes else 0
    tall = line_height(letters) * len(lines) + gap + line_height(unit.small) * len(notes)
    widest = max(
        *(font(letters).getlength(line) for line in lines),
        *(font(unit.small).getlength(line) for line in notes),
        0.0,
    )
    size = (even(widest + 2 * pad), even(tall + 2 * pad))
    picture = Image.new("RGB", size, mix(colors.near, (6, 8, 14), 0.65))
    mask = Image.new("L", size)
    radius = round(unit.prompt * 0.5)
    opacity = _PANEL_OPACITY_OVER_INPUTS if scene.inputs else _PANEL_OPACITY
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius, opacity)
    accent = mix(colors.accent, _WHITE, 0.25)
    stripe = max(1, pad // 5)
    for target, ink in ((picture, accent), (mask, 255)):
        ImageDraw.Draw(target).rectangle((0, radius, stripe, size[1] - radius), ink)
    top = round(pad * 0.82)
    for line in lines:
        _write(picture, mask, (pad, top), line, letters, _WHITE)
        top += line_height(letters)
    top += gap
    for number, line in enumerate(notes):
        ink = accent if number == 0 else (222, 226, 236)
        _write(picture, mask, (pad, top), line, unit.small, ink)
        top += line_height(unit.small)
    y = height - unit.margin - unit.bar - size[1]
    return Overlay(stamp(picture, mask, space), even(unit.margin), max(0, y // 2 * 2))


def _notes(scene: Scene, sources: tuple[Source, ...], inner: int) -> list[str]:
    unit = sizes(scene.width, scene.height)
    room = min(4, round(scene.height * 0.22) // line_height(unit.small))
    if room < 1:
        return []
    model = shorten(showable(scene.model), unit.small, inner)
    lines, _ = wrap(" · ".join(facts(scene, sources)), unit.small, inner, room - 1)
    return [model, *lines]


def _write(
    picture: Image.Image,
    mask: Image.Image,
    place: tuple[int, int],
    text: str,
    size: int,
    ink: Color,
) -> None:
    ImageDraw.Draw(picture).text(place, text, ink, font(size))
    ImageDraw.Draw(mask).text(place, text, 255, font(size))


def pill(
    text: str, size: int, space: Space, *, dot: Color | None = None, width: float = 0.0
) -> tuple[Stamp, int, int]:
    """Return a dark pill with a text, or room of a width for one; and its width and height."""
    tall = even(size * 1.9)
    left = round(tall * 0.5)
    bead = round(size * 0.62) if dot else 0
    start = left + (bead + round(size * 0.4) if dot else 0)
    wide = even(start + max(width, font(size).getlength(text)) + left)
    picture = Image.new("RGB", (wide, tall), (10, 12, 18))
    mask = Image.new("L", (wide, tall))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, wide - 1, tall - 1), tall // 2, 150)
    if dot:
        top = (tall - bead) // 2
        box = (left, top, left + bead, top + bead)
        ImageDraw.Draw(picture).ellipse(box, dot)
        ImageDraw.Draw(mask).ellipse(box, 255)
    _write(picture, mask, (start, round((tall - size * 1.22) / 2)), text, size, _WHITE)
    return stamp(picture, mask, space), wide, tall


def mark(scene: Scene, space: Space) -> Overlay | None:
    """Return the mark, at the top right, that tells this from a real generation."""
    unit = sizes(scene.width, scene.height)
    made, wide, tall = pill("SANDBOX", unit.small, space, dot=(255, 92, 92))
    if wide + 2 * unit.margin > scene.width or tall + 2 * unit.margin > scene.height:
        return None
    return Overlay(made, (scene.width - unit.margin - wide) // 2 * 2, unit.margin)


def input_strip(scene: Scene, sources: tuple[Source, ...], top: int, space: Space) -> list[Overlay]:
    """Return small copies of the inputs, in their order, when there are several."""
    if len(sources) < 2:
        return []
    unit = sizes(scene.width, scene.height)
    side = even(min(scene.width, scene.height) * 0.13)
    gap = even(side * 0.12)
    room = (scene.width - 2 * unit.margin + gap) // (side + gap)
    if side < 16:
        return []
    found = []
    for number, source in enumerate(sources[:room], start=1):
        card = _card(source, side, number)
        mask = Image.new("L", card.size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), side // 8, 255)
        x = unit.margin + (number - 1) * (side + gap)
        found.append(Overlay(stamp(card, mask, space), x, top))
    return found


def _card(source: Source, side: int, number: int) -> Image.Image:
    """Return a small square copy with a white edge and the input's number, or a question mark."""
    edge = max(1, side // 26)
    card = Image.new("RGB", (side, side), (250, 250, 252))
    inner = side - 2 * edge
    small = ImageOps.fit(source.stills[0], (inner, inner), Image.Resampling.BICUBIC)
    if source.problem:
        small = Image.new("RGB", (inner, inner), (58, 62, 74))
        place = (inner / 2, inner / 2)
        ImageDraw.Draw(small).text(place, "?", _WHITE, font(max(10, side // 2)), anchor="mm")
    card.paste(small, (edge, edge))
    size = max(10, side // 6)
    wide = round(font(size).getlength(str(number)) + size * 0.7)
    tall = round(size * 1.3)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, side - tall - edge, wide + edge, side), (250, 250, 252))
    draw.text((edge + size * 0.3, side - tall - edge), str(number), (20, 22, 30), font(size))
    return card
