"""The catalog files that come with Rushes."""

from pathlib import Path

import pytest

from rushes.catalog import load
from rushes.catalog.lint import lint_endpoints, lint_model
from rushes.catalog.schema import Model

CATALOG = load()
MODELS = CATALOG.models()
IDS = Path(__file__).with_name("model_ids.txt").read_text(encoding="utf-8").split()

CANONICAL = {
    "prompt",
    "image",
    "last_image",
    "images",
    "reference_images",
    "reference_video",
    "reference_audio",
    "video",
    "audio",
    "aspect_ratio",
    "duration",
    "resolution",
    "count",
    "generate_audio",
    "shot_type",
    "multi_shots",
    "tier",
    "prompt_extend",
}


def test_the_checked_in_ids_are_the_catalogs() -> None:
    """No model comes or goes, and none is renamed, without the list saying so."""
    assert [model.full_id for model in MODELS] == IDS
    assert len(IDS) == 31


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_id)
def test_every_model_is_sound(model: Model) -> None:
    """The linter finds nothing, and every name is of the one vocabulary."""
    assert lint_model(model) == []
    assert {param.name for param in model.params} <= CANONICAL


@pytest.mark.parametrize("provider", CATALOG.providers)
def test_every_head_is_complete(provider: str) -> None:
    """A provider has https pages and a base URL, a key header, and endpoints by one name each."""
    head = CATALOG.provider(provider)
    assert lint_endpoints(CATALOG.endpoints(provider)) == []
    assert CATALOG.endpoints(provider)
    assert head.base_url.startswith("https://")
    assert head.pages.key.startswith("https://")
    assert head.auth.header
    assert head.auth.environment


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_id)
def test_media_go_in_the_form_that_the_provider_takes(model: Model) -> None:
    """Only AIVideoMaker takes data URIs, only for images, and never for minimax."""
    for param in model.params:
        if param.media is None:
            continue
        takes_data = (
            model.provider == "aivideomaker"
            and model.id != "minimax"
            and param.media.kind == "image"
        )
        assert ("data" in param.media.transports) == takes_data
        assert "url" in param.media.transports


def test_what_has_a_price_and_what_has_none() -> None:
    """AIVideoMaker's models have a price, but for the one that only its quote knows."""
    priced = {model.full_id for model in MODELS if model.price}
    assert priced == {
        model.full_id
        for model in CATALOG.models(provider="aivideomaker")
        if model.id != "seedance20"
    }
    assert CATALOG.model("aivideomaker/seedance20").price_note


@pytest.mark.parametrize("model_id", ["t2v", "i2v", "t2v-v3", "i2v-v3"])
def test_a_former_price_is_kept_and_does_not_hold(model_id: str) -> None:
    """Prices stand oldest first, each with its day."""
    model = CATALOG.model(f"aivideomaker/{model_id}")
    former, now = model.prices
    assert former.as_of < now.as_of
    assert model.price is now
    assert former.rate != now.rate


def test_the_calls_beside_the_creates() -> None:
    """Media.io has two queries, AIVideoMaker seven endpoints."""
    mediaio = {each.action: (each.method, each.path) for each in CATALOG.endpoints("mediaio")}
    assert mediaio == {
        "credits": ("POST", "/user/credits"),
        "result": ("POST", "/generation/result/{task_id}"),
    }
    others = {each.action: each.method for each in CATALOG.endpoints("aivideomaker")}
    assert others == {
        "createGeneration": "POST",
        "listTasks": "GET",
        "getTask": "GET",
        "getStatus": "GET",
        "cancelTask": "PUT",
        "account": "GET",
        "quote": "POST",
    }
