import io
import itertools

import av
import pytest
from av.video.reformatter import Colorspace

from rushes.sandbox.render import render

from .looking import correlation, different, encoded, frames, photo, video_scene


@pytest.mark.parametrize(
    ("size", "seconds", "rate"),
    [((320, 180), 1.0, 24), ((180, 320), 0.7, 30), ((854, 480), 0.5, 60), ((16, 16), 0.5, 24)],
)
def test_clip_is_what_was_asked(size: tuple[int, int], seconds: float, rate: int) -> None:
    """Codec, pixels, size, frame rate, length and number of frames are exact."""
    scene = video_scene(width=size[0], height=size[1], seconds=seconds, frames_per_second=rate)
    with av.open(io.BytesIO(render(scene)), "r") as clip:
        (stream,) = clip.streams
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert context.colorspace == Colorspace.ITU709
        assert (context.width, context.height) == size
        assert stream.average_rate == rate
        count = len(list(clip.decode(stream)))
        assert count == stream.frames == round(seconds * rate)
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base * rate == count


def test_index_comes_first() -> None:
    """A player can start before the whole file is there: `moov` stands before `mdat`."""
    data = render(video_scene(has_audio=True))
    boxes = []
    at = 0
    while at < len(data):
        boxes.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4])
    assert at == len(data)
    assert boxes.index(b"moov") < boxes.index(b"mdat")


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (320, 180)])
@pytest.mark.parametrize("has_input", [False, True])
def test_no_two_frames_in_a_row_are_equal(size: tuple[int, int], has_input: bool) -> None:
    """Every decoded frame differs from the one before, even from an input of one colour."""
    flat = encoded(photo(8, 8).resize((1, 1)))
    scene = video_scene(
        width=size[0], height=size[1], seconds=4.0, inputs=(flat,) if has_input else ()
    )
    shown = [frame.tobytes() for frame in frames(render(scene))]
    assert len(shown) == 96
    assert all(one != two for one, two in itertools.pairwise(shown))


def test_prompts_differ_in_most_pixels() -> None:
    """Two prompts give clips of which more than half the pixels differ, at any moment."""
    one, two = (frames(render(video_scene(prompt=(word,)))) for word in ("a boat", "a fox"))
    assert min(different(a, b, more_than=4) for a, b in zip(one, two, strict=True)) > 0.5


def test_segments_have_their_own_look() -> None:
    """Each segment of a long video differs from its neighbours in most pixels, half by half."""
    shown = frames(render(video_scene(prompt=("wakes", "runs", "sleeps"), seconds=1.5)))
    assert len(shown) == 36
    for boundary in (12, 24):
        assert different(shown[boundary - 1], shown[boundary], more_than=8) > 0.5
        assert different(shown[boundary], shown[boundary + 1], more_than=8) < 0.35


def test_input_is_seen_moved_and_tinted() -> None:
    """The clip begins with the input image, which then moves and takes on colour."""
    given = photo(480, 270)
    scene = video_scene(width=480, height=270, seconds=1.0, inputs=(encoded(given),))
    shown = frames(render(scene))
    middle = (0, 54, 480, 180)
    assert correlation(shown[0].crop(middle), given.crop(middle)) > 0.8
    assert min(correlation(frame.crop(middle), given.crop(middle)) for frame in shown) > 0.5
    assert different(shown[0], shown[12], more_than=4) > 0.5


def test_first_and_last_image_open_and_close_the_clip() -> None:
    """With two input images the clip goes from the first to the second."""
    first, last = photo(480, 270, 1), photo(480, 270, 2)
    scene = video_scene(width=480, height=270, seconds=1.0, inputs=(encoded(first), encoded(last)))
    shown = frames(render(scene))
    middle = (160, 54, 480, 180)
    assert correlation(shown[0].crop(middle), first.crop(middle)) > 0.8
    assert correlation(shown[-1].crop(middle), last.crop(middle)) > 0.8
    assert correlation(shown[-1].crop(middle), first.crop(middle)) < 0.5


def test_unreadable_input_gives_a_clip_all_the_same() -> None:
    """A clip from an input that cannot be read shows a placeholder in every frame."""
    assert len(frames(render(video_scene(inputs=(b"nothing",))))) == 12
