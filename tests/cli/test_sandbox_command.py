import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import IMAGE, Commands


@pytest.fixture
def served(rushes: Commands, tmp_path: Path) -> Iterator[str]:
    """A `rushes sandbox` in the foreground of another process."""
    ready = tmp_path / "ready"
    process = rushes.start(
        "sandbox", "--port", "0", "--print-url", "--ready-file", str(ready),
        "--set", "image_seconds=0.02", "--set", "queued-seconds=0", "--fault", "create:fail:nth=2",
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert ready.read_text() == f"{url}\n"
    yield url
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_serves_until_it_is_stopped(
    rushes: Commands, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address answers, settings and faults hold, the record is shown; Ctrl-C ends it."""
    with urllib.request.urlopen(f"{served}/_sandbox/health") as answer:
        assert json.load(answer)["ok"] is True
    monkeypatch.setenv("RUSHES_SANDBOX", served)
    assert rushes(*IMAGE).code == 0
    assert rushes(*IMAGE).code == 1
    assert rushes.sandbox.requests() == ()
    actions = [one["action"] for one in rushes("sandbox", "requests", "--json").json]
    assert actions.count("create") == 2
    assert actions[:2] == ["create", "query"]
    monkeypatch.delenv("RUSHES_SANDBOX")
    table = rushes("sandbox", "requests", "--url", served, "--action", "create").out
    head, first, second = table.splitlines()
    assert head.split()[:3] == ["time", "path", "status"]
    assert first.split()[1:5] == ["POST", "/generation/imagen/t2i-imagen-4", "200", "create"]
    assert second.endswith("fault: fail")


def test_record_of_the_sandbox_in_the_home_folder(
    rushes: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `--sandbox` was asked is shown afterwards: create, polls, download; and as HAR."""
    monkeypatch.delenv("RUSHES_SANDBOX")
    assert rushes("sandbox", "requests").err == "The sandbox was asked nothing yet.\n"
    assert rushes(*IMAGE, "--sandbox", "--no-wait", "-q").code == 0
    assert rushes.installed("jobs", "wait", "last").code == 0
    actions = [one["action"] for one in rushes("sandbox", "requests", "--json").json]
    assert (actions[0], actions[-1]) == ("create", "download")
    assert set(actions[1:-1]) == {"query"}
    har = rushes("sandbox", "requests", "--har").json
    assert len(har["log"]["entries"]) == len(actions)


def test_world_is_kept(rushes: Commands, tmp_path: Path) -> None:
    """With --world a later sandbox knows what an earlier one was asked."""
    world = tmp_path / "deep" / "world.sqlite3"
    for asked in (0, 1):
        process = rushes.start("sandbox", "--port", "0", "--print-url", "--world", str(world))
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        found = rushes("sandbox", "requests", "--url", url, "--json").json
        assert len(found) == asked
        urllib.request.urlopen(urllib.request.Request(f"{url}/user/credits", b"{}")).close()
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--set", "video_second=1"], "Did you mean video_seconds?"),
        (["--fault", "create:drop-anwser"], "did you mean drop-answer?"),
    ],
)
def test_wrong_settings_and_faults(rushes: Commands, more: list[str], said: str) -> None:
    """What is mistyped is refused before anything is served: 2."""
    done = rushes("sandbox", "--port", "0", *more)
    assert done.code == 2
    assert said in done.err


def test_port_that_is_taken(rushes: Commands) -> None:
    """A port in use: 2, with the way out."""
    taken = rushes.sandbox.url.rpartition(":")[2]
    done = rushes("sandbox", "--port", taken)
    assert done.code == 2
    assert "port 0 for a free one" in done.err


def test_lists(rushes: Commands) -> None:
    """Settings and faults are listed, as a table and as JSON."""
    assert "video_seconds" in rushes("sandbox", "--list-settings").out
    assert "drop-answer" in rushes("sandbox", "--list-faults").out
    assert "drop-answer" in rushes("sandbox", "--list-faults", "--json").json
    names = {one["name"] for one in rushes("sandbox", "--list-settings", "--json").json}
    assert "video_seconds" in names


def test_no_sandbox_there(rushes: Commands) -> None:
    """Nobody at the address: 6, with the command that starts one."""
    done = rushes("sandbox", "requests", "--url", "http://127.0.0.1:9", "--json")
    assert done.code == 6
    assert "rushes sandbox" in done.json["error"]["message"]
