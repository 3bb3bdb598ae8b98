from collections.abc import Iterator

import msgspec
import pytest

from rushes.sandbox import Sandbox, Settings

from .calling import Client


@pytest.fixture(scope="session")
def _server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_server: Sandbox) -> Sandbox:
    """A new world in which time stands still."""
    _server.set(**msgspec.structs.asdict(Settings()))
    _server.reset()
    _server.freeze()
    return _server


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)
