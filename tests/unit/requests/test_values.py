"""The forms in which a value may be given."""

from pathlib import Path
from typing import Any

import pytest

from rushes.catalog import load
from rushes.catalog.schema import Model
from rushes.errors import Problem
from rushes.requests import check

CATALOG = load()
WAN = CATALOG.model("mediaio/wan-2.6-image-to-video")
VEO = CATALOG.model("mediaio/google-veo-3.1")
IMAGEN = CATALOG.model("mediaio/imagen-4")
T2V = CATALOG.model("aivideomaker/t2v")
LV = CATALOG.model("aivideomaker/lv")
MINIMAX = CATALOG.model("aivideomaker/minimax")
SEEDANCE = CATALOG.model("aivideomaker/seedance20")
WAN27 = CATALOG.model("aivideomaker/wan27")
HORSE = CATALOG.model("aivideomaker/happyhorse")
URL = "https://example.com/a.png"


def value_of(model: Model, name: str, value: Any) -> Any:
    """Check one parameter alone; the problems of others do not matter here."""
    checked = check(model, {name: value}, CATALOG)
    assert not [each for each in checked.problems if each.parameter.startswith(name)]
    return checked.values


def problem_of(model: Model, name: str, value: Any) -> Problem:
    checked = check(model, {name: value}, CATALOG)
    (problem,) = [each for each in checked.problems if each.parameter == name]
    assert problem.message.startswith((name, f"{name}["))
    return problem


@pytest.mark.parametrize("given", [5, 5.0, "5", "5.0", "5s", "5S", " 5 s "])
@pytest.mark.parametrize("model", [WAN, T2V, MINIMAX])
def test_a_duration_is_seconds_in_any_form(model: Model, given: Any) -> None:
    """Whatever the model's own form is, each way to write five seconds is read."""
    assert value_of(model, "duration", given)["duration"] == 5


@pytest.mark.parametrize(
    "given", [7, -5, "5m", "five", True, 5.5, "5.5", float("nan"), float("inf"), [5], {}, 10**30]
)
@pytest.mark.parametrize("model", [WAN, T2V])
def test_another_duration_is_refused_with_those_offered(model: Model, given: Any) -> None:
    """Nothing is rounded or clamped."""
    problem = problem_of(model, "duration", given)
    param = model.param("duration")
    assert param is not None
    assert problem.allowed == param.choices
    assert "seconds" in problem.message


@pytest.mark.parametrize("given", [4, 21, "4s", 5.5])
def test_a_duration_outside_a_range_is_refused(given: Any) -> None:
    """The limits are in the message and among the allowed values."""
    problem = problem_of(MINIMAX, "duration", given)
    assert "from 5 to 20 seconds" in problem.message
    assert problem.allowed == tuple(range(5, 21))


@pytest.mark.parametrize("given", ["720p", "720P", " 720p ", 720, "720", 720.0])
@pytest.mark.parametrize("model", [WAN, MINIMAX, SEEDANCE, WAN27])
def test_a_resolution_is_read_in_any_case_and_as_pixels(model: Model, given: Any) -> None:
    """Each provider's form of 720p is read by all."""
    assert value_of(model, "resolution", given)["resolution"] == "720p"


def test_a_resolution_in_k_is_read_in_any_case() -> None:
    """`2K` is `2k`."""
    pro = CATALOG.model("mediaio/nano-banana-pro")
    assert value_of(pro, "resolution", "2K")["resolution"] == "2k"


def test_a_near_resolution_is_shown() -> None:
    """A slip comes with what is near, and with all that is allowed."""
    problem = problem_of(WAN, "resolution", "1080pp")
    assert problem.near == "1080p"
    assert problem.allowed == ("720p", "1080p")


@pytest.mark.parametrize("given", ["16:9", "16x9", "16/9", "16 : 9", "16×9"])
def test_a_shape_is_read_however_it_is_joined(given: str) -> None:
    """The two numbers must be exactly those of the shape."""
    assert value_of(VEO, "aspect_ratio", given)["aspect_ratio"] == "16:9"


@pytest.mark.parametrize("given", ["32:18", "1280x720", "16:10", "wide", 1.77, object()])
def test_another_shape_is_refused(given: Any) -> None:
    """Not even the same shape in other numbers is taken."""
    assert problem_of(VEO, "aspect_ratio", given).allowed == ("9:16", "16:9")


@pytest.mark.parametrize(
    ("given", "meant"),
    [(True, True), ("True", True), ("true", True), (False, False), ("False", False)],
)
@pytest.mark.parametrize(("model", "name"), [(WAN, "generate_audio"), (WAN27, "prompt_extend")])
def test_true_and_false_are_read_as_words_too(
    model: Model, name: str, given: Any, meant: bool
) -> None:
    """Media.io's words are taken where a boolean goes, and the reverse."""
    assert value_of(model, name, given)[name] is meant


@pytest.mark.parametrize("given", ["yes", 1, 0, "", []])
def test_what_is_neither_true_nor_false_is_refused(given: Any) -> None:
    """A number is no boolean."""
    assert problem_of(WAN, "generate_audio", given).allowed == (True, False)


