"""Canonical values onto the wire, and back."""

from typing import Any

import pytest

from rushes.catalog import load
from rushes.requests import check, from_wire, to_wire

CATALOG = load()
MODELS = CATALOG.models()
URL = "https://example.com/a.png"
DATA = "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize(
    ("model", "given", "wire"),
    [
        (
            "mediaio/imagen-4",
            {"prompt": "a boat", "count": 2},
            {"prompt": "a boat", "ratio": "9:16", "counts": "2"},
        ),
        (
            "mediaio/wan-2.6-image-to-video",
            {"image": URL, "prompt": "a boat", "duration": 10, "generate_audio": False},
            {
                "image": URL,
                "prompt": "a boat",
                "resolution": "720P",
                "duration": "10s",
                "shot_type": "Multi",
                "generate_audio": "False",
            },
        ),
        (
            "mediaio/wan-2.6-text-to-video",
            {"prompt": "a boat", "aspect_ratio": "1:1", "shot_type": "single"},
            {
                "prompt": "a boat",
                "size": "1:1",
                "duration": "5s",
                "shot_type": "Single",
                "generate_audio": "True",
            },
        ),
        (
            "mediaio/nano-banana-pro",
            {"images": URL, "prompt": "a boat", "resolution": "4k"},
            {"images": [URL], "prompt": "a boat", "ratio": "16:9", "resolution": "4K"},
        ),
        (
            "aivideomaker/t2v-v3",
            {"prompt": "a boat", "aspect_ratio": "9:16", "duration": 20},
            {"prompt": "a boat", "aspectRatio": "9:16", "duration": "20"},
        ),
        (
            "aivideomaker/lv",
            {"image": DATA, "prompt": "a boat"},
            {"image": DATA, "prompt": ["a boat"]},
        ),
        (
            "aivideomaker/minimax",
            {"prompt": "a boat", "reference_images": [URL], "duration": 7},
            {
                "content": "a boat",
                "referenceImageUrls": [URL],
                "aspectRatio": "16:9",
                "duration": 7,
                "resolution": "720p",
                "tier": "turbo",
            },
        ),
        (
            "aivideomaker/seedance20",
            {"prompt": "a boat", "duration": 5, "resolution": "480p", "aspect_ratio": "1:1"},
            {"prompt": "a boat", "duration": 5, "resolution": 480, "ratio": "1:1"},
        ),
        (
            "aivideomaker/wan27",
            {"prompt": "a", "duration": 5, "resolution": "1080p", "aspect_ratio": "4:3"},
            {
                "prompt": "a",
                "duration": "5",
                "resolution": "1080P",
                "ratio": "4:3",
                "promptExtend": False,
            },
        ),
        (
            "aivideomaker/happyhorse",
            {"prompt": "a", "image": URL, "duration": 3, "resolution": "720p"},
            {"prompt": "a", "image": URL, "duration": 3, "resolution": "720P"},
        ),
        (
            "aivideomaker/happyhorse",
            {"prompt": "a", "reference_images": [URL, DATA], "duration": 3, "resolution": "720p"},
            {
                "prompt": "a",
                "image": [URL, DATA],
                "duration": 3,
                "resolution": "720P",
                "ratio": "16:9",
            },
        ),
    ],
)
def test_canonical_in_exact_wire_out(
    model: str, given: dict[str, Any], wire: dict[str, Any]
) -> None:
    """Every form of the catalog, with types, order and defaults."""
    found = CATALOG.model(model)
    checked = check(found, given)
    assert checked.problems == ()
    sent = to_wire(found, checked.values)
    assert list(sent.items()) == list(wire.items())
    assert [type(value) for value in sent.values()] == [type(value) for value in wire.values()]
    assert from_wire(found, sent) == checked.values


@pytest.mark.parametrize("value", ["cat.png", b"\x89PNG", ["https://example.com/a.png"]])
def test_media_must_be_links_before_they_go_out(value: Any) -> None:
    """A path or bytes reaching the wire is a fault of ours, and said so."""
    with pytest.raises(ValueError, match="image is not yet a URL"):
        to_wire(CATALOG.model("aivideomaker/i2v"), {"image": value})


def test_a_name_that_is_not_canonical_is_refused() -> None:
    """Nothing is dropped on the way to the wire."""
    with pytest.raises(ValueError, match="has no parameter ratio"):
        to_wire(CATALOG.model("mediaio/imagen-4"), {"ratio": "1:1"})


def test_reading_the_wire_is_lenient() -> None:
    """Unknown names and values stay, null goes, the order is the catalog's."""
    model = CATALOG.model("aivideomaker/minimax")
    found = from_wire(
        model,
        {"new": 1, "duration": "99", "content": "a boat", "imageUrl": None, "tier": ["?"]},
    )
    assert list(found.items()) == [
        ("prompt", "a boat"),
        ("duration", "99"),
        ("tier", ["?"]),
        ("new", 1),
    ]


def test_a_canonical_name_on_the_wire_is_no_wire_name() -> None:
    """It is kept as an unknown one, and never takes the place of the real one."""
    model = CATALOG.model("aivideomaker/minimax")
    assert from_wire(model, {"image": URL, "imageUrl": URL}) == {"image": URL}
    assert from_wire(model, {"aspect_ratio": "x"}) == {"aspect_ratio": "x"}
