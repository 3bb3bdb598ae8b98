import pytest

from rushes.catalog.schema import Endpoint
from rushes.errors import CatalogError
from rushes.providers.base import Answer, CancelRefused, Order
from rushes.providers.mediaio.wire import MediaIoAdapter

from .driving import PROVIDERS, adapter, catalog, order, run


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_adapter_knows_whose_it_is(provider: str) -> None:
    """The adapter carries its provider's id."""
    assert adapter(provider).provider == provider


def test_media_io_refuses_a_cancel_without_a_call() -> None:
    """Nothing is sent, since the provider never cancels."""
    calls, means = run(adapter("mediaio").cancel("task-7f3a"), Answer(status=200))

    assert calls == []
    assert isinstance(means, CancelRefused)
    assert means.message


def test_media_io_has_no_list_and_no_quote() -> None:
    """What the provider does not offer is None, not an exchange."""
    ours = adapter("mediaio")

    assert ours.tasks() is None
    assert ours.quote(order("mediaio", {})) is None


def test_what_an_adapter_offers_is_what_the_catalog_says() -> None:
    """The catalog's can_list and can_quote agree with the adapters."""
    for provider in PROVIDERS:
        head, ours = catalog().provider(provider), adapter(provider)
        assert head.can_list == (ours.tasks() is not None)
        assert head.can_quote == (ours.quote(order(provider, {})) is not None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_text_goes_out_as_it_is(provider: str) -> None:
    """A prompt in any script reaches the wire as UTF-8, unchanged."""
    model = catalog().models(provider=provider)[0]
    wanted = 'un bateau "de papier" \\ 紙の船 🚢\n'

    calls, _ = run(
        adapter(provider).create(Order(model=model, params={"prompt": wanted})),
        Answer(status=500),
    )

    assert "紙の船 🚢" in calls[0].body.decode()


def test_a_catalog_without_a_call_is_named() -> None:
    """An adapter whose endpoints lack one that it needs says which."""
    provider = catalog().provider("mediaio")
    endpoints = [
        Endpoint(action="credits", method="POST", path="/c", model_code="user-credits"),
    ]

    with pytest.raises(CatalogError, match="generation-result"):
        MediaIoAdapter(provider, endpoints)


def test_a_base_path_from_the_catalog_is_used() -> None:
    """Paths are the catalog's: another path there is another path on the wire."""
    provider = catalog().provider("mediaio")
    endpoints = [
        Endpoint(action="credits", method="POST", path="/v2/c", model_code="user-credits"),
        Endpoint(
            action="result", method="POST", path="/v2/r/{task_id}", model_code="generation-result"
        ),
    ]
    ours = MediaIoAdapter(provider, endpoints)

    assert run(ours.query("t"), Answer(status=500))[0][0].path == "/v2/r/t"
    assert run(ours.balance(), Answer(status=500))[0][0].path == "/v2/c"
