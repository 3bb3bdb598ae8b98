from pathlib import Path

import apsw
import pytest

from rushes.store.database import connect, create_file, load_migrations, migrate
from rushes.store.job import Credits
from rushes.store.protocol import Store

from .making import change, run

LAYOUT_1 = Path(__file__).with_name("layout-1.sql")
"""A store as the first layout wrote it, with one job in it. Never changed after a release."""


def layout_of(path: Path) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return list(
            connection.execute(
                "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
            )
        )
    finally:
        connection.close()


def test_store_of_first_layout_opens_and_works(path: Path) -> None:
    """A store written by the first layout is brought up to date, and its job goes on."""
    path.parent.mkdir()
    connection = apsw.Connection(str(path))
    connection.execute(LAYOUT_1.read_text("utf-8"))
    connection.close()

    async def scenario(store: Store) -> None:
        job = await store.job("job-000001")
        assert (job.state, job.task_id, job.outputs[0].sha256) == ("running", "task-1", "ab")
        assert job.credits == Credits(charged=25)
        assert [entry.kind for entry in await store.entries(job.id)] == ["reserve", "charge"]
        assert (await store.submissions(job.id))[0].body == b"{}"
        assert await store.secret() == bytes(range(32))
        after = await store.apply(change(job, to="archiving"))
        assert after.state == "archiving"
        kinds = [event.kind for event in await store.events()]
        assert kinds == ["queued", "submitting", "running", "archiving"]

    run(path, scenario)


def test_old_store_ends_with_the_layout_of_a_new_one(path: Path, tmp_path: Path) -> None:
    """After all migrations an old file and a new one have the same tables and indexes."""
    path.parent.mkdir()
    connection = apsw.Connection(str(path))
    connection.execute(LAYOUT_1.read_text("utf-8"))
    connection.close()
    new = tmp_path / "new" / "store.db"
    for file in (path, new):
        run(file, lambda store: store.watch_changes())
    assert layout_of(path) == layout_of(new)


def test_steps_are_taken_one_after_another(path: Path) -> None:
    """Each migration runs once, in order, and the layout number tells how far it came."""
    create_file(path)
    connection = connect(path)
    first = load_migrations()[:1]
    second = (*first, "ALTER TABLE meta ADD COLUMN colour TEXT")
    third = (*second, "UPDATE meta SET colour = 'red'")
    migrate(connection, path, first)
    connection.execute("INSERT INTO meta (name, value) VALUES ('a', x'00')")
    migrate(connection, path, third)
    migrate(connection, path, third)
    assert connection.execute("SELECT colour FROM meta").get == "red"
    assert connection.execute("PRAGMA user_version").get == 3
    connection.close()


def test_failed_step_leaves_the_layout_before_it(path: Path) -> None:
    """A migration that fails half way leaves no trace."""
    create_file(path)
    connection = connect(path)
    migrate(connection, path, load_migrations()[:1])
    broken = (*load_migrations()[:1], "CREATE TABLE half (way TEXT); CREATE NONSENSE")
    with pytest.raises(apsw.SQLError):
        migrate(connection, path, broken)
    assert connection.execute("PRAGMA user_version").get == 1
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").get
    connection.close()
