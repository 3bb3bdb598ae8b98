import os

import pytest


@pytest.fixture(autouse=True)
def no_proxy_and_no_ca(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT_"):
            monkeypatch.delenv(name)
