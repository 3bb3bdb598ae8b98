"""A request is checked whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.catalog import load
from rushes.catalog.schema import Model
from rushes.requests import Checked, check

CATALOG = load()
MODELS = CATALOG.models()
WAN = CATALOG.model("mediaio/wan-2.6-image-to-video")
KLING = CATALOG.model("mediaio/kling-3.0")
IMAGEN = CATALOG.model("mediaio/imagen-4")
T2V = CATALOG.model("aivideomaker/t2v")
MINIMAX = CATALOG.model("aivideomaker/minimax")
SEEDANCE = CATALOG.model("aivideomaker/seedance20")
HORSE = CATALOG.model("aivideomaker/happyhorse")
HAILUO = CATALOG.model("mediaio/hailuo-2.3")
URL = "https://example.com/a.png"
LONGER: dict[str, Any] = {"prompt": "a boat", "duration": 5, "resolution": "720p"}


def parameters(checked: Checked) -> list[str]:
    return [problem.parameter for problem in checked.problems]


def test_a_right_request_has_values_in_the_catalogs_order_with_defaults() -> None:
    """Every default that the catalog knows is among the values."""
    checked = check(WAN, {"duration": "10s", "image": URL, "prompt": "a boat"})
    assert checked.problems == ()
    assert checked.warnings == ()
    assert list(checked.values.items()) == [
        ("image", URL),
        ("prompt", "a boat"),
        ("resolution", "720p"),
        ("duration", 10),
        ("shot_type", "Multi"),
        ("generate_audio", True),
    ]


def test_all_problems_are_said_at_once() -> None:
    """Missing, unknown, malformed and forbidden in one answer, each with its facts."""
    checked = check(
        WAN, {"duration": 7, "resolution": "4k", "shottype": "Single", "count": 3}, CATALOG
    )
    by_name = {problem.parameter: problem for problem in checked.problems}
    assert set(by_name) == {"image", "prompt", "duration", "resolution", "shottype", "count"}
    assert by_name["duration"].allowed == (5, 10, 15)
    assert by_name["duration"].value == 7
    assert by_name["shottype"].near == "shot_type"
    assert by_name["shottype"].allowed == tuple(param.name for param in WAN.params)
    assert by_name["image"].code == "INVALID_MEDIA"
    assert by_name["prompt"].code == "INVALID_PAYLOAD"


def test_a_required_choice_says_what_there_is_to_choose() -> None:
    """AIVideoMaker's required parameters have no default; the message lists the values."""
    checked = check(T2V, {"prompt": "a boat"})
    assert parameters(checked) == ["aspect_ratio", "duration"]
    assert "one of 5 or 8 seconds" in checked.problems[1].message
    assert checked.problems[1].allowed == (5, 8)


def test_none_is_not_given() -> None:
    """None stands for a parameter left out: a default applies, a required one is missing."""
    checked = check(MINIMAX, {"prompt": None, "image": None, "duration": None, "tier": None})
    assert parameters(checked) == ["prompt"]
    assert "image" not in checked.values
    assert checked.values["duration"] == 5


@pytest.mark.parametrize(
    ("model", "given", "name", "value"),
    [
        (IMAGEN, {"ratio": "1:1"}, "aspect_ratio", "1:1"),
        (IMAGEN, {"counts": "2"}, "count", 2),
        (T2V, {"aspectRatio": "1:1"}, "aspect_ratio", "1:1"),
        (MINIMAX, {"content": "a boat"}, "prompt", "a boat"),
        (MINIMAX, {"imageUrl": URL}, "image", URL),
        (SEEDANCE, {"resolution": 480}, "resolution", "480p"),
    ],
)
def test_the_providers_own_names_are_taken(
    model: Model, given: dict[str, Any], name: str, value: Any
) -> None:
    """A request written for the provider is understood as it is."""
    assert check(model, given).values[name] == value


def test_one_parameter_under_two_names_is_a_problem() -> None:
    """Also where both say the same; a name whose value is None does not count."""
    checked = check(IMAGEN, {"prompt": "a boat", "ratio": "1:1", "aspect_ratio": "1:1"})
    assert parameters(checked) == ["aspect_ratio"]
    assert "ratio and aspect_ratio are the same parameter" in checked.problems[0].message
    assert not check(IMAGEN, {"prompt": "a", "ratio": None, "aspect_ratio": "1:1"}).problems
    horse = check(HORSE, LONGER | {"image": [URL, URL], "reference_images": [URL, URL]})
    assert parameters(horse) == ["reference_images"]


@pytest.mark.parametrize(
    ("model", "name", "near"),
    [
        (WAN, "durations", "duration"),
        (WAN, "imgae", "image"),
        (IMAGEN, "aspectratio", "aspect_ratio"),
        (IMAGEN, "size", "aspect_ratio"),
        (WAN, "content", "prompt"),
        (CATALOG.model("mediaio/nano-banana"), "image", "images"),
        (WAN, "zzz", None),
        (KLING, "ratio", None),
    ],
)
def test_an_unknown_parameter_is_a_problem_with_a_near_match(
    model: Model, name: str, near: str | None
) -> None:
    """Nothing is dropped; another model's name for the same thing is near too."""
    checked = check(model, {name: "x"}, CATALOG)
    (problem,) = [each for each in checked.problems if each.parameter == name]
    assert problem.near == near
    assert problem.allowed == tuple(param.name for param in model.params)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_id)
