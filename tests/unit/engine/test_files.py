import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rushes.engine.files import Files
from rushes.errors import StoreError

FILES = Files()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def dead_pid() -> int:
    child = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(child, 0)
    return child


def test_a_copy_overwrites_nothing(tmp_path: Path) -> None:
    """Other bytes under the name: a free name beside it. The same bytes: that is the copy."""
    source, folder = tmp_path / "source", tmp_path / "out"
    source.write_bytes(b"new")
    folder.mkdir()
    (folder / "boat.png").write_bytes(b"old")
    assert FILES.copy(source, folder / "boat.png") == folder / "boat-2.png"
    assert FILES.copy(source, folder / "boat.png") == folder / "boat-2.png"
    assert (folder / "boat.png").read_bytes() == b"old"
    assert (folder / "boat-2.png").read_bytes() == b"new"
    assert names(folder) == ["boat-2.png", "boat.png"]


def test_a_copy_does_not_take_a_folder_or_a_dangling_link_for_free(tmp_path: Path) -> None:
    """Whatever has the name keeps it."""
    source, folder = tmp_path / "source", tmp_path / "out"
    source.write_bytes(b"new")
    (folder / "boat.png").mkdir(parents=True)
    (folder / "boat-2.png").symlink_to(tmp_path / "nowhere")
    made = FILES.copy(source, folder / "boat.png")
    assert made == folder / "boat-3.png"
    assert made.read_bytes() == b"new"


def test_a_copy_where_no_hard_links_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without them: the copy is made all the same, and overwrites nothing."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    source = tmp_path / "source"
    source.write_bytes(b"new")
    wanted = tmp_path / "out" / "boat.png"
    assert FILES.copy(source, wanted) == wanted
    source.write_bytes(b"newer")
    assert FILES.copy(source, wanted) == wanted.with_stem("boat-2")
    assert names(wanted.parent) == ["boat-2.png", "boat.png"]


def test_temporary_files_of_the_dead_are_removed_and_those_of_the_living_are_not(
    tmp_path: Path,
) -> None:
    """The next write of the same name tidies up; a name that only looks alike stays."""
    dead = tmp_path / f".job.json.{dead_pid()}-0a1b2c3d.part"
    living = tmp_path / f".job.json.{os.getppid()}-0a1b2c3d.part"
    alike = tmp_path / ".job.json.notes.part"
    for path in (dead, living, alike):
        path.write_bytes(b"half")
    FILES.write_whole(tmp_path / "job.json", b"whole")
    assert not dead.exists()
    assert living.exists()
    assert alike.exists()
    assert (tmp_path / "job.json").read_bytes() == b"whole"


@pytest.mark.parametrize(
    "write",
    [
        lambda path, number: FILES.write_whole(path, b"x" * 100_000),
        lambda path, number: FILES.copy(path.parent.parent / "source", path),
    ],
    ids=["write_whole", "copy"],
)
def test_threads_that_write_one_file_do_not_disturb_each_other(
    tmp_path: Path, write: Callable[[Path, int], Any]
) -> None:
    """Equal bytes from many sides: whole at each moment, nothing left behind, no error."""
    (tmp_path / "source").write_bytes(b"x" * 100_000)
    path, errors = tmp_path / "inputs" / "same", []

    def work(number: int) -> None:
        try:
            for _ in range(10):
                write(path, number)
                assert path.stat().st_size == 100_000
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert path.read_bytes() == b"x" * 100_000
    assert not [name for name in names(path.parent) if name.endswith(".part")]


def test_what_is_stored_is_read_only_and_shares_its_bytes(tmp_path: Path) -> None:
    """A further name costs no further bytes; a name that exists is left as it is."""
    part, final = tmp_path / "parts" / "1.part", tmp_path / "objects" / "ab" / "1.png"
    part.parent.mkdir()
    part.write_bytes(b"bytes")
    FILES.place(part, final)
    assert not part.exists()
    assert final.stat().st_mode & 0o777 == 0o444
    FILES.link(final, tmp_path / "shelf" / "1.png")
    FILES.link(final, tmp_path / "shelf" / "1.png")
    assert (tmp_path / "shelf" / "1.png").samefile(final)


def test_a_link_to_what_is_gone_is_an_error_and_no_dangling_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        FILES.link(tmp_path / "gone", tmp_path / "shelf" / "1.png")
    assert names(tmp_path / "shelf") == []


def test_a_disk_that_refuses_is_said_with_the_path_and_the_next_step(tmp_path: Path) -> None:
    """And nothing half is left."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="The disk refuses") as caught:
        FILES.write_whole(tmp_path / "file" / "below", b"data")
    assert "rushes jobs resume" in caught.value.next_step
