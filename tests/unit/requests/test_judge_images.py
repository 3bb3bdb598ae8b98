"""Images against a model's limits, by their bytes."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rushes.catalog import load
from rushes.catalog.schema import MediaLimits, Param
from rushes.requests import judge

CATALOG = load()


def media(model: str, name: str = "image") -> Param:
    param = CATALOG.model(model).param(name)
    assert param is not None
    return param


KLING = media("mediaio/kling-3.0", "image")
WAN = media("mediaio/wan-2.6-image-to-video", "image")
NANO = media("mediaio/nano-banana", "images")
FREE = media("aivideomaker/i2v", "image")


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, kind)
    return out.getvalue()


def heic(*sizes: tuple[int, int]) -> bytes:
    """Build the boxes of a HEIC file that say its size, without a picture in it."""
    spatial = b"".join(
        struct.pack(">I4sIII", 20, b"ispe", 0, width, height) for width, height in sizes
    )
    return (
        struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"heic", 0, b"mif1", b"heic")
        + struct.pack(">I4s", 8 + len(spatial), b"meta")
        + spatial
    )


def claimed(width: int, height: int) -> bytes:
    """Build a PNG that claims a size and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PNG", "png"),
        ("JPEG", "jpeg"),
        ("WEBP", "webp"),
        ("GIF", "gif"),
        ("BMP", "bmp"),
        ("MPO", "jpeg"),
        ("TIFF", "tiff"),
    ],
)
def test_a_format_is_known_by_content(kind: str, name: str) -> None:
    """Format, size and length are read from the bytes."""
    data = picture(400, 300, kind)
    facts, problems = judge(FREE, data)
    assert problems == ()
    assert facts is not None
    assert (facts.kind, facts.format, facts.media_type) == ("image", name, f"image/{name}")
    assert (facts.width, facts.height, facts.bytes) == (400, 300, len(data))


@pytest.mark.parametrize(
    ("param", "data", "said", "value", "allowed"),
    [
        (KLING, picture(299, 300), "at least 300x300", "299x300", "at least 300x300 pixels"),
        (KLING, picture(300, 299), "at least 300x300", "300x299", "at least 300x300 pixels"),
        (KLING, picture(4001, 4000), "at most 4000x4000", "4001x4000", "at most 4000x4000 pixels"),
        (KLING, picture(751, 300), "from 0.4:1 to 2.5:1", "751x300", "from 0.4:1 to 2.5:1"),
        (KLING, picture(300, 751), "from 0.4:1 to 2.5:1", "300x751", "from 0.4:1 to 2.5:1"),
        (
            KLING,
            picture(400, 400, "BMP"),
            "is bmp, not gif, heic, jpeg, png or webp",
            "bmp",
            "heic",
        ),
        (WAN, picture(400, 400, "GIF"), "is gif", "gif", "bmp"),
    ],
)
def test_what_does_not_fit_is_a_problem_with_limit_and_value(
    param: Param, data: bytes, said: str, value: str, allowed: str
) -> None:
    """The message says both, and the facts are there all the same."""
    facts, (problem,) = judge(param, data)
    assert facts is not None
    assert said in problem.message
    assert problem.value == value
    assert allowed in problem.allowed
    assert problem.code == "INVALID_MEDIA"
    assert problem.parameter == "image"


@pytest.mark.parametrize("size", [(300, 300), (750, 300), (300, 750), (4000, 4000), (4000, 1600)])
def test_the_limits_themselves_fit(size: tuple[int, int]) -> None:
    """Every limit is inclusive."""
    assert judge(KLING, picture(*size))[1] == ()


def test_all_problems_of_a_file_are_said() -> None:
    """Format, size and shape in one answer; the model's limits stand in the message."""
    _, problems = judge(NANO, picture(100, 1300, "GIF"), index=2, full_id="mediaio/nano-banana")
    assert len(problems) == 4
    assert {problem.parameter for problem in problems} == {"images[2]"}
    assert all("mediaio/nano-banana takes: PNG or JPEG" in each.message for each in problems)


