"""What shows a clip's time: the time code, the frame's number and the bar along the lower edge."""

from PIL import ImageDraw

from .art import disc, even
from .colors import Palette, mix
from .panel import pill, sizes
from .scene import Scene
from .surface import Space, Surface, ink, stamp
from .text import font

#: What the sandbox mark, on the other side, takes of the width, in letters.
_MARK_LETTERS = 9


class Clock:
    """The marks of time for frames of one scene, in one palette."""

    def __init__(self, scene: Scene, colors: Palette, space: Space) -> None:
        self._unit = unit = sizes(scene.width, scene.height)
        self._frames = scene.frame_count
        self._rate = scene.frames_per_second
        self._segments = max(1, len(scene.prompt))
        self._accent = mix(colors.accent, (255, 255, 255), 0.15)
        self._track = mix(colors.near, (0, 0, 0), 0.4)
        self._white = ink((255, 255, 255), space)[0]
        self._bead_size = even(unit.bar * 1.6)
        self._bead = stamp((255, 255, 255), disc(self._bead_size), space)
        room = scene.width - 3 * unit.margin - unit.small * _MARK_LETTERS
        widest = (self._text(self._frames - 1, long) for long in (True, False))
        fitting = [text for text in widest if font(unit.small).getlength(text) < room]
        self._shows_text = bool(fitting) and scene.height > 4 * unit.small
        self._shows_number = len(fitting) == 2
        wide = max((font(unit.small).getlength(text) for text in fitting), default=0.0)
        self._pill, _, self._pill_height = pill("", unit.small, space, width=wide)

    @property
    def bottom(self) -> int:
        """Where what stands below the time code may begin."""
        used = self._pill_height + self._unit.margin // 2 if self._shows_text else 0
        return even(self._unit.margin + used)

    def _text(self, index: int, with_number: bool) -> str:
        seconds, frame = divmod(index, self._rate)
        minutes, seconds = divmod(seconds, 60)
        code = f"{minutes:02}:{seconds:02}:{frame:02}"
        return f"{code}   {index + 1}/{self._frames}" if with_number else code

    def draw(self, frame: Surface, index: int) -> None:
        """Draw the time of the frame of a number, counted from 0."""
        width, height = frame.size
        unit = self._unit
        if self._shows_text:
            frame.paste(self._pill, unit.margin, unit.margin)
            ImageDraw.Draw(frame.planes[0]).text(
                (
                    unit.margin + self._pill_height // 2,
                    unit.margin + round((self._pill_height - unit.small * 1.22) / 2),
                ),
                self._text(index, self._shows_number),
                self._white,
                font(unit.small),
            )
        top = height - unit.bar
        frame.fill(self._track, 0, top, width, height)
        frame.fill(self._accent, 0, top, max(2, width * (index + 1) // self._frames), height)
        for number in range(1, self._segments):
            left = width * number // self._segments
            frame.fill((255, 255, 255), left, top, left + unit.bar // 2, height)
        # The bead runs along the bar fast enough to move in every frame, however long the clip.
        run = width + self._bead_size
        at = (index * max(2, round(run / (2.4 * self._rate)))) % run - self._bead_size
        frame.paste(self._bead, at, height - unit.bar // 2 - self._bead_size // 2)
