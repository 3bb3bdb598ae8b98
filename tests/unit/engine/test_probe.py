import contextlib
import io
import random
import struct
import zlib
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rushes.engine.probe import Facts, probe
from rushes.errors import OutputInvalid


def noise(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("RGB", size, chance.randbytes(size[0] * size[1] * 3))


def picture(kind: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    noise(random.Random(1), size).save(buffer, kind)
    return buffer.getvalue()


def _frame(image: Image.Image) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
    return frame


def clip(*, frames: int = 24, sound: bool = False) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.gop_size = 6
        audio = file.add_stream("aac", rate=48000) if sound else None
        chance = random.Random(1)
        for _ in range(frames):
            file.mux(stream.encode(_frame(noise(chance, (64, 48)))))
        file.mux(stream.encode())
        if audio is not None:
            tone = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            tone.planes[0].update(bytes(tone.planes[0].buffer_size))
            tone.sample_rate = 48000
            file.mux(audio.encode(tone))
            file.mux(audio.encode())
    return buffer.getvalue()


def look(folder: Path, data: bytes, name: str = "any.part") -> Facts:
    path = folder / name
    path.write_bytes(data)
    return probe(path)


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_a_good_picture_is_known_by_its_content(tmp_path: Path, kind: str, media_type: str) -> None:
    """Whatever its name: type and size."""
    facts = look(tmp_path, picture(kind), "liar.mp4")
    assert (facts.media_type, facts.width, facts.height) == (media_type, 64, 48)
    assert (facts.seconds, facts.has_audio) == (None, None)


@pytest.mark.parametrize("sound", [True, False])
def test_a_good_clip_is_known_with_its_facts(tmp_path: Path, sound: bool) -> None:
    facts = look(tmp_path, clip(sound=sound))
    assert (facts.media_type, facts.width, facts.height) == ("video/mp4", 64, 48)
    assert facts.seconds == pytest.approx(1.0, abs=0.1)
    assert (facts.frames_per_second, facts.has_audio) == (24.0, sound)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_picture_is_none(tmp_path: Path, kind: str, share: float) -> None:
    data = picture(kind)
    with pytest.raises(OutputInvalid):
        look(tmp_path, data[: int(len(data) * share)])


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_half_a_clip_is_none(tmp_path: Path, share: float) -> None:
    data = clip()
    with pytest.raises(OutputInvalid):
        look(tmp_path, data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><title>Sign in</title>",
        b"  \n<html>",
        b'{"error": "expired"}',
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        b"\x00" * 5000,
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        b"\x00\x00\x00\x20ftypisom" + b"\x00" * 100,
    ],
    ids=repr,
)
def test_what_is_no_picture_or_clip_is_refused(tmp_path: Path, data: bytes) -> None:
    """Pages, messages, other files, and heads without a body."""
    with pytest.raises(OutputInvalid):
        look(tmp_path, data)


def test_a_clip_whose_end_is_spoilt_is_refused(tmp_path: Path) -> None:
    """The right length with foreign bytes in its last third."""
    data = bytearray(clip(frames=48))
    start = data.index(b"mdat")
    for place in range(start + 4, len(data) - 1200):
        if place > len(data) * 0.6:
            data[place] ^= 0x5A
    with pytest.raises(OutputInvalid):
        look(tmp_path, bytes(data))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """It says 60,000 x 60,000 and is small on disk; nothing of it is decoded."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    bomb += chunk(b"IDAT", zlib.compress(b"\x00" * 1_000_000)) + chunk(b"IEND", b"")
    with pytest.raises(OutputInvalid, match="pixels"):
        look(tmp_path, bomb)


_CLIP = clip()
_PICTURE = picture("PNG")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([_CLIP, _PICTURE]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=20),
)
def test_no_spoilt_file_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, changes: list[tuple[float, int]]
) -> None:
    """It is good, or OutputInvalid; nothing foreign comes out."""
    spoilt = bytearray(data)
    for place, value in changes:
        spoilt[int(place * len(spoilt))] = value
    with contextlib.suppress(OutputInvalid):
        look(tmp_path_factory.getbasetemp(), bytes(spoilt), "spoilt.part")
