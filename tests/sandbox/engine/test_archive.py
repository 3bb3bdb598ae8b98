"""From the provider's link to checked bytes on disk, whatever the link does on the way."""

import errno
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from rushes.engine.credentials import Credential
from rushes.engine.files import Files
from rushes.engine.transport import Transport
from rushes.errors import OutputExpired, OutputInvalid
from rushes.providers.base import RemoteOutput, Task

from .lab import IMAGE, VIDEO, Client, Lab, asynchronous, is_whole

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}


async def ask(client: Client) -> Any:
    return await client.generate(IMAGE, "a paper boat")


def headers(lab: Lab) -> list[dict[str, str]]:
    return [dict(entry.headers) for entry in lab.sandbox.requests(action="download")]


@asynchronous
async def test_a_broken_download_goes_on_where_it_broke_off(lab: Lab) -> None:
    """By Range and If-Range: no byte comes twice, and the whole has the right hash."""
    lab.sandbox.fault("download:truncate:after_bytes=5000:times=2")
    async with lab.client() as client:
        job = await ask(client)
        await job.wait()
        assert is_whole(job)
        first, second, third = headers(lab)
        assert "Range" not in first
        assert (second["Range"], third["Range"]) == ("bytes=5000-", "bytes=10000-")
        assert second["If-Range"] == third["If-Range"]


@pytest.mark.parametrize("effect", ["no-validator", "no-range"])
@asynchronous
async def test_a_download_that_cannot_be_continued_starts_again(lab: Lab, effect: str) -> None:
    """Without a validator, or where Range is ignored, all bytes come again, none doubled."""
    async with lab.client() as client:
        lab.sandbox.fault("download:truncate:after_bytes=5000:times=1")
        lab.sandbox.fault(f"download:{effect}")
        job = await ask(client)
        await job.wait()
        assert is_whole(job)
        assert lab.seen("download") >= 2


