"""For tests of programs that use Rushes: the sandbox as a pytest fixture, and a virtual clock.

Installed with Rushes as a pytest plugin, so it is imported in every pytest run on the machine and
loads nothing but pytest until a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from rushes.engine.virtual import VirtualClock
    from rushes.sandbox import Sandbox

__all__ = ["VirtualClock", "rushes_sandbox"]

_FIXTURE = "rushes_sandbox"
_SHOWN = 40


def __getattr__(name: str) -> Any:
    if name == "VirtualClock":
        from rushes.engine.virtual import VirtualClock

        return VirtualClock
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@pytest.fixture(scope="session")
def _rushes_sandbox_server() -> Iterator[Sandbox]:
    from rushes.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def rushes_sandbox(
    _rushes_sandbox_server: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Sandbox:
    """Both providers on loopback, in a new world: no account, task, fault or record.

    The environment points to it (`RUSHES_SANDBOX`, base URLs, keys) with a home folder of its
    own, so that `rushes.Rushes()` in the test talks to it, and to no real provider. Tasks end
    almost at once; `rushes_sandbox.set(...)` changes that. A test asks it afterwards:
    `rushes_sandbox.creates()`, `.charged()`, `.requests()`. When the test fails, its report holds
    the request record and names the HTTP archive (HAR) that holds it whole.
    """
    import msgspec

    from rushes.sandbox import Settings

    sandbox = _rushes_sandbox_server
    quick = Settings(queued_seconds=0.01, image_seconds=0.02, video_seconds=0.02)
    sandbox.set(**msgspec.structs.asdict(quick))
    sandbox.reset()
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RUSHES_HOME", str(tmp_path / "rushes-home"))
    return sandbox


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the request record to the report of a test that failed with the fixture."""
    report = yield
    given = getattr(item, "funcargs", {})
    sandbox = given.get(_FIXTURE)
    if sandbox is not None and report.failed:
        report.sections.extend(_sections(sandbox, given["tmp_path"] / "rushes-sandbox.har"))
    return report


def _sections(sandbox: Sandbox, file: Path) -> list[tuple[str, str]]:
    import msgspec

    lines = [
        f"{entry.method} {entry.url} -> {entry.status or 'no answer'}"
        + (f" [{entry.fault}]" if entry.fault else "")
        for entry in sandbox.requests()
    ]
    if len(lines) > _SHOWN:
        lines = [f"({len(lines) - _SHOWN} before)", *lines[-_SHOWN:]]
    file.write_bytes(msgspec.json.encode(sandbox.har()))
    lines.append(f"With headers and bodies, as an HTTP archive: {file}")
    return [("rushes sandbox: requests", "\n".join(lines))]
