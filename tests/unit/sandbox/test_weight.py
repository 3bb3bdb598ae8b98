import subprocess
import sys


def _loaded(code: str) -> set[str]:
    """Run code in a new process and return the packages that it loaded."""
    tail = "\nimport sys; print(*{n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_package_is_light() -> None:
    """Importing it, and reading flags, loads no server, database or media package."""
    loaded = _loaded(
        "from rushes.sandbox import parse_fault, parse_setting\n"
        "parse_fault('create:drop-answer'), parse_setting('list_cap=3')"
    )
    assert loaded.isdisjoint({"apsw", "h11", "asyncio", "PIL", "av", "aiohttp"})


def test_server_draws_nothing_until_asked() -> None:
    """A sandbox that serves no output has loaded no media package."""
    loaded = _loaded("from rushes.sandbox import Sandbox\nwith Sandbox(): pass")
    assert loaded.isdisjoint({"PIL", "av", "aiohttp"})
    assert "h11" in loaded
