import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

from .conftest import COMMAND, IMAGE, KEY, VIDEO, Commands


def _on_terminal(*arguments: str, answers: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the command on a terminal of its own, typing each answer once its question is there.

    Where nothing comes after an answer it is typed again, as a person would: a Ctrl-C that comes
    just before Python begins to read is seen only with the next key.
    """
    todo = dict(answers or {})
    typed = b""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *arguments],
        preexec_fn=lambda: os.login_tty(theirs),
        pass_fds=[theirs],
    )
    os.close(theirs)
    shown = ""
    silent = 0
    while True:
        ready, _, _ = select.select([ours], [], [], 1)
        if not ready:
            silent += 1
            assert silent < 60, f"nothing came any more after: {shown}"
            os.write(ours, typed)
            continue
        try:
            read = os.read(ours, 65536)
        except OSError:
            break
        if not read:
            break
        shown += read.decode(errors="replace")
        for question in [one for one in todo if one in shown]:
            typed = todo.pop(question).encode()
            os.write(ours, typed)
    os.close(ours)
    return process.wait(), shown


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")


def test_live_line(rushes: Commands) -> None:
    """On a terminal one line lives and is gone at the end; the result stays."""
    code, shown = _on_terminal(*VIDEO)
    assert code == 0
    assert re.search(r"\r[|/\\-] \d+ s  job j\w{15}  ", shown)
    last = shown.rstrip().splitlines()[-1].rpartition("\x1b[K")[2]
    assert last.endswith("20 credits (sandbox)")


def test_expected_time_is_shown_once_something_is_known(rushes: Commands) -> None:
    """The second generation of a model says how long the first took."""
    assert " of about " not in _on_terminal(*VIDEO)[1]
    assert " of about " in _on_terminal(*VIDEO)[1]


def test_unknown_price_is_asked_once(keyed: Commands) -> None:
    """A person is asked, the answer is stored, and nothing is sent without a yes."""
    question = {"Generate anyway?": "n\n"}
    code, shown = _on_terminal(*IMAGE, "--no-wait", answers=question)
    assert (code, keyed.sandbox.requests(action="create")) == (4, ())
    code, shown = _on_terminal(*IMAGE, "--no-wait", answers={"Generate anyway?": "y\n"})
    assert code == 0, shown
    code, shown = _on_terminal(*IMAGE, "--no-wait")
    assert (code, "Generate anyway?" in shown) == (0, False)
    assert keyed.sandbox.creates("sandbox-key") == 2


def test_ctrl_c_at_the_question(keyed: Commands) -> None:
    """Ctrl-C at the question stops, and nothing was asked for."""
    code, shown = _on_terminal(*IMAGE, answers={"Generate anyway?": "\x03"})
    assert (code, "Stopped." in shown) == (130, True)
    assert keyed.sandbox.requests() == ()


def test_key_is_typed_unseen(rushes: Commands) -> None:
    """The key is asked for and does not show; its file is for its owner alone."""
    secret = "typed-by-a-person-1234"
    code, shown = _on_terminal("keys", "set", "mediaio", answers={"Key of": f"{secret}\n"})
    assert code == 0
    assert secret not in shown
    file = Path(os.environ["RUSHES_HOME"]) / "keys.json"
    assert secret in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_a_providers_words_do_not_steer_the_terminal(rushes: Commands) -> None:
    """Control characters in what a provider says are taken out."""
    rushes.sandbox.fault("create:fail", reason="\x1b]0;owned\x07\x1b[2J")
    _, shown = _on_terminal(*VIDEO)
    assert "owned" in shown
    assert "\x1b]0;" not in shown
    assert "\x1b[2J" not in shown


def test_nothing_is_paid_twice_on_a_terminal(rushes: Commands) -> None:
    """A known request id shows the job that it is, and creates nothing."""
    _on_terminal(*IMAGE, "--request-id", "one")
    _, shown = _on_terminal(*IMAGE, "--request-id", "one")
    assert "This request id is known" in shown
    assert rushes.sandbox.creates(KEY) == 1


def test_narrow_terminal_shows_every_column(
    rushes: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the columns do not fit, the list of jobs is text that the terminal breaks."""
    rushes(*IMAGE, "-q")
    monkeypatch.setenv("COLUMNS", "50")
    shown = _on_terminal("jobs")[1]
    assert all(word in shown for word in ("status", "succeeded", "age", "a paper boat"))
