import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rushes.sandbox.render import render
from rushes.sandbox.render.inputs import MAX_INPUTS, MAX_STILLS, read_inputs

from .looking import correlation, encoded, frames, image_scene, photo, picture, video_scene

SIZE = (160, 90)


def _png_that_claims(width: int, height: int) -> bytes:
    """Return a small PNG file whose header promises so many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        length, check = struct.pack(">I", len(body)), struct.pack(">I", zlib.crc32(kind + body))
        return length + kind + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def _problem(data: bytes) -> str | None:
    (source,) = read_inputs((data,), SIZE)
    assert source.stills
    return source.problem


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        encoded(photo(50, 50))[:200],
        b"\x00\x00\x00\x18ftypisom" + bytes(64),
        b"\x1a\x45\xdf\xa3" + bytes(64),
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
    ],
)
def test_unreadable_input_becomes_a_placeholder(data: bytes) -> None:
    """What is no image or video, or is damaged, is drawn as a card that says so."""
    assert _problem(data) == "input 1: not readable as an image or video"
    assert picture(image_scene(inputs=(data,))).size == (320, 180)


@pytest.mark.parametrize("size", [(9000, 9000), (20000, 20000), (2**31 - 1, 2**31 - 1)])
def test_bomb_is_not_decoded(size: tuple[int, int]) -> None:
    """An image that promises too many pixels becomes a placeholder before it is decoded."""
    assert _problem(_png_that_claims(*size)) is not None


def test_too_many_pixels_are_named() -> None:
    """The placeholder of a readable but too large image names its size."""
    wide = Image.new("1", (60_000, 900))
    assert _problem(encoded(wide)) == "input 1: 60000x900 is too large to show"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"]))
def test_any_bytes_are_survived(data: bytes, start: bytes) -> None:
    """No bytes make reading raise."""
    assert len(read_inputs((start + data,), SIZE)) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_common_formats_are_read(kind: str) -> None:
    """An image of any common format is shown as it is."""
    image = photo(160, 90)
    (source,) = read_inputs((encoded(image, kind),), SIZE)
    assert source.problem is None
    assert correlation(source.stills[0], image) > 0.95


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_pixel_mode_is_read(mode: str) -> None:
    """Grey, indexed, deep and transparent pictures are shown like any other."""
    image = Image.new("L", (40, 30), 200)
    data = encoded(image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode))
    assert _problem(data) is None


def test_camera_orientation_is_honoured() -> None:
    """A photo stored on its side is shown upright."""
    upright = photo(120, 200)
    exif = Image.Exif()
    exif[0x0112] = 6
    output = io.BytesIO()
    upright.rotate(90, expand=True).save(output, "JPEG", exif=exif, quality=90)
    (source,) = read_inputs((output.getvalue(),), (120, 200))
    assert source.stills[0].size == (120, 200)
    assert correlation(source.stills[0], upright) > 0.95


def test_video_input_gives_several_moments() -> None:
    """A video among the inputs is shown by some of its frames, in order."""
    data = render(video_scene(seconds=1.0))
    (source,) = read_inputs((data,), (320, 180))
    assert source.problem is None
    assert len(source.stills) == MAX_STILLS
    shown = frames(data)
    assert correlation(source.stills[0], shown[0]) > 0.99
    assert source.stills[0].tobytes() != source.stills[-1].tobytes()


def test_sound_is_named_as_such() -> None:
    """An input that is only sound is a placeholder with its length."""
    rate, size = 8000, 16000
    body = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, rate, size, 2, 16, b"data", size)
    wave = struct.pack("<4sI4s", b"RIFF", 4 + len(body) + size, b"WAVE") + body + bytes(size)
    assert _problem(wave) == "input 1: sound, 1.0 s"


def test_number_of_inputs_is_bounded() -> None:
    """More inputs than can be drawn are left out, and the rest is drawn."""
    data = encoded(photo(20, 20))
    assert len(read_inputs((data,) * (MAX_INPUTS + 5), SIZE)) == MAX_INPUTS
    assert picture(image_scene(inputs=(data,) * (MAX_INPUTS + 5))).size == (320, 180)