class Restless(Transport):
    """Says of each download that the file was another one before."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.asked: list[int] = []

    def download(self, url: str, **given: Any) -> Any:
        self.asked.append(given["start"])
        if given.get("validator"):
            given["validator"] = '"another"'
        return super().download(url, **given)


@asynchronous
async def test_a_file_that_changed_meanwhile_comes_from_its_start(lab: Lab) -> None:
    """If-Range does not match: the server sends the whole file, and the old part is dropped."""
    lab.sandbox.fault("download:truncate:after_bytes=5000:times=1")
    clock = lab.clock()
    transport = Restless(hold=clock.hold, clock=clock.now)
    async with lab.client(clock=clock, seams={"transport": transport}) as client:
        job = await ask(client)
        await job.wait()
        assert is_whole(job)
        assert transport.asked == [0, 5000]


@asynchronous
async def test_a_long_file_over_a_bad_line_still_arrives(lab: Lab) -> None:
    """Tries that bring something new are not counted."""
    lab.sandbox.fault("download:truncate:after_bytes=9000:times=12")
    async with lab.client() as client:
        job = await ask(client)
        await job.wait()
        assert is_whole(job)
        assert lab.seen("download") == 13


@pytest.mark.parametrize("effect", ["wrong-type", "corrupt", "html", "empty"])
@asynchronous
async def test_what_is_no_picture_is_not_a_success(lab: Lab, effect: str) -> None:
    """OUTPUT_INVALID, with the link kept; asked to try again, it is fetched, not generated."""
    lab.sandbox.fault(f"download:{effect}:times=1")
    async with lab.client() as client:
        job = await ask(client)
        with pytest.raises(OutputInvalid) as caught:
            await job.wait()
        assert caught.value.billed == "yes"
        assert job.status == "failed"
        assert job.outputs == ()
        assert job.as_dict()["outputs"][0]["remote_url"].startswith("http")
        assert lab.strays() == []
        await client.resume(job.id)
        await job.wait()
        assert is_whole(job)
        assert job.error is None
        assert lab.posts() == 1


@asynchronous
async def test_a_dead_link_is_asked_for_anew(lab: Lab) -> None:
    """The task is looked at again for a fresh link before anything is given up."""
    lab.sandbox.fault("download:expired-link:times=1")
    async with lab.client() as client:
        job = await ask(client)
        try:
            await job.wait()
        except OutputExpired:
            # The sandbox shows the same link again; it works from the second request on.
            await client.resume(job.id)
            await job.wait()
        assert is_whole(job)
        assert lab.seen("query") >= 2
        assert lab.posts() == 1


@asynchronous
async def test_an_output_that_is_gone_says_so_and_keeps_its_link(lab: Lab) -> None:
    """OUTPUT_EXPIRED; a later resume archives it if the provider has it after all."""
    lab.sandbox.fault("download:expired-link")
    async with lab.client() as client:
        job = await ask(client)
        with pytest.raises(OutputExpired, match="can no longer be had"):
            await job.wait()
        shown = job.as_dict()["outputs"][0]
        assert shown["remote_url"].startswith("http")
        assert shown["problem"]["code"] == "OUTPUT_EXPIRED"
        assert lab.strays() == []
        lab.sandbox.clear_faults()
        await client.resume(job.id)
        await job.wait()
        assert is_whole(job)


@asynchronous
async def test_the_good_outputs_of_a_failed_job_stay(lab: Lab) -> None:
    """Of three, one is bad: two files are here, and resume fetches only the third."""
    lab.sandbox.fault("download:corrupt:nth=2")
    async with lab.client(real=False) as client:
        job = await client.generate(IMAGE, "boats", count=3)
        with pytest.raises(OutputInvalid):
            await job.wait()
        assert len(job.outputs) == 2
        assert is_whole(job)
        before = lab.seen("download")
        await client.resume(job.id)
        await job.wait()
        assert len(job.outputs) == 3
        assert lab.seen("download") == before + 1


@asynchronous
async def test_a_done_task_without_output_is_looked_at_again_on_resume(lab: Lab) -> None:
    """OUTPUT_INVALID and never a success without a file, however often it is asked for."""
    async with lab.client() as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "running")
        credential = client.session.house.credential(await client.stored(job))
        adapter = credential.adapter
        query = adapter.query
        shown: list[RemoteOutput] = []

        def empty(task_id: str) -> Any:
            task = yield from query(task_id)
            if isinstance(task, Task) and task.phase == "succeeded" and not shown:
                return Task(id=task.id, phase="succeeded", status="completed")
            return task

        adapter.query = empty  # type: ignore[method-assign]
        with pytest.raises(OutputInvalid, match="shows no output"):
            await job.wait()
        await client.resume(job.id)
        with pytest.raises(OutputInvalid, match="shows no output"):
            await job.wait()
        shown.append(RemoteOutput(url="now it does"))
        await client.resume(job.id)
        await job.wait()
        assert is_whole(job)


class FullDisk(Files):
    """A disk without room for downloads until told otherwise."""

    def __init__(self) -> None:
        self.full = True

    def write(self, file: BinaryIO, data: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "the disk is full")
        super().write(file, data)


@asynchronous
async def test_a_full_disk_keeps_the_job_archiving(lab: Lab) -> None:
    """It waits, says why, leaves nothing half, and goes on when there is room."""
    files = FullDisk()
    async with lab.client(seams={"files": files}) as client:
        job = await ask(client)
        await client.until(job, lambda record: record.state == "archiving")
        await client.session.clock.sleep(30.0)
        assert (await job.refresh()).status == "archiving"
        assert "full" in client.session.runner.trouble[job.id]
        assert lab.strays() == []
        files.full = False
        await job.wait()
        assert is_whole(job)
        assert job.id not in client.session.runner.trouble


class Recording(Files):
    """Writes down every durable effect on the archive's outputs."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def sync(self, file: BinaryIO) -> None:
        super().sync(file)
        self.log.append("sync bytes")

    def place(self, part: Path, final: Path) -> None:
        super().place(part, final)
        self.log.append("rename")

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        if folder.parent.name == "objects":
            self.log.append("sync name")


@asynchronous
async def test_the_order_in_which_an_output_becomes_durable(lab: Lab) -> None:
    """Bytes, then their digest, then the name, then the name's folder, and only then done."""
    log: list[str] = []
    async with lab.client(seams={"files": Recording(log)}) as client:
        store = client.session.store
        apply = store.apply

        async def told(change: Any) -> Any:
            job = await apply(change)
            if change.kind in ("output-checked", "output") or change.to == "succeeded":
                log.append(f"commit {change.kind or change.to}")
            return job

        store.apply = told  # type: ignore[method-assign]
        await (await ask(client)).wait()
    assert log == [
        "sync bytes",
        "commit output-checked",
        "rename",
        "sync name",
        "commit output",
        "commit succeeded",
    ]


@asynchronous
async def test_a_link_into_the_private_network_is_not_followed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the provider is not on this machine, no link of its leads onto it."""
    async with lab.client() as client:
        monkeypatch.setattr(Credential, "allows_private_links", False)
        job = await ask(client)
        with pytest.raises(OutputInvalid, match="not on the public internet"):
            await job.wait()
        assert lab.seen("download") == 0


@asynchronous
async def test_a_link_that_cannot_be_reached_is_tried_until_the_output_is_gone(lab: Lab) -> None:
    """Archiving as long as there is hope; then OUTPUT_EXPIRED, never for ever."""
    lab.sandbox.fault("download:status:status=503")
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a boat", **CLIP)
        await client.until(job, lambda record: record.state == "archiving")
        await client.session.clock.sleep(120.0)
        assert (await job.refresh()).status == "archiving"
        client.leap(26 * 3600.0)
        with pytest.raises(OutputExpired):
            await job.wait()
        assert lab.strays() == []