def test_jpg_is_jpeg() -> None:
    """A limit that says jpg alone takes what is called jpeg."""
    limits = MediaLimits(kind="image", formats=("jpg",))
    param = Param(name="image", wire="image", kind="media", form="string", media=limits)
    assert judge(param, picture(8, 8, "JPEG"))[1] == ()
    assert judge(param, picture(8, 8))[1] != ()


def test_a_megabyte_is_a_million_bytes() -> None:
    """The stricter reading holds, to the byte, and too large a file is not unpacked."""
    limits = MediaLimits(kind="image", max_megabytes=0.01)
    param = Param(name="image", wire="image", kind="media", form="string", media=limits)
    data = picture(20, 20, "BMP")
    fits = data + bytes(10_000 - len(data))
    assert judge(param, fits)[1] == ()
    facts, (problem,) = judge(param, fits + b"\0")
    assert facts is None
    assert "10,001 bytes, the limit is at most 0.01 MB" in problem.message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_truncated_image_is_damaged(kind: str) -> None:
    """It is decoded before anybody pays for it."""
    noisy = Image.effect_noise((300, 300), 80).convert("RGB")
    out = io.BytesIO()
    noisy.save(out, kind)
    facts, (problem,) = judge(FREE, out.getvalue()[: len(out.getvalue()) // 2])
    assert facts is None
    assert "damaged" in problem.message


@pytest.mark.parametrize("size", [(9_000, 9_000), (12_000, 12_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused(size: tuple[int, int]) -> None:
    """Whatever it claims, nothing of that size is unpacked."""
    facts, (problem,) = judge(FREE, claimed(*size))
    assert facts is None
    assert "64,000,000 pixels" in problem.message


@pytest.mark.parametrize(
    "data", [b"", b"x", b"hello", b"<svg></svg>", b"%!PS-Adobe-3.0 EPSF-3.0", b"#EXTM3U\n", b"\xff"]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    """Formats that could run or fetch something are not even opened."""
    facts, (problem,) = judge(KLING, data)
    assert facts is None
    assert problem.code == "INVALID_MEDIA"


def test_heic_is_known_by_its_brand_and_its_largest_size() -> None:
    """A tiled picture has the size of the whole and not of a tile."""
    facts, problems = judge(KLING, heic((512, 512), (4000, 3000), (512, 512)))
    assert problems == ()
    assert facts is not None
    assert (facts.format, facts.width, facts.height) == ("heic", 4000, 3000)
    _, (problem,) = judge(KLING, heic((4032, 3024)))
    assert "4032x3024" in problem.message
    _, (problem,) = judge(WAN, heic((1000, 1000)))
    assert "is heic" in problem.message


def test_a_heic_without_a_size_is_taken() -> None:
    """A limit on what nobody can read is not judged; a truncated file is refused."""
    facts, problems = judge(KLING, heic())
    assert problems == ()
    assert facts is not None
    assert facts.width is None
    facts, (problem,) = judge(KLING, heic((4000, 3000))[:-4])
    assert facts is None
    assert "damaged" in problem.message


@given(st.binary(max_size=200), st.sampled_from([b"", b"\0\0\0\x18ftypheic", b"RIFF\0\0\0\0WEBP"]))
def test_no_bytes_make_it_raise(data: bytes, head: bytes) -> None:
    """Whatever comes, there are facts or problems."""
    facts, problems = judge(FREE, head + data)
    assert facts is not None or problems


def test_only_media_are_judged() -> None:
    """A parameter that is no media input is a fault of the caller."""
    prompt = CATALOG.model("mediaio/kling-3.0").param("prompt")
    assert prompt is not None
    with pytest.raises(ValueError, match="prompt is no media input"):
        judge(prompt, b"x")
