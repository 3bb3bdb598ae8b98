"""The sandbox's own reading of the wire, and what no body can do to it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.catalog import load
from rushes.catalog.schema import Model
from rushes.providers.strict import Checker, price, seconds_of
from rushes.providers.world import Rules

MODELS = load().models()
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def _always(_: str) -> bool:
    return True


def _wires(model: Model) -> list[str]:
    return sorted({param.wire for param in model.params})


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_body_breaks_it(data: st.DataObject) -> None:
    """Whatever a body holds, it is judged; what passes has a price and a length."""
    model = data.draw(st.sampled_from(MODELS))
    names = st.sampled_from([*_wires(model), "other"])
    near = st.sampled_from(["5", "5s", 5, "16:9", "720P", "720p", 720, "True", True, "https://a/b"])
    body = data.draw(st.dictionaries(names, ANY | near | st.lists(near, max_size=3)) | ANY)
    verdict = Checker(model).check(body, _always)
    if not verdict.problem:
        assert price(model, verdict.values, Rules()) >= 0
        assert seconds_of(model, verdict.values) > 0


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/a.png",
        "http://127.0.0.1:80/a",
        "HTTPS://EXAMPLE.COM/a",
    ],
)
def test_links_that_are_taken(link: str) -> None:
    """An absolute http(s) link is taken as it is."""
    model = load().model("mediaio/kling-2.6")
    assert Checker(model).check({"prompt": "a", "image": link}, _always).problem == ""


@pytest.mark.parametrize(
    "link",
    [
        "ftp://example.com/a",
        "//example.com/a",
        "https:///a",
        "https://exa mple.com/a",
        "https://example.com/\\a",
        "https://[::1/a",
        "https://example.com:99999/a",
        "https://example.com/" + "a" * 9000,
        "javascript:alert(1)",
        "DATA:image/png;base64,aGVsbG8=",
    ],
)
def test_links_that_are_refused(link: str) -> None:
    """Anything else is not."""
    model = load().model("mediaio/kling-2.6")
    assert "image" in Checker(model).check({"prompt": "a", "image": link}, _always).problem


def test_media_that_is_not_there_is_refused() -> None:
    """The world is asked whether a link leads anywhere."""
    model = load().model("mediaio/kling-2.6")
    asked: list[str] = []

    def never(link: str) -> bool:
        asked.append(link)
        return False

    link = "https://example.com/a.png"
    assert "downloaded" in Checker(model).check({"prompt": "a", "image": link}, never).problem
    assert asked == [link]


def test_values_have_our_names_and_forms() -> None:
    """What is read is canonical, with the defaults that the provider fills in."""
    model = load().model("mediaio/kling-3.0")
    body = {"prompt": "a", "image": "https://a/b", "duration": "8s", "multi_shots": "False"}
    values: dict[str, Any] = Checker(model).check(body, _always).values
    assert values == {
        "prompt": "a",
        "image": "https://a/b",
        "duration": 8,
        "multi_shots": False,
        "resolution": "1080p",
        "generate_audio": True,
    }


def test_one_wire_name_for_one_and_several() -> None:
    """A list of one is the one image, a longer one the references."""
    model = load().model("aivideomaker/happyhorse")
    base = {"prompt": "a", "duration": 3, "resolution": "720P"}
    for image, name, value in [
        ("https://a/b", "image", "https://a/b"),
        (["https://a/b"], "image", "https://a/b"),
        (["https://a/b", "https://a/c"], "reference_images", ["https://a/b", "https://a/c"]),
    ]:
        verdict = Checker(model).check(base | {"image": image}, _always)
        assert (verdict.problem, verdict.values[name]) == ("", value)
