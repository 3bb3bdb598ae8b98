"""What is to be drawn, and the random numbers that follow from it."""

import hashlib
import math
import random
from typing import Literal

import msgspec

MAX_SIDE = 8192
MIN_VIDEO_SIDE = 16
MIN_FRAMES_PER_SECOND = 24
MAX_FRAMES_PER_SECOND = 120


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One output of one task: everything that its picture or clip is made from.

    Raises ValueError when the size, the length or the frame rate cannot be rendered.
    """

    #: The model's id as a person knows it; printed.
    model: str
    kind: Literal["image", "video"]
    #: One string, or the segments of a long video, which share its length evenly.
    prompt: tuple[str, ...] = ()
    #: In pixels; even for a video.
    width: int
    height: int
    #: Length of a video; of no meaning for an image.
    seconds: float = 0.0
    frames_per_second: int = 24
    has_audio: bool = False
    seed: int = 0
    #: The bytes of input images and videos, in the order in which they were given.
    inputs: tuple[bytes, ...] = ()
    #: Further short facts to print, such as "16:9" or "first frame + last frame".
    labels: tuple[str, ...] = ()
    #: Which of several outputs of one task.
    index: int = 0

    def __post_init__(self) -> None:
        size = f"{self.width}x{self.height}"
        smallest = 1 if self.kind == "image" else MIN_VIDEO_SIDE
        if not all(smallest <= side <= MAX_SIDE for side in (self.width, self.height)):
            raise ValueError(
                f"size {size}: each side of a {self.kind} must be {smallest} to {MAX_SIDE} pixels"
            )
        if self.kind == "image":
            return
        if self.width % 2 or self.height % 2:
            raise ValueError(f"size {size}: both sides of a video must be even; give even numbers")
        if not MIN_FRAMES_PER_SECOND <= self.frames_per_second <= MAX_FRAMES_PER_SECOND:
            raise ValueError(
                f"frames_per_second {self.frames_per_second}: must be {MIN_FRAMES_PER_SECOND} "
                f"to {MAX_FRAMES_PER_SECOND}"
            )
        if not math.isfinite(self.seconds) or self.frame_count < 1:
            raise ValueError(f"seconds {self.seconds}: a video must last at least one frame")

    @property
    def frame_count(self) -> int:
        """The number of frames of a video: its seconds times its rate."""
        return round(self.seconds * self.frames_per_second)


def generator(scene: Scene, *salt: object) -> random.Random:
    """Return the random numbers of one part of a scene, the same in every process.

    Size, inputs and labels do not take part, so that a scene keeps its art at another size.
    """
    facts = (scene.model, scene.prompt, scene.seed, scene.index, *salt)
    digest = hashlib.sha256(repr(facts).encode("utf-8", "backslashreplace")).digest()
    return random.Random(int.from_bytes(digest))
