import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from rushes.sandbox import Sandbox, Settings

from .lab import KEY, Lab

QUICK = Settings(queued_seconds=0.4, image_seconds=1.2, video_seconds=3.0, jitter=0.0)


@pytest.fixture(scope="session")
def _server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_server: Sandbox) -> Sandbox:
    """A new world in which time stands still until a client's clock moves it."""
    _server.set(**msgspec.structs.asdict(QUICK))
    _server.reset()
    _server.freeze()
    return _server


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MEDIAIO_API_KEY", KEY)
    monkeypatch.setenv("AIVIDEO_API_KEY", KEY)
    return Lab(sandbox, tmp_path / "home")