def test_a_word_is_read_in_any_case() -> None:
    """The canonical spelling is the catalog's."""
    assert value_of(WAN, "shot_type", "single")["shot_type"] == "Single"
    problem = problem_of(WAN, "shot_type", "singel")
    assert problem.allowed == ("Multi", "Single")
    assert problem.near == "Single"


@pytest.mark.parametrize("given", [3, "3", 3.0])
def test_a_count_is_a_number_in_any_form(given: Any) -> None:
    """The provider's form, a string of digits, is read too."""
    assert value_of(IMAGEN, "count", given)["count"] == 3


@pytest.mark.parametrize("given", ["", "  \n", 5, object(), ["a"], b"text", "\ud800"])
def test_a_prompt_is_a_text_with_something_in_it(given: Any) -> None:
    """Empty, of another type, a list, or no Unicode: refused."""
    assert problem_of(WAN, "prompt", given)


def test_a_prompt_is_measured_in_characters() -> None:
    """The limit holds to the character, however many bytes one has."""
    assert value_of(WAN, "prompt", "é" * 1500)["prompt"] == "é" * 1500
    problem = problem_of(WAN, "prompt", "é" * 1501)
    assert "at most 1,500 characters; this one has 1,501" in problem.message
    assert len(problem.value) < 100


def test_a_prompt_is_kept_as_it_was_written() -> None:
    """Blanks around it, line breaks and emoji go out as given."""
    text = "  a paper boat\n\t🚤 "
    assert value_of(WAN, "prompt", text)["prompt"] == text


def test_one_string_is_one_segment_of_long_video() -> None:
    """A list is taken as it is."""
    assert value_of(LV, "prompt", "a boat")["prompt"] == ["a boat"]
    assert value_of(LV, "prompt", ("a", "b"))["prompt"] == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "empty list"),
        (["a"] * 7, "at most 6; 7 given"),
        (["a", ""], "prompt[1] is empty"),
        (["a", 5], "prompt[1] must be a text"),
    ],
)
def test_bad_segments_are_refused(given: Any, said: str) -> None:
    """The message says which segment, or how many there may be."""
    assert said in problem_of(LV, "prompt", given).message


@pytest.mark.parametrize(
    "given",
    [
        URL,
        "HTTP://example.com/a.png?b=c#d",
        "cat.png",
        "C:\\pictures\\cat.png",
        "my cat.png",
        Path("cat.png"),
        b"\x89PNG",
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_a_media_input_is_a_path_bytes_url_or_data_uri(given: Any) -> None:
    """It stays as it was given, also where the provider takes only URLs."""
    assert value_of(WAN, "image", given)["image"] == given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (b"", "is empty"),
        (5, "must be a path, bytes, a URL or a data URI, not int"),
        ({"url": URL}, "not dict"),
        ("ftp://example.com/a.png", "scheme ftp"),
        ("file:///a.png", "scheme file"),
        ("https://", "is no URL"),
        ("https://example.com/a b.png", "is no URL"),
        ("data:image/png", "is no data URI"),
        ("data:video/mp4;base64,AAAA", "is a data URI of video, not of image"),
        ("a\0b", "NUL"),
        ([URL, URL], "takes one file; 2 given"),
        ([], "takes one file; 0 given"),
    ],
)
def test_what_cannot_be_a_media_input_is_refused(given: Any, said: str) -> None:
    """The code is INVALID_MEDIA and the message says why."""
    problem = problem_of(WAN, "image", given)
    assert said in problem.message
    assert problem.code == "INVALID_MEDIA"


def test_a_list_of_media_is_counted() -> None:
    """One source is a list of one; too many and none are refused."""
    nano = CATALOG.model("mediaio/nano-banana")
    assert value_of(nano, "images", URL)["images"] == [URL]
    assert value_of(nano, "images", [URL] * 9)["images"] == [URL] * 9
    assert "at most 9; 10 given" in problem_of(nano, "images", [URL] * 10).message
    assert "empty list" in problem_of(nano, "images", []).message
    assert "images[1] is empty" in problem_of(nano, "images", [URL, ""]).message


def test_one_image_or_several_under_one_wire_name() -> None:
    """The provider's form of happyhorse's `image` is one URL or a list; the value decides."""
    assert value_of(HORSE, "image", URL)["image"] == URL
    assert value_of(HORSE, "image", [URL])["image"] == URL
    assert value_of(HORSE, "image", [URL, URL])["reference_images"] == [URL, URL]
    assert value_of(HORSE, "reference_images", [URL, URL])["reference_images"] == [URL, URL]
    assert "at least 2; 1 given" in problem_of(HORSE, "reference_images", [URL]).message


@pytest.mark.parametrize(
    ("given", "near"), [("16:10", "16:9"), ("17x9", "16:9"), ("5:4", "4:3"), ("4:1", None)]
)
def test_a_near_shape_is_near_in_proportion(given: str, near: str | None) -> None:
    """What is suggested for a shape looks like it, whatever its digits."""
    assert problem_of(IMAGEN, "aspect_ratio", given).near == near
