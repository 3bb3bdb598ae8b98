import subprocess
import sys

import pytest

from rushes.sandbox.render import Scene, media_type

from .looking import image_scene, video_scene


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"width": 321}, "even"),
        ({"height": 181}, "even"),
        ({"width": 14}, "16 to 8192"),
        ({"height": 8194}, "16 to 8192"),
        ({"seconds": 0.0}, "at least one frame"),
        ({"seconds": -1.0}, "at least one frame"),
        ({"seconds": float("inf")}, "at least one frame"),
        ({"frames_per_second": 23}, "24 to 120"),
    ],
)
def test_impossible_clip_is_refused(changes: dict[str, float], word: str) -> None:
    """A clip that cannot be rendered as asked is an error that names the value and the limit."""
    with pytest.raises(ValueError, match=word) as caught:
        video_scene(**changes)
    assert next(iter(changes)) in str(caught.value) or "size" in str(caught.value)


@pytest.mark.parametrize("side", [0, 8193])
def test_impossible_picture_is_refused(side: int) -> None:
    """A picture without pixels or beyond the largest side is refused."""
    with pytest.raises(ValueError, match="1 to 8192"):
        image_scene(width=side)


@pytest.mark.parametrize(("seconds", "rate", "count"), [(5.0, 24, 120), (1.1, 30, 33)])
def test_frame_count_is_seconds_times_rate(seconds: float, rate: int, count: int) -> None:
    """The frame count is the exact product even where binary fractions fall short."""
    assert video_scene(seconds=seconds, frames_per_second=rate).frame_count == count


def test_media_type_says_what_is_made() -> None:
    """The media type of a scene is known without rendering it."""
    scenes: tuple[Scene, ...] = (image_scene(), video_scene())
    assert [media_type(scene) for scene in scenes] == ["image/png", "video/mp4"]


def test_importing_is_light() -> None:
    """Importing the package loads neither Pillow nor PyAV."""
    code = (
        "import sys, rushes.sandbox.render\n"
        "print([name for name in ('PIL', 'av', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
