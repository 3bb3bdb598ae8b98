"""What a person types who has read little: each slip is told what was meant."""

import logging
from pathlib import Path

import pytest

from rushes.cli.logs import told_once

from .conftest import IMAGE, Commands


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["a paper boat"], "rushes generate PROMPT --model MODEL"),
        (["models", "lv"], "rushes models show lv"),
        (["models", "Kling 3.0"], "rushes models show 'Kling 3.0'"),
        (["jobs", "last"], "rushes jobs show last"),
        (["genrate"], "Did you mean generate?"),
        (["models", "shwo"], "Did you mean show?"),
    ],
)
def test_word_that_is_no_command(rushes: Commands, words: list[str], hint: str) -> None:
    """A prompt, a model or a job in a command's place is told where it belongs."""
    done = rushes(*words)
    assert (done.code, hint in done.err) == (2, True), done.err


@pytest.mark.parametrize("output", ["boat.png", "films/boat.MP4"])
def test_output_is_a_folder(rushes: Commands, output: str) -> None:
    """A file's name as --output is refused before anything is paid, and makes no folder."""
    done = rushes(*IMAGE, "--output", output)
    assert (done.code, "is the name of a file" in done.err) == (2, True), done.err
    assert not Path(output).parent.joinpath(Path(output).name).exists()
    assert rushes.sandbox.creates() == 0


def test_folder_that_looks_like_a_file(rushes: Commands) -> None:
    """A folder that is there may be called anything."""
    Path("stills.png").mkdir()
    assert rushes(*IMAGE, "--output", "stills.png", "-q").code == 0
    assert len(list(Path("stills.png").glob("*.png"))) == 1


def test_output_below_a_file(rushes: Commands) -> None:
    """A folder that cannot be made is refused before anything is paid."""
    Path("notes").write_text("a file")
    done = rushes(*IMAGE, "--output", "notes/films")
    assert (done.code, "no folder to write into" in done.err) == (2, True), done.err
    assert rushes.sandbox.creates() == 0


def test_events_are_words(rushes: Commands) -> None:
    """The page of a job says each event in words."""
    rushes(*IMAGE, "-q")
    shown = rushes("jobs", "show", "last").out
    assert "a file has come, and is whole" in shown
    assert "output-checked" not in shown


def test_log_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning is said once, and not for a job whose progress is shown."""
    log = logging.getLogger("rushes.engine.runner")
    with told_once(lambda: None, lambda: {"j1"}, quiet=False):
        for _ in range(3):
            log.warning("job %s waits: %s", "j1", "the disk is full")
            log.warning("job %s waits: %s", "j2", "the disk is full")
    assert capsys.readouterr().err == "job j2 waits: the disk is full\n"


def test_log_without_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault is one line that says how to see more, also with --quiet; its own text is not."""
    log = logging.getLogger("rushes.sandbox.http")
    monkeypatch.delenv("RUSHES_DEBUG", raising=False)
    with told_once(lambda: None, set, quiet=True):
        log.warning("something waits")
        try:
            raise ValueError("what may hold anything")
        except ValueError:
            log.exception("sandbox request failed")
    said = capsys.readouterr().err
    assert said == ("sandbox request failed: ValueError (for the traceback, set RUSHES_DEBUG=1)\n")
