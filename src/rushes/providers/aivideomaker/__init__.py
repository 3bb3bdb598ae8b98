"""AIVideoMaker: catalog, our side of the wire, and the provider's side for the sandbox.

Both sides load when they are asked for, so that reading the catalog loads neither.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from rushes.catalog.schema import Endpoint, Provider
from rushes.providers.base import Adapter

__all__ = ["CATALOG", "adapter", "load_sandbox"]

CATALOG = Path(__file__).with_name("catalog.toml")


def adapter(provider: Provider, endpoints: Sequence[Endpoint]) -> Adapter:
    """Return our side of the wire."""
    from rushes.providers.aivideomaker.wire import AiVideoMakerAdapter

    return AiVideoMakerAdapter(provider, endpoints)


def load_sandbox() -> ModuleType:
    """Return the module of the provider's side, which only the sandbox uses."""
    from rushes.providers.aivideomaker import sandbox

    return sandbox
