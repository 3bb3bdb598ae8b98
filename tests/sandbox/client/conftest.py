import os
from collections.abc import Iterator

import msgspec
import pytest

from rushes.sandbox import Sandbox, Settings

QUICK = Settings(queued_seconds=0.05, image_seconds=0.1, jitter=0.0)
"""Real time passes in these tests, so tasks end soon."""


@pytest.fixture(scope="session")
def _server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A new world in which time passes as everywhere."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    _server.set(**msgspec.structs.asdict(QUICK))
    _server.reset()
    return _server
