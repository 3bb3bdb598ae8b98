import io
import math
import struct
from fractions import Fraction

import av
import pytest

from rushes.sandbox.render import render

from .looking import video_scene


def _channels(data: bytes) -> list[list[float]]:
    with av.open(io.BytesIO(data), "r") as clip:
        sound: list[list[float]] = [[], []]
        for frame in clip.decode(audio=0):
            for channel, plane in zip(sound, frame.planes, strict=True):
                channel += struct.unpack(f"<{frame.samples}f", bytes(plane)[: 4 * frame.samples])
    return sound


@pytest.mark.parametrize(("seconds", "rate"), [(1.0, 24), (0.7, 30), (2.25, 24)])
def test_sound_lasts_as_long_as_the_pictures(seconds: float, rate: int) -> None:
    """AAC in stereo of exactly the clip's length accompanies the pictures."""
    data = render(video_scene(seconds=seconds, frames_per_second=rate, has_audio=True))
    with av.open(io.BytesIO(data), "r") as clip:
        stream = clip.streams.audio[0]
        assert (stream.codec_context.name, stream.layout.name) == ("aac", "stereo")
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == Fraction(str(seconds))


def test_sound_is_audible_throughout_and_clean() -> None:
    """Every fifth of a second is audible in both channels, and nothing is clipped."""
    for channel in _channels(render(video_scene(seconds=2.0, has_audio=True))):
        parts = [channel[at : at + 9600] for at in range(0, 96_000 - 9600, 9600)]
        loud = [math.sqrt(sum(value * value for value in part) / 9600) for part in parts]
        assert min(loud) > 0.01
        assert max(map(abs, channel)) < 0.9


def test_seed_chooses_the_melody() -> None:
    """Another seed gives another melody."""
    one, two = (_channels(render(video_scene(seed=seed, has_audio=True))) for seed in (1, 2))
    apart = sum(abs(a - b) for a, b in zip(one[0], two[0], strict=True)) / len(one[0])
    assert apart > 0.005


def test_no_sound_where_none_was_asked() -> None:
    """A clip without sound has no sound track."""
    with av.open(io.BytesIO(render(video_scene())), "r") as clip:
        assert len(clip.streams.audio) == 0
