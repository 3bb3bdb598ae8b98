"""Videos and sounds against a model's limits, by their bytes."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rushes.catalog import load
from rushes.catalog.schema import Param
from rushes.requests import facts as facts_module
from rushes.requests import judge

CATALOG = load()


def media(model: str, name: str) -> Param:
    param = CATALOG.model(model).param(name)
    assert param is not None
    return param


MOTION = media("mediaio/motion-control-kling-2.6", "video")
VIDEO = media("aivideomaker/seedance20", "video")
AUDIO = media("aivideomaker/seedance20", "audio")
IMAGE = media("aivideomaker/i2v", "image")


def clip(
    kind: str = "mp4",
    *,
    size: tuple[int, int] = (64, 48),
    rate: int | Fraction = 24,
    frames: int = 12,
    codec: str = "mpeg4",
    sound: bool = False,
) -> bytes:
    out = io.BytesIO()
    container: Any
    with av.open(out, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        voice = container.add_stream("aac", rate=44100) if sound else None
        frame: Any = av.VideoFrame(*size, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([90]) * plane.buffer_size)
        for number in range(frames):
            frame.pts = number
            frame.time_base = 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None:
            container.mux(voice.encode(silence(1024)))
            container.mux(voice.encode(None))
    return out.getvalue()


def silence(samples: int, form: str = "fltp", *, rate: int = 44100) -> av.AudioFrame:
    frame = av.AudioFrame(format=form, layout="mono", samples=samples)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate = rate
    return frame


def song(kind: str, codec: str, form: str, *, seconds: int = 1) -> bytes:
    out = io.BytesIO()
    container: Any
    rate = 48000 if codec == "libopus" else 44100
    with av.open(out, "w", format=kind) as container:
        voice = container.add_stream(codec, rate=rate)
        size = voice.frame_size or 1024
        for _ in range(seconds * rate // size):
            container.mux(voice.encode(silence(size, form, rate=rate)))
        container.mux(voice.encode(None))
    return out.getvalue()


@pytest.fixture(scope="module")
def walk() -> bytes:
    """A clip that Motion Control takes: 720x720, three seconds, 24 frames a second."""
    return clip(size=(720, 720), frames=72, sound=True)


def test_a_clip_that_fits(walk: bytes) -> None:
    """Container, size, length, rate and sound are read from the bytes."""
    facts, problems = judge(MOTION, walk)
    assert problems == ()
    assert facts is not None
    assert (facts.kind, facts.format, facts.media_type) == ("video", "mp4", "video/mp4")
    assert (facts.width, facts.height) == (720, 720)
    assert (facts.seconds, facts.frames_per_second, facts.has_audio) == (3.0, 24.0, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frames": 71}, "has 2.958 seconds, the limit is from 3 to 30 seconds"),
        ({"frames": 721}, "has 30.042 seconds, the limit is from 3 to 30 seconds"),
        ({"rate": 23, "frames": 69}, "has 23 frames a second, the limit is from 24 to 60"),
        ({"rate": 61, "frames": 183}, "has 61 frames a second, the limit is from 24 to 60"),
        ({"frames": 72}, "64x48 pixels, the limit is at least 720x720"),
        ({"kind": "matroska"}, "is mkv, not mov or mp4"),
        ({"kind": "webm", "codec": "libvpx"}, "is webm, not mov or mp4"),
        ({"kind": "avi"}, "is avi, not mov or mp4"),
    ],
)
def test_a_clip_that_does_not_fit(changes: dict[str, Any], said: str) -> None:
    """The message says limit and value."""
    facts, problems = judge(MOTION, clip(**changes))
    assert facts is not None
    assert any(said in problem.message for problem in problems), problems


@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_mp4_and_mov_are_told_apart(kind: str) -> None:
    """One reader opens both; the brand in the bytes decides."""
    facts, _ = judge(VIDEO, clip(kind))
    assert facts is not None
    assert facts.format == kind
    assert facts.has_audio is False


def test_a_truncated_clip_is_damaged(walk: bytes) -> None:
    """A file that stops in the middle is refused, with its index at the end or in front."""
    facts, (problem,) = judge(VIDEO, walk[: len(walk) // 2])
    assert facts is None
    assert "damaged" in problem.message


def test_a_clip_without_frames_is_refused() -> None:
    """Boxes that say `video` without one picture are no video."""
    facts, (problem,) = judge(VIDEO, b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov")
    assert facts is None
    assert problem.code == "INVALID_MEDIA"


@pytest.mark.parametrize(
    ("kind", "codec", "form", "name", "media_type"),
    [
        ("mp3", "libmp3lame", "s16p", "mp3", "audio/mpeg"),
        ("wav", "pcm_s16le", "s16", "wav", "audio/wav"),
        ("flac", "flac", "s16", "flac", "audio/flac"),
        ("adts", "aac", "fltp", "aac", "audio/aac"),
        ("ipod", "aac", "fltp", "m4a", "audio/mp4"),
        ("ogg", "libopus", "s16", "ogg", "audio/ogg"),
    ],
)
def test_sounds_are_known_by_content(
    kind: str, codec: str, form: str, name: str, media_type: str
) -> None:
    """Format and length are read, and a sound fits where a sound is wanted."""
    facts, problems = judge(AUDIO, song(kind, codec, form))
    assert problems == ()
    assert facts is not None
    assert (facts.kind, facts.format, facts.media_type) == ("audio", name, media_type)
    assert facts.seconds == pytest.approx(1, abs=0.1)
    assert (facts.width, facts.frames_per_second, facts.has_audio) == (None, None, True)


def test_one_kind_is_not_another() -> None:
    """Picture, clip and sound are refused in each other's place."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    moving, sound = clip(), song("wav", "pcm_s16le", "s16")
    for param, data, said in (
        (VIDEO, out.getvalue(), "is an image (png), not video"),
        (VIDEO, sound, "is an audio (wav), not video"),
        (AUDIO, moving, "is a video (mp4), not audio"),
        (IMAGE, moving, "is a video (mp4), not image"),
    ):
        facts, (problem,) = judge(param, data)
        assert facts is not None
        assert said in problem.message


def test_a_playlist_that_calls_itself_a_video_is_not_opened(tmp_path: Path) -> None:
    """A list of other files is text, whatever it would make a player fetch."""
    other = tmp_path / "secret.mp4"
    other.write_bytes(clip())
    for text in (f"#EXTM3U\n#EXTINF:1,\n{other}\n", f"ffconcat version 1.0\nfile {other}\n"):
        facts, (problem,) = judge(VIDEO, text.encode())
        assert facts is None
        assert "no image, video or sound" in problem.message


def test_a_file_beyond_our_own_bound_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a model has no limit, Rushes has one, and says that it is its own."""
    monkeypatch.setattr(facts_module, "MAX_BYTES", 1_000)
    facts, (problem,) = judge(VIDEO, clip())
    assert facts is None
    assert "Rushes looks at files up to 1,000 bytes" in problem.message


HEADS = [b"\0\0\0\x18ftypisom", b"\x1aE\xdf\xa3", b"RIFF\0\0\0\0AVI ", b"OggS", b"ID3", b"\xff\xfb"]


@given(st.sampled_from(HEADS), st.binary(max_size=200))
def test_no_bytes_make_it_raise(head: bytes, data: bytes) -> None:
    """Whatever follows a known beginning, there are facts or problems."""
    facts, problems = judge(VIDEO, head + data)
    assert facts is not None or problems
