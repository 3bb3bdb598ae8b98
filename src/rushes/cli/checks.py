"""The checks of `rushes doctor`, each with its remedy."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from rushes.catalog import Catalog, load
from rushes.cli.common import Common
from rushes.cli.notice import archiving, expiring
from rushes.cli.output import size, span
from rushes.client.aio import AsyncRushes
from rushes.client.records import Account
from rushes.config import Config
from rushes.errors import RushesError
from rushes.store.protocol import Filter

Status = Literal["ok", "note", "warning", "fail"]

CONNECTION = "Look at the connection, and at HTTPS_PROXY where one is set."
LEAST_FREE_BYTES = 1 << 30
LEAST_SQLITE = (3, 51, 3)
"""The first release whose write-ahead log cannot lose commits at a reset."""


class Finding(NamedTuple):
    """What a check found, and what to do about it."""

    name: str
    status: Status
    detail: str
    remedy: str = ""


def _failed(name: str, error: RushesError, remedy: str = "") -> Finding:
    return Finding(name, "fail", error.message, remedy or error.next_step)


async def all_findings(common: Common, *, offline: bool) -> AsyncIterator[Finding]:
    """Make each check, whatever the ones before it have found."""
    try:
        config = Config(home=common.home, sandbox=common.sandbox_argument())
    except RushesError as error:
        yield _failed("settings", error)
        return
    yield Finding("settings", "ok", f"home is {config.home} ({config.home_source})")
    try:
        catalog = load(config.home)
    except RushesError as error:
        yield _failed("catalog", error)
        return
    count = len(catalog.models())
    yield Finding("catalog", "ok", f"{count} models of {', '.join(catalog.providers)}")
    for finding in keys(config, catalog):
        yield finding
    yield sqlite_version()
    store = await store_whole(config)
    yield store
    if not offline and store.status != "fail":
        async for finding in balances(common, config):
            yield finding
    yield await asyncio.to_thread(archive, config)
    yield disk(config)
    yield await asyncio.to_thread(sandbox, config)
    if store.status != "fail":
        async for finding in waiting_jobs(common):
            yield finding


def keys(config: Config, catalog: Catalog) -> Iterator[Finding]:
    """Look for each provider's key, and who can read the keys file."""
    for provider in catalog.providers.values():
        name = "key"
        try:
            own = config.environment_key(provider.id, provider.auth.environment)
            found = [one for one in (own, *config.named_keys(provider.id)) if one is not None]
        except RushesError as error:
            yield _failed(name, error)
            continue
        if not found:
            yield Finding(
                name,
                "note",
                f"none for {provider.id}: {' and '.join(provider.auth.environment)} not set, "
                "none stored",
                f"Make one at {provider.pages.key}, then: rushes keys set {provider.id}",
            )
        for key in found:
            called = f" ({key.name})" if len(found) > 1 else ""
            yield Finding(name, "ok", f"{provider.id}: {key.masked}{called} from {key.source}")
    if not config.keys_file_is_private():
        yield Finding(
            "keys file",
            "fail",
            f"others on this machine may read {config.keys_file}",
            f"Run: chmod 600 {config.keys_file}",
        )


def sqlite_version() -> Finding:
    """Look whether the SQLite that comes with apsw is free of the bug that loses commits."""
    import apsw

    found = apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")) < LEAST_SQLITE:
        least = ".".join(str(part) for part in LEAST_SQLITE)
        return Finding(
            "SQLite",
            "fail",
            f"{found} is too old: it may lose commits (fixed in {least})",
            "Run: pip install --upgrade apsw",
        )
    return Finding("SQLite", "ok", found)


async def store_whole(config: Config) -> Finding:
    """Open the store, and let SQLite look for damage."""
    from rushes.store.sqlite import SqliteStore

    path = config.home / "rushes.sqlite3"
    if not path.exists() and not config.home.exists():
        return Finding("store", "ok", f"{path} will be made with the first job")
    store = SqliteStore(path)
    try:
        await store.open()
        counts = await store.count(Filter())
        await store.close()
    except RushesError as error:
        return _failed("store", error, error.next_step or f"Look at {path}")
    damage = await asyncio.to_thread(_damage, path)
    if damage:
        return Finding(
            "store",
            "fail",
            f"{path} is damaged: {damage}",
            f"Copy {path} away, and restore it from a backup; rushes jobs adopt takes over tasks.",
        )
    total = sum(counts.values())
    return Finding("store", "ok", f"{path}, {total} job{'' if total == 1 else 's'}, undamaged")


