"""The providers: one folder each, with catalog, wire, sandbox and samples."""

from rushes.catalog import Catalog
from rushes.providers.base import Adapter


def adapter_for(catalog: Catalog, provider: str) -> Adapter:
    """Make the adapter that speaks a provider's wire."""
    made: Adapter = catalog.package(provider).adapter(
        catalog.provider(provider), catalog.endpoints(provider)
    )
    return made
