import os
import secrets

import pytest


def pytest_configure() -> None:
    """Let nothing of the developer's own settings and keys reach a test."""
    for name in list(os.environ):
        if name.startswith("RUSHES_") or "API_KEY" in name:
            del os.environ[name]


@pytest.fixture(autouse=True)
def _no_real_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Give each test a home folder of its own, which does not exist yet."""
    home = tmp_path_factory.getbasetemp() / f"home-{secrets.token_hex(8)}"
    monkeypatch.setenv("RUSHES_HOME", str(home))
