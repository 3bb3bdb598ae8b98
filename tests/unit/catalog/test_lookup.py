"""Finding a model by whatever a user calls it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.catalog import load
from rushes.catalog.schema import Model
from rushes.errors import InvalidModel, InvalidPayload

CATALOG = load()
MODELS = CATALOG.models()


@pytest.mark.parametrize(
    ("name", "full_id"),
    [
        ("kling-3.0", "mediaio/kling-3.0"),
        ("mediaio/kling-3.0", "mediaio/kling-3.0"),
        ("MediaIO/Kling 3.0", "mediaio/kling-3.0"),
        ("Kling 3.0", "mediaio/kling-3.0"),
        ("KLING_3.0", "mediaio/kling-3.0"),
        ("i2v-kling-v3-0", "mediaio/kling-3.0"),
        ("soul_character", "mediaio/soul-character"),
        ("veo-3.1", "mediaio/google-veo-3.1"),
        ("Veo 3.1 Fast", "mediaio/google-veo-3.1-fast"),
        ("Wan 2.6 (Text To Video)", "mediaio/wan-2.6-text-to-video"),
        ("i2v-wan-v2-6", "mediaio/wan-2.6-image-to-video"),
        ("t2v_v3", "aivideomaker/t2v-v3"),
        ("t2v-v3", "aivideomaker/t2v-v3"),
        ("MiniMax H3", "aivideomaker/minimax"),
        ("Seedance 2.0", "aivideomaker/seedance20"),
        ("wan-2.7", "aivideomaker/wan27"),
        ("HappyHorse 1.1", "aivideomaker/happyhorse"),
        ("aivideomaker/lv", "aivideomaker/lv"),
    ],
)
def test_a_model_is_found_by_each_of_its_names(name: str, full_id: str) -> None:
    """Id, full id, exact name, title, model code and alias all lead to it."""
    assert CATALOG.find(name).full_id == full_id


@given(st.sampled_from(MODELS), st.data())
def test_case_and_joints_do_not_matter(model: Model, data: st.DataObject) -> None:
    """However an id is written, with whatever joints, it is the same model."""
    joints = st.sampled_from(["", " ", "_", "-"])
    text = "".join(data.draw(joints) if letter == "-" else letter for letter in model.id)
    text = "".join(
        letter.upper() if data.draw(st.booleans()) else letter.lower() for letter in text
    )
    assert CATALOG.find(f"{model.provider}/{text}") is model


@pytest.mark.parametrize("family", ["wan-2.6", "wan-2.5", "vidu-q3"])
@pytest.mark.parametrize("spelling", ["{}", "mediaio/{}", "{} "])
def test_a_family_picks_by_what_is_given(family: str, spelling: str) -> None:
    """With an image it is the one from an image, else the one from text."""
    name = spelling.format(family)
    assert CATALOG.find(name, given=["prompt"]).id == f"{family}-text-to-video"
    assert CATALOG.find(name, given=["prompt", "image"]).id == f"{family}-image-to-video"
    assert CATALOG.find(name, given={"image": None}).id == f"{family}-text-to-video"
    assert CATALOG.find(name, given={"image": "a.png"}).id == f"{family}-image-to-video"


@pytest.mark.parametrize("name", ["Wan 2.6", "Wan 2.5", "Vidu Q3"])
def test_a_name_that_is_the_familys_means_the_family(name: str) -> None:
    """The provider calls the model from an image by the family's name; what is given decides."""
    assert CATALOG.find(name).capabilities == ("text-to-video",)
    assert CATALOG.find(name, given=["image"]).capabilities == ("image-to-video",)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("klng-3.0", "mediaio/kling-3.0"),
        ("mediaio/kling3", "mediaio/kling-3.0"),
        ("seedance", "aivideomaker/seedance20"),
        ("aivideomaker/kling-3.0", "mediaio/kling-3.0"),
        ("nanobananas", "mediaio/nano-banana"),
    ],
)
def test_an_unknown_model_is_an_error_with_what_is_near(name: str, near: str) -> None:
    """The error names near matches and how to list the models."""
    with pytest.raises(InvalidModel) as caught:
        CATALOG.find(name)
    assert near in caught.value.message
    assert caught.value.problems[0].near == near
    assert "rushes models" in str(caught.value)


@pytest.mark.parametrize("name", ["", "/", "zzzzzzzz", "x" * 100_000, "\0", "mediaio/"])
def test_nonsense_is_an_unknown_model(name: str) -> None:
    """Whatever is asked for, the answer is an error with a short message."""
    with pytest.raises(InvalidModel) as caught:
        CATALOG.find(name)
    assert len(str(caught.value)) < 400


def test_an_unknown_provider_names_those_known() -> None:
    """The error lists the providers, whichever way one was named."""
    for call in (
        lambda: CATALOG.provider("medaio"),
        lambda: CATALOG.find("medaio/kling-3.0"),
        lambda: CATALOG.models(provider="medaio"),
        lambda: CATALOG.find("kling-3.0", provider="medaio"),
    ):
        with pytest.raises(InvalidModel, match="mediaio, aivideomaker") as caught:
            call()
        assert caught.value.problems[0].near == "mediaio"


def test_a_provider_narrows_the_search() -> None:
    """A model of another provider is not found, and is shown as near."""
    assert CATALOG.find("kling-3.0", provider="mediaio").id == "kling-3.0"
    assert CATALOG.find("mediaio/kling-3.0", provider="mediaio").id == "kling-3.0"
    with pytest.raises(InvalidModel, match=r"of aivideomaker.*mediaio/kling-3\.0"):
        CATALOG.find("kling-3.0", provider="aivideomaker")


def test_a_stored_id_is_looked_up_exactly() -> None:
    """A job's model is its full id, letter for letter."""
    assert CATALOG.model("mediaio/kling-3.0").name == "Kling 3.0"
    with pytest.raises(InvalidModel):
        CATALOG.model("Kling 3.0")


def test_models_are_listed_by_provider_and_by_what_they_can() -> None:
    """Both filters narrow the list, alone and together."""
    assert len(CATALOG.models(provider="mediaio")) == 22
    assert len(CATALOG.models(provider="aivideomaker")) == 9
    images = CATALOG.models(can="text-to-image")
    assert [model.id for model in images] == ["imagen-4", "soul-character"]
    assert all(model.makes == "image" for model in images)
    both = CATALOG.models(provider="aivideomaker", can="Image To Video")
    assert [model.id for model in both] == [
        "i2v",
        "i2v-v3",
        "minimax",
        "seedance20",
        "wan27",
        "happyhorse",
    ]


def test_an_unknown_capability_names_those_known() -> None:
    """A slip in the filter is an error and not an empty list."""
    with pytest.raises(InvalidPayload, match="image-to-video") as caught:
        CATALOG.models(can="image-to-vidio")
    assert caught.value.problems[0].near == "image-to-video"
