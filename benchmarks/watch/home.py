"""A home folder of Rushes whose store holds running jobs, as after so many real submits."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.watch.world import KEY, Made, Wire, World
from rushes.client.aio import AsyncRushes
from rushes.engine.intake import digest, new_id
from rushes.requests import from_wire
from rushes.store.job import Credits, Entry, Job, Quote
from rushes.store.protocol import Sample
from rushes.store.sqlite import SqliteStore

PRICE = 20


async def fill(
    home: Path,
    world: World,
    wire: Wire,
    made: Sequence[Made],
    samples: Sequence[Sample] = (),
    *,
    key: str = KEY,
) -> None:
    """Store a running job for each task."""
    os.environ.update(world.environment(home, key))
    async with AsyncRushes(home=home) as client:
        house = client.session.house
        model = house.catalog.model(wire.model)
        credential = house.credentials.get(wire.provider, sandbox=False)
        hours = credential.provider.output_retention_hours

        async def insert(one: Made) -> None:
            request = from_wire(model, {"prompt": one.prompt, **wire.params})
            job = Job(
                id=new_id(one.at),
                state="running",
                provider=wire.provider,
                model=model.full_id,
                credential=credential.fingerprint,
                request=dict(request),
                digest=digest(model.full_id, request),
                idempotency_key=f"rushes-{one.task}",
                quote=Quote(credits=PRICE, source="table"),
                attempt=1,
                task_id=one.task,
                created_at=one.at,
                submitted_at=one.at,
                deadline_at=one.at + credential.provider.poll.deadline,
                expires_at=None if hours is None else one.at + hours * 3600,
                next_at=one.at,
                credits=Credits(reserved=PRICE),
            )
            entry = Entry(job_id=job.id, at=one.at, kind="reserve", credits=PRICE, source="quote")
            await house.store.insert(job, entries=(entry,))

        for start in range(0, len(made), 256):
            await asyncio.gather(*(insert(one) for one in made[start : start + 256]))
        for sample in reversed(samples):
            await house.store.add_sample(sample)


async def seen(home: Path) -> dict[str, float]:
    """Return when each task was recorded as done, by task."""
    store = SqliteStore(home / "rushes.sqlite3")
    await store.open()
    try:
        tasks: dict[str, str] = {}
        found: dict[str, float] = {}
        after = 0
        while events := await store.events(after=after):
            after = events[-1].seq
            for event in events:
                if event.kind == "archiving":
                    tasks[event.job_id] = ""
                    found[event.job_id] = event.at
        for job_id in tasks:
            tasks[job_id] = str((await store.job(job_id)).task_id)
        return {tasks[job_id]: at for job_id, at in found.items()}
    finally:
        await store.close()


async def samples_of(home: Path, model: str) -> list[Sample]:
    """Return what a home has learned of a model's times."""
    store = SqliteStore(home / "rushes.sqlite3")
    await store.open()
    try:
        return await store.samples(model, sandbox=False)
    finally:
        await store.close()