def _damage(path: Path) -> str:
    import apsw

    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except apsw.Error as error:
        return str(error)
    finally:
        connection.close()
    return "" if found == ["ok"] else "; ".join(found)


async def balances(common: Common, config: Config) -> AsyncIterator[Finding]:
    """Ask each provider that has a key for the balance."""
    try:
        async with AsyncRushes(home=common.home, sandbox=common.sandbox_argument()) as client:
            accounts = await client.credits()
    except RushesError as error:
        yield _failed("balance", error)
        return
    for account in accounts:
        if account.problem is None or account.problem["code"] != "MISSING_CREDENTIAL":
            yield _balance(account)


def _balance(account: Account) -> Finding:
    of = " (sandbox)" if account.sandbox else ""
    if account.problem is not None:
        message, _, step = str(account.problem["message"]).partition("\n")
        if "rushes doctor" in step:
            step = "See `sandbox` below." if account.sandbox else CONNECTION
        return Finding("balance", "fail", f"{account.provider}{of}: {message}", step)
    if account.credits is None:
        return Finding("balance", "warning", f"{account.provider}{of}: the answer shows none")
    if account.credits <= 0:
        return Finding(
            "balance", "warning", f"{account.provider}{of}: {account.credits} credits", "Add some."
        )
    return Finding("balance", "ok", f"{account.provider}{of}: {account.credits:,} credits")


def archive(config: Config) -> Finding:
    """Write a file into the archive, and remove it."""
    folder = config.archive
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"rushes")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Finding(
            "archive",
            "fail",
            f"{folder} cannot be written to: {error.strerror}",
            "Set RUSHES_ARCHIVE to a folder of yours, or make this one writable.",
        )
    return Finding("archive", "ok", f"{folder} ({config.archive_source})")


def disk(config: Config) -> Finding:
    """Look how much space is left where outputs go."""
    folder = config.archive
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        return Finding(
            "disk",
            "fail",
            f"only {size(free)} are free at {folder}",
            "Free some space, or set RUSHES_ARCHIVE to a folder on another disk.",
        )
    return Finding("disk", "ok", f"{size(free)} free at {folder}")


def sandbox(config: Config) -> Finding:
    """Ask the sandbox for its health: the one whose address is set, else one made for this."""
    from rushes.cli.sandbox_record import fetch

    try:
        if isinstance(config.sandbox, str):
            fetch(config.sandbox, "/_sandbox/health")
            return Finding("sandbox", "ok", f"answers at {config.sandbox}")
        from rushes.sandbox import Sandbox

        world = config.home / "sandbox" / "world.sqlite3"
        one = Sandbox(path=world if world.exists() else None)
        try:
            one.start()
            fetch(one.url, "/_sandbox/health")
        finally:
            one.close()
    except RushesError as error:
        return _failed("sandbox", error)
    return Finding("sandbox", "ok", "starts and answers")


async def waiting_jobs(common: Common) -> AsyncIterator[Finding]:
    """Look for jobs that need a person, or whose outputs are soon gone."""
    config = Config(home=common.home)
    if not (config.home / "rushes.sqlite3").exists():
        return
    try:
        async with AsyncRushes(home=common.home) as client:
            uncertain = await client.jobs(status="uncertain", limit=1000)
    except RushesError as error:
        yield _failed("jobs", error)
        return
    undecided = [job for job in uncertain if job.needs_decision]
    if undecided:
        yield Finding(
            "decisions",
            "fail",
            f"{len(undecided)} uncertain: {', '.join(job.id for job in undecided[:5])}",
            f"See what is known: rushes jobs show {undecided[0].id}",
        )
    else:
        yield Finding("decisions", "ok", "no job waits for one")
    yield _archiving(config.home)
    soon = expiring(config.home)
    if soon:
        left = max(0.0, (soon[0].expires_at or 0.0) - time.time())
        yield Finding(
            "expiring",
            "fail",
            f"{len(soon)} unwatched, the first goes in {span(left)}: "
            f"{', '.join(job.id for job in soon[:5])}",
            "Fetch them: rushes jobs resume",
        )
    else:
        yield Finding("expiring", "ok", "no unwatched job loses its outputs soon")


def _archiving(home: Path) -> Finding:
    waiting = archiving(home)
    if not waiting:
        return Finding("archiving", "ok", "no finished job waits for its files")
    first = min(job.seen_at or job.created_at for job in waiting)
    return Finding(
        "archiving",
        "fail",
        f"{len(waiting)} finished, but the files are not here, the first since "
        f"{span(time.time() - first)}: {', '.join(job.id for job in waiting[:5])}",
        "Where `disk` or `archive` fail, mend that. Then: rushes jobs resume",
    )