@pytest.mark.parametrize("one", [1, "1", 1.0])
def test_one_output_may_be_asked_of_every_model(model: Model, one: Any) -> None:
    """`count=1` is no problem anywhere, and no parameter where the model has none."""
    checked = check(model, {"count": one}, CATALOG)
    assert "count" not in parameters(checked)
    assert checked.values.get("count") == (1 if model.param("count") else None)


@pytest.mark.parametrize(
    ("model", "count", "said"),
    [
        ("mediaio/soul-character", 3, "3 images at once: mediaio/imagen-4."),
        ("mediaio/imagen-4", 5, "No model makes 5 images at once."),
        ("mediaio/kling-3.0", 2, "No model makes 2 videos at once."),
        ("mediaio/kling-3.0", 0, "count must be 1, not 0."),
        ("mediaio/kling-3.0", "many", "count must be 1"),
    ],
)
def test_more_outputs_than_a_model_makes_name_models_that_do(
    model: str, count: Any, said: str
) -> None:
    """The problem names the value, the limit, and where so many are made at once."""
    checked = check(CATALOG.model(model), {"count": count}, CATALOG)
    (problem,) = [each for each in checked.problems if each.parameter == "count"]
    assert said in problem.message
    assert problem.value == count
    assert problem.allowed


@pytest.mark.parametrize(
    "given",
    [
        {"image": URL, "reference_images": [URL]},
        {"last_image": URL, "reference_video": URL},
        {"imageUrl": URL, "referenceAudioUrls": [URL]},
    ],
)
def test_minimax_takes_frames_or_references(given: dict[str, Any]) -> None:
    """First and last frame exclude the three reference inputs."""
    (problem,) = check(MINIMAX, given | {"prompt": "a boat"}).problems
    assert "exclude each other" in problem.message


def test_minimax_takes_each_side_alone() -> None:
    """Both frames, or all references, are right."""
    assert not check(MINIMAX, {"prompt": "a", "image": URL, "last_image": URL}).problems
    references = {"reference_images": [URL], "reference_video": URL, "reference_audio": URL}
    assert not check(MINIMAX, {"prompt": "a", **references}).problems


def test_seedance_needs_something_to_start_from() -> None:
    """One of prompt, image and video; audio alone is twice wrong."""
    rest = {"duration": 5, "resolution": "720p", "aspect_ratio": "16:9"}
    for name in ("prompt", "image", "video"):
        assert not check(SEEDANCE, {**rest, name: "https://example.com/x", "audio": URL}).problems
    (problem,) = check(SEEDANCE, rest).problems
    assert problem.allowed == ("prompt", "image", "video")
    messages = [each.message for each in check(SEEDANCE, rest | {"audio": URL}).problems]
    assert any("audio is taken only together with prompt, image or video" in m for m in messages)


def test_hailuo_offers_1080p_with_six_seconds_only() -> None:
    """The default duration counts; the message says both values."""
    base = {"prompt": "a boat", "image": URL, "resolution": "1080P"}
    assert not check(HAILUO, base).problems
    assert not check(HAILUO, base | {"duration": 6}).problems
    (problem,) = check(HAILUO, base | {"duration": "10s"}).problems
    assert problem.message == "resolution 1080p is offered only with duration 6, not 10."
    assert (problem.value, problem.allowed) == ("1080p", (6,))


def test_an_unused_parameter_is_sent_only_when_given_and_with_a_warning() -> None:
    """The model HappyHorse does not use the aspect ratio beside one image."""
    plain = check(HORSE, LONGER)
    assert plain.values["aspect_ratio"] == "16:9"
    beside = check(HORSE, LONGER | {"image": URL})
    assert "aspect_ratio" not in beside.values
    assert beside.warnings == ()
    asked = check(HORSE, LONGER | {"image": URL, "ratio": "1:1"})
    assert asked.values["aspect_ratio"] == "1:1"
    assert "aspect_ratio is sent" in asked.warnings[0]
    several = check(HORSE, LONGER | {"reference_images": [URL, URL]})
    assert several.values["aspect_ratio"] == "16:9"
    assert not (plain.problems + beside.problems + asked.problems + several.problems)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.builds(object),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)
NAMES = sorted(
    {name for model in MODELS for param in model.params for name in (param.name, param.wire)}
)


@given(
    st.sampled_from(MODELS),
    st.dictionaries(st.sampled_from(NAMES) | st.text() | st.integers(), ANYTHING, max_size=8),
)
def test_check_never_raises_and_its_problems_are_json(
    model: Model, request: dict[Any, Any]
) -> None:
    """Whatever is given, problems come back that can be printed, short and complete."""
    checked = check(model, request, CATALOG)
    for problem in checked.problems:
        assert len(json.dumps(problem._asdict(), allow_nan=False)) < 8000
        assert problem.message
    unknown = {key for key in request if not isinstance(key, str)}
    assert len(checked.problems) >= len(unknown)


@given(st.sampled_from(MODELS), st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=8))
def test_nothing_is_dropped(model: Model, request: dict[Any, Any]) -> None:
    """Each name given is a value, or a problem, or None, or the one output that all make."""
    checked = check(model, request, CATALOG)
    said = " ".join(problem.message for problem in checked.problems)
    for name, value in request.items():
        if value is None and any(name in (each.name, each.wire) for each in model.params):
            continue
        names = {each.name for each in model.params if name in (each.name, each.wire)} or {name}
        one = name == "count" and not model.param("count")
        assert one or any(each in checked.values or each in said for each in names)
