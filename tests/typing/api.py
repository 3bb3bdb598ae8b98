"""The public API as type checkers see it. Checked by mypy and pyright, never run."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

import rushes


def blocking() -> None:
    with rushes.Rushes(home=Path("home"), sandbox=True) as client:
        assert_type(client, rushes.Rushes)
        job = client.generate(
            "kling-3.0",
            "a paper boat",
            image=Path("boat.png"),
            duration=5,
            output="pictures",
            idempotency_key="boat-1",
            max_credits=100,
        )
        assert_type(job, rushes.Job)
        assert_type(job.wait(timeout=60.0), rushes.Job)
        assert_type(job.id, str)
        assert_type(job.outputs, tuple[rushes.Output, ...])
        assert_type(job.outputs[0].path, Path)
        assert_type(job.outputs[0].bytes(), bytes)
        assert_type(job.credits.charged, int | None)
        assert_type(job.error, rushes.RushesError | None)
        assert_type(job.events(), Iterator[rushes.Event])
        assert_type(job.cancel(), rushes.Job)
        assert_type(client.quote("t2v", "a boat", duration=5), rushes.Quote)
        assert_type(client.preview("t2v", "a boat"), rushes.Preview)
        assert_type(client.jobs(unfinished=True), list[rushes.Job])
        assert_type(client.credits(), list[rushes.Account])
        assert_type(client.spend(by="model"), list[rushes.Spend])
        assert_type(client.verify("last", fetch=False), rushes.Verification)
        client.spend(by="colour")  # type: ignore[arg-type]
        client.generate("lv", ["one", "two"], image=b"...")
        client.generate("t2v", 5)  # type: ignore[arg-type]
        client.generate("t2v", max_credits="5")  # type: ignore[arg-type]
        client.generate()  # type: ignore[call-arg]
        client.jobs(status="finished")  # type: ignore[arg-type]


async def asynchronous() -> None:
    async with rushes.AsyncRushes(sandbox="http://127.0.0.1:8787") as client:
        assert_type(client, rushes.AsyncRushes)
        job = await client.generate("t2v", "a boat", duration=5, aspect_ratio="16:9")
        assert_type(job, rushes.AsyncJob)
        assert_type(await job.wait(), rushes.AsyncJob)
        assert_type(job.events(), AsyncIterator[rushes.Event])
        assert_type(await client.quote("t2v"), rushes.Quote)
        assert_type(await client.jobs(), list[rushes.AsyncJob])


def errors(error: rushes.RushesError) -> None:
    assert_type(error.code, str)
    assert_type(error.retry_after, float | None)
    if isinstance(error, rushes.RequestError):
        assert_type(error.problems, tuple[rushes.Problem, ...])
