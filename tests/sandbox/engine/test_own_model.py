"""A model that the user's own catalog file adds, generated end to end."""

from pathlib import Path

import pytest

from rushes.catalog import load
from rushes.client.aio import AsyncRushes
from rushes.sandbox import Sandbox

from .lab import KEY, Lab, asynchronous, is_whole

BOAT = """
schema = 1

[provider]
id = "mediaio"

[[model]]
id = "paper-boat"
name = "Paper Boat"
capabilities = ["text-to-image"]
path = "/generation/boat/t2i-paper-boat"
params = [{ name = "prompt", wire = "text", kind = "text", form = "string", required = true }]
"""


def write(home: Path) -> None:
    (home / "catalog").mkdir(parents=True)
    (home / "catalog" / "mine.toml").write_text(BOAT, encoding="utf-8")


@asynchronous
async def test_a_model_of_the_users_own_generates_end_to_end(lab: Lab) -> None:
    """Found by its name, sent to its own path under its own wire name; the file arrives."""
    write(lab.home)
    with Sandbox(lab.sandbox.settings, catalog=load(lab.home)) as sandbox:
        sandbox.freeze()
        async with Lab(sandbox, lab.home).client() as client:
            job = await client.generate("Paper Boat", "a boat")
            await job.wait()
        assert is_whole(job)
        assert job.model == "mediaio/paper-boat"
        (sent,) = sandbox.requests(action="create")
        assert sent.url.endswith("/generation/boat/t2i-paper-boat")
        assert '"text":"a boat"' in sent.body


@asynchronous
async def test_the_sandbox_inside_the_process_sells_it_too(lab: Lab) -> None:
    """`sandbox=True` knows the models of the home folder that it is used with."""
    write(lab.home)
    async with AsyncRushes(home=lab.home, sandbox=True) as client:
        job = await client.generate("paper-boat", "a boat")
        await job.wait_submitted()
        assert job.status != "failed"
        assert job.task_id is not None


@asynchronous
async def test_files_outlive_the_model_in_the_catalog(lab: Lab) -> None:
    """The catalog lost the model while its task ran: the file is archived all the same."""
    write(lab.home)
    with Sandbox(lab.sandbox.settings, catalog=load(lab.home)) as sandbox:
        sandbox.freeze()
        own = Lab(sandbox, lab.home)
        async with own.client() as client:
            job = await client.generate("paper-boat", "a boat")
            await job.wait_submitted()
        (lab.home / "catalog" / "mine.toml").unlink()
        async with own.client() as later:
            again = await later.job(job.id)
            await again.wait()
            assert is_whole(again)
            with pytest.raises(Exception, match="paper-boat"):
                await later.generate("paper-boat", "a boat")
        assert KEY not in str(again.as_dict())
