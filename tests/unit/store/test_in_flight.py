"""How many jobs of each key have not ended, and facts by the beginning of their names."""

from pathlib import Path

from rushes.store.sqlite import SqliteStore

from .making import change, make_job, make_owner, run


def test_unfinished_jobs_by_credential(path: Path) -> None:
    """Ended jobs do not count; a job of an owner whose lease has ended has none."""

    async def scenario(store: SqliteStore) -> None:
        assert await store.in_flight(now=100.0) == []
        await store.register(make_owner("living", lease_until=200.0))
        await store.register(make_owner("late", lease_until=99.0))
        for number, (credential, owner) in enumerate(
            [("one", "living"), ("one", "late"), ("one", None), ("two", "living"), ("three", None)]
        ):
            await store.insert(make_job(number, credential=credential, owner=owner))
        ended = make_job(4).id
        await store.apply(change(ended, to="canceled"))
        found = await store.in_flight(now=100.0)
        assert {one.credential: (one.jobs, one.unheld) for one in found} == {
            "one": (3, 2),
            "two": (1, 0),
        }
        assert {(one.provider, one.sandbox) for one in found} == {
            (make_job().provider, make_job().sandbox)
        }

    run(path, scenario)


def test_facts_by_the_beginning_of_their_names(path: Path) -> None:
    """Without those that begin otherwise, and by the rest of the name."""

    async def scenario(store: SqliteStore) -> None:
        for name in ("key name a", "key name b", "key names", "key", "refused a"):
            await store.remember(name, name.upper())
        assert await store.recall_all("key name ") == {"a": "KEY NAME A", "b": "KEY NAME B"}
        assert await store.recall_all("nothing") == {}

    run(path, scenario)
