import asyncio
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from rushes.errors import StoreError
from rushes.store import database
from rushes.store.protocol import Filter, Store
from rushes.store.sqlite import SqliteStore

from .making import entry, make_job, run


async def fill(store: Store) -> None:
    await store.insert(make_job(), entries=(entry("reserve", 30),))


def opening_fails(path: Path) -> str:
    with pytest.raises(StoreError) as raised:
        run(path, lambda store: store.watch_changes())
    assert raised.value.next_step
    return str(raised.value)


def test_file_and_folder_are_for_this_user_alone(path: Path) -> None:
    """Folder, file and what SQLite keeps beside it are readable by nobody else."""

    async def scenario(store: Store) -> dict[str, int]:
        await fill(store)
        files = [path.parent, *path.parent.iterdir()]
        return {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}

    modes = run(path, scenario)
    assert modes == {
        "home": 0o700,
        "store.db": 0o600,
        "store.db-wal": 0o600,
        "store.db-shm": 0o600,
    }


def test_commits_are_durable_and_checked(path: Path) -> None:
    """The log is written ahead and synced at each commit; references are enforced."""

    async def scenario(store: SqliteStore) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return await store._write(lambda db: [db.execute(f"PRAGMA {name}").get for name in names])

    assert run(path, scenario) == ["wal", 2, 1]


def test_closing_leaves_one_file(path: Path) -> None:
    """The last store to close leaves nothing beside the file."""
    run(path, fill)
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]


def test_empty_file_becomes_a_store(path: Path) -> None:
    """A process that died before the first layout was written left nothing in the way."""
    database.create_file(path)
    run(path, fill)
    assert run(path, lambda store: store.count(Filter())) == {"queued": 1}


def insert_together(path: Path, number: int, together: threading.Barrier) -> bool:
    """Open the store at the same moment as the others, and insert a job of one's own."""
    together.wait(30)
    return run(path, lambda store: store.insert(make_job(number))).new


def test_first_opening_by_many_at_once_works_for_all(tmp_path: Path) -> None:
    """However many open a new file at the same moment, each has the whole layout."""
    with ThreadPoolExecutor(6) as pool:
        for turn in range(20):
            path = tmp_path / str(turn) / "store.db"
            together = threading.Barrier(6)
            futures = [pool.submit(insert_together, path, number, together) for number in range(6)]
            assert all(future.result() for future in futures)
            assert run(path, lambda store: store.count(Filter())) == {"queued": 6}


def test_opening_twice_is_one_store(path: Path) -> None:
    """A second open of an open store does nothing."""

    async def scenario(store: SqliteStore) -> None:
        writer = store._writer
        await store.open()
        assert store._writer is writer

    run(path, scenario)


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("3.40.1", False), ("3.51.2", False), ("3.51.3", True), ("3.54.1", True), ("4.0.0", True)],
)
def test_old_sqlite_is_refused(version: str, accepted: bool) -> None:
    """A library that can lose commits is refused, with the command that brings a newer one."""
    if accepted:
        database.check_library(version)
    else:
        with pytest.raises(StoreError, match=r"pip install --upgrade .apsw>=3\.51\.3"):
            database.check_library(version)


def test_old_sqlite_keeps_the_store_shut(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With such a library nothing is opened or made."""
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.40.1")
    assert "3.40.1" in opening_fails(path)
    assert not path.parent.exists()


def test_newer_layout_is_refused(path: Path) -> None:
    """A file of a newer release is left as it is, and the upgrade is named."""
    run(path, fill)
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    assert "pip install --upgrade rushes" in opening_fails(path)
    assert path.read_bytes() == before


def test_database_of_something_else_is_refused(path: Path) -> None:
    """Another program's database is not taken for a store."""
    path.parent.mkdir()
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()
    assert "not a store of Rushes" in opening_fails(path)


def test_file_that_is_no_database_is_refused(path: Path) -> None:
    """A file that SQLite cannot read is named, not overwritten."""
    path.parent.mkdir()
    path.write_bytes(b"certainly not a database" * 400)
    assert "is not a SQLite database" in opening_fails(path)
    assert path.read_bytes().startswith(b"certainly")


def spoil(path: Path, page: int, pages: int = 1) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x7f" * 4096 * pages)


def test_damaged_file_is_told(path: Path) -> None:
    """A file that is damaged all over does not open, and the way to save the rest is named."""
    run(path, fill)
    spoil(path, 2, path.stat().st_size // 4096 - 1)
    told = opening_fails(path)
    assert "is damaged" in told
    assert ".recover" in told


def test_damaged_page_is_told_when_it_is_met(path: Path) -> None:
    """Where only some pages are damaged, reading and writing them is an error."""
    run(path, fill)
    connection = apsw.Connection(str(path))
    page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'jobs'").get
    connection.close()
    assert isinstance(page, int)
    spoil(path, page)

    async def scenario(store: Store) -> None:
        with pytest.raises(StoreError, match=r"is damaged[^$]*\.recover"):
            await store.jobs(Filter())
        with pytest.raises(StoreError, match="is damaged"):
            await store.insert(make_job(2))

    run(path, scenario)


@pytest.mark.parametrize("where", ["folder-is-file", "file-is-folder"])
def test_path_that_cannot_be_is_told(path: Path, where: str) -> None:
    """A path that cannot be opened is an error that names RUSHES_HOME."""
    if where == "folder-is-file":
        path.parent.write_text("")
    else:
        path.mkdir(parents=True)
    assert "RUSHES_HOME" in opening_fails(path)


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """A folder in which this process may not write, also when the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_folder_without_permission_is_told(foreign_folder: Path) -> None:
    """A folder that cannot be written to is an error that names it and RUSHES_HOME."""
    told = opening_fails(foreign_folder / "store.db")
    assert f"Make {foreign_folder} writable" in told
    assert list(foreign_folder.iterdir()) == []


def test_failed_opening_may_be_repeated(path: Path) -> None:
    """The same store opens once the obstacle is gone."""
    store = SqliteStore(path)
    path.mkdir(parents=True)
    with pytest.raises(StoreError):
        asyncio.run(store.open())
    path.rmdir()

    async def scenario() -> None:
        await store.open()
        await fill(store)
        assert await store.count(Filter()) == {"queued": 1}
        await store.close()

    asyncio.run(scenario())
