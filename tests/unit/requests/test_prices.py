"""Prices by the catalog's table."""

from typing import Any

import msgspec
import pytest

from rushes.catalog import load
from rushes.catalog.schema import Model, Price
from rushes.requests import check, price

CATALOG = load()
T2V = CATALOG.model("aivideomaker/t2v")
URL = "https://example.com/a.png"


@pytest.mark.parametrize(
    ("model", "given", "cost"),
    [
        ("t2v", {"prompt": "a", "aspect_ratio": "1:1", "duration": 5}, 15),
        ("t2v", {"prompt": "a", "aspect_ratio": "1:1", "duration": "8"}, 24),
        ("i2v", {"image": URL, "duration": 5}, 15),
        ("i2v", {"image": URL, "duration": 8}, 24),
        ("lv", {"image": URL, "prompt": "a"}, 75),
        ("lv", {"image": URL, "prompt": ["a"] * 6}, 450),
        ("t2v-v3", {"prompt": "a", "aspect_ratio": "1:1", "duration": 20}, 80),
        ("i2v-v3", {"image": URL, "duration": 5}, 20),
        ("minimax", {"prompt": "a"}, 15),
        ("minimax", {"prompt": "a", "duration": 6, "resolution": "1080p"}, 24),
        ("minimax", {"prompt": "a", "duration": 6, "tier": "base"}, 24),
        ("minimax", {"prompt": "a", "duration": 20, "resolution": "1080p", "tier": "base"}, 100),
        ("wan27", {"prompt": "a", "duration": 5, "resolution": 720, "ratio": "1:1"}, 50),
        ("wan27", {"prompt": "a", "duration": 15, "resolution": "1080P", "ratio": "1:1"}, 225),
        ("happyhorse", {"prompt": "a", "duration": 3, "resolution": "720p"}, 75),
        ("happyhorse", {"prompt": "a", "duration": 15, "resolution": "1080p"}, 750),
        ("seedance20", {"prompt": "a", "duration": 5, "resolution": 480, "ratio": "1:1"}, None),
    ],
)
def test_the_price_of_every_model_of_aivideomaker(
    model: str, given: dict[str, Any], cost: Any
) -> None:
    """The table as published, by seconds, segments, resolution and tier."""
    found = CATALOG.model(f"aivideomaker/{model}")
    checked = check(found, given)
    assert checked.problems == ()
    assert price(found, checked.values) == cost


@pytest.mark.parametrize("model", CATALOG.models(provider="mediaio"), ids=lambda model: model.id)
def test_mediaio_publishes_no_price(model: Model) -> None:
    """None means that nobody knows, which is not 0."""
    assert price(model, {"duration": 5, "prompt": "a"}) is None


@pytest.mark.parametrize(
    ("rate", "seconds", "cost"), [(1.1, 10, 11), (0.1, 3, 1), (0.3, 10, 3), (1.21, 5, 7)]
)
def test_credits_are_rounded_up_once_and_exactly(rate: float, seconds: int, cost: int) -> None:
    """Decimal fractions do not push a whole price one up."""
    own = Price(per="second", rate=rate, as_of="2026-11", source="user")
    model = msgspec.structs.replace(T2V, prices=(own,))
    assert price(model, {"duration": seconds}) == cost


def test_a_price_for_each_generation() -> None:
    """It needs no value at all."""
    own = Price(per="generation", rate=9, as_of="2026-11", source="user")
    assert price(msgspec.structs.replace(T2V, prices=(own,)), {}) == 9


def test_a_missing_value_makes_no_price() -> None:
    """Without duration or resolution nothing can be said."""
    assert price(T2V, {}) is None
    assert price(CATALOG.model("aivideomaker/wan27"), {"duration": 5}) is None
    assert price(CATALOG.model("aivideomaker/lv"), {}) is None
