from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be made; neither the file nor its folder exists yet."""
    return tmp_path / "home" / "store.db"
