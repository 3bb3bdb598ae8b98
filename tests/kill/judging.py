"""Kills one generation of a case, lets the next process go on, and checks what was promised."""

import asyncio
import contextlib
import hashlib
import json
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rushes.catalog import load
from rushes.client.aio import AsyncRushes
from rushes.client.job import AsyncJob
from rushes.engine.virtual import VirtualClock
from rushes.errors import RushesError
from rushes.requests import to_wire
from rushes.sandbox import Sandbox, Settings
from rushes.store.protocol import Filter
from rushes.store.sqlite import SqliteStore

from .cases import LISTS, OF_FAILURES, OF_MEDIAIO, PROMPT, QUICK, REFUNDS, VIDEO, Case
from .mortals import KEY, Mortals

OTHERS = 30
"""So many tasks another tool creates after the death, where the list is cut off: for some more
than it shows."""

PATIENCE = 900.0
"""Seconds for which a person leaves an uncertain job to its evidence."""


class End(NamedTuple):
    """How a killed generation ended, and whether a person had to say what had become of it."""

    state: str
    settled: str | None


def begin(sandbox: Sandbox, case: Case) -> None:
    """Make a new world in which the account has an older task."""
    sandbox.reset()
    sandbox.freeze()
    sandbox.set(**_plain() | QUICK | case.settings)
    sandbox.clear_faults()
    _create(sandbox, VIDEO | {"prompt": "an older boat"})
    sandbox.advance(60.0)
    if case.fails:
        sandbox.fault(f"create:fail:model={case.request['model']}")


def die(
    sandbox: Sandbox, mortals: Mortals, home: Path, case: Case, points: Iterable[int]
) -> set[str | None]:
    """Die at each of the points in turn; returns in which states the job was found thereafter."""
    left: set[str | None] = set()
    for point in points:
        mortals.run(url=sandbox.url, home=str(home), request=case.request, die_at=point)
        left.add(state_left(home))
    if case.settings.get("list_cap") is not None:
        sandbox.advance(1.0)
        for number in range(OTHERS):
            _create(sandbox, VIDEO | {"prompt": f"another boat, {number}"})
    return left


def judge(sandbox: Sandbox, home: Path, case: Case, left: set[str | None]) -> End:
    """Let the next process go on, and check all that was promised.

    `left` are the states in which the job was found after each death.
    """
    return asyncio.run(_judge(sandbox, home, case, left))


async def _judge(sandbox: Sandbox, home: Path, case: Case, left: set[str | None]) -> End:
    client = AsyncRushes(
        home=home,
        base_urls={"mediaio": sandbox.url, "aivideomaker": sandbox.url},
        allow_unpriced=True,
        clock=shared_clock(sandbox),
    )
    async with client, asyncio.timeout(60):
        job = await client.generate(output=home.parent / "out", **case.request)
        settled = await _to_the_end(sandbox, client, job)
        entries = await client.session.store.entries(job.id)
        jobs = await client.jobs()
    assert [one.id for one in jobs] == [job.id]
    kinds = [entry.kind for entry in entries]
    assert kinds.count("reserve") <= 1
    assert kinds.count("charge") <= 1
    assert job.credits.reserved == 0
    assert job.status == ("failed" if case.fails else "succeeded"), job.error
    _check_books(sandbox, case, job)
    if settled is not None:
        assert "submitting" in left
        assert case.provider == "mediaio" or case.settings.get("list_cap") == 20
    _check_files(home, job)
    return End(job.status, settled)


async def _to_the_end(sandbox: Sandbox, client: AsyncRushes, job: AsyncJob) -> str | None:
    """Wait for a job's end; where only a person can say what became of it, do as one would."""
    settled, patience = None, None
    await client.session.work_on(sandbox=False)
    async for record in client.session.changes(job.id):
        now = client.session.clock.now()
        if record.ended:
            break
        if record.state != "uncertain":
            patience = None
            continue
        patience = patience or now + PATIENCE
        await job.refresh()
        if settled is None and (job.needs_decision or now > patience):
            task = _our_tasks(sandbox)
            with contextlib.suppress(RushesError):
                if task:
                    await job.resolve(found=task[0])
                else:
                    await job.resolve(resend=True)
                settled = "found" if task else "resent"
    await job.refresh()
    return settled


def _check_books(sandbox: Sandbox, case: Case, job: AsyncJob) -> None:
    """One task was created and charged, and it is the job's."""
    ours = _our_tasks(sandbox)
    assert ours == [job.task_id]
    charges = [one for one in sandbox.charges() if one.task in ours]
    late = case.fails and case.settings.get("charge_at") == "completion"
    assert len(charges) == (0 if late else 1)
    if job.credits.charged is not None and charges:
        assert job.credits.charged == charges[0].credits


def _check_files(home: Path, job: AsyncJob) -> None:
    """Every output is there and whole, once, and nobody left a temporary file."""
    assert list(home.parent.rglob("*.part")) == []
    objects = [path for path in (home / "archive" / "objects").rglob("*") if path.is_file()]
    copies = list((home.parent / "out").glob("*"))
    wanted = 1 if job.status == "succeeded" else 0
    assert len(job.outputs) == len(objects) == len(copies) == wanted
    for output in job.outputs:
        for path in (output.path, *objects, *copies):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == output.sha256
    if wanted:
        (shown,) = (home / "archive").rglob("job.json")
        assert json.loads(shown.read_bytes())["id"] == job.id


def shared_clock(sandbox: Sandbox) -> VirtualClock:
    """Make the next process' clock: it begins at the sandbox's time, which goes along."""
    shared: list[Sandbox] = []

    def tell(seconds: float) -> None:
        for one in shared:
            one.advance(seconds)

    clock = VirtualClock(on_advance=tell)
    clock.leap(sandbox.now() - clock.now())
    shared.append(sandbox)
    return clock


def state_left(home: Path) -> str | None:
    """Read what a dead process left: the job's state, None where there is no job."""
    if not (home / "rushes.sqlite3").exists():
        return None

    async def read() -> str | None:
        store = SqliteStore(home / "rushes.sqlite3")
        await store.open()
        try:
            found = await store.jobs(Filter())
        finally:
            await store.close()
        return found[0].state if found else None

    return asyncio.run(read())


def _our_tasks(sandbox: Sandbox) -> list[str]:
    """Find the tasks of the request in the sandbox's own books."""
    with urllib.request.urlopen(f"{sandbox.url}/_sandbox/tasks") as answer:
        tasks = json.loads(answer.read())["tasks"]
    return [task["id"] for task in tasks if task["params"]["prompt"] == PROMPT]


def _create(sandbox: Sandbox, request: dict[str, Any]) -> None:
    """Create a task as another tool would."""
    model = load().model(str(request["model"]))
    values = {name: request[name] for name in ("prompt", "aspect_ratio", "duration")}
    sent = urllib.request.Request(
        sandbox.url + model.path,
        json.dumps(to_wire(model, values)).encode(),
        {"key": KEY, "Content-Type": "application/json"},
    )
    urllib.request.urlopen(sent).close()


def _plain() -> dict[str, Any]:
    """The settings that cases change, as they are where none does."""
    plain = Settings()
    names = {*LISTS, *OF_FAILURES, *OF_MEDIAIO, *REFUNDS}
    return {name: getattr(plain, name) for name in names} | {"default_credits": 10**7}
