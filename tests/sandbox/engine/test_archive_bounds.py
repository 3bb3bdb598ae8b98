"""No link holds a job, the disk or the memory for ever, and nothing that waits is lost."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec import structs

from rushes.cli.notice import archiving
from rushes.engine import download, pace
from rushes.engine.transport import Transport
from rushes.engine.virtual import VirtualClock
from rushes.errors import OutputExpired, OutputInvalid
from rushes.store.job import Change

from .lab import IMAGE, Client, Lab, asynchronous, is_whole
from .test_archive import FullDisk


class Shaped(Transport):
    """Passes each link's bytes on in pieces, and lets time go by between them."""

    def __init__(self, clock: VirtualClock, *, size: int, seconds: float) -> None:
        super().__init__(hold=clock.hold, clock=clock.now)
        self.leap: Callable[[float], None] = clock.leap
        self.size = size
        self.seconds = seconds
        self.starts: list[int] = []

    @contextlib.asynccontextmanager
    async def download(self, url: str, **given: Any) -> AsyncIterator[Any]:
        async with super().download(url, **given) as opened:
            self.starts.append(opened.start)
            whole = opened.chunks

            async def chunks() -> AsyncIterator[bytes]:
                async for data in whole():
                    for begin in range(0, len(data), self.size):
                        self.leap(self.seconds)
                        yield data[begin : begin + self.size]

            opened.chunks = chunks  # type: ignore[method-assign]
            yield opened


async def waits(client: Client, job: Any, why: str) -> None:
    """Wait until the job says that it waits, and why."""
    async for _ in client.session.changes(job.id):
        if why in (client.trouble(job.id) or ""):
            break
    assert (await job.refresh()).status == "archiving"


@asynchronous
async def test_a_dripping_server_lets_go_of_the_job(lab: Lab) -> None:
    """Bytes come and come, too few: after five tries the job waits, and gets the file later."""
    clock = lab.clock()
    transport = Shaped(clock, size=100, seconds=25.0)
    async with lab.client(clock=clock, seams={"transport": transport}) as client:
        job = await client.generate(IMAGE, "a paper boat")
        await waits(client, job, "only 300 bytes came in 75 seconds")
        assert transport.starts[:5] == [0, 300, 600, 900, 1200]
        transport.seconds = 0.0
        await job.wait()
        assert is_whole(job)
        assert lab.strays() == []


@asynchronous
async def test_a_slow_line_is_not_a_dripping_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps the least pace is waited for, without a second request."""
    monkeypatch.setattr(pace, "LEAST_BYTES", 2500)
    clock = lab.clock()
    transport = Shaped(clock, size=2500, seconds=30.0)
    async with lab.client(clock=clock, seams={"transport": transport}) as client:
        job = await client.generate(IMAGE, "a paper boat")
        await job.wait()
        assert is_whole(job)
        assert transport.starts == [0]


@asynchronous
async def test_a_file_without_end_in_time(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """At a good pace, but without end: it is left after hours, and given up when it is gone."""
    clock = lab.clock()
    transport = Shaped(clock, size=1 << 20, seconds=pace.LONGEST + 1)
    async with lab.client(clock=clock, seams={"transport": transport}) as client:
        job = await client.generate("aivideomaker/t2v-v3", "a", duration=5, aspect_ratio="16:9")
        with pytest.raises(OutputExpired):
            await job.wait()
        assert "had not come whole within 6 hours" in caplog.text
        assert 2 <= len(transport.starts) <= 12
        assert lab.strays() == []


@asynchronous
async def test_a_file_without_end_in_size(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the bound is no output: what came is removed."""
    monkeypatch.setattr(download, "MAX_BYTES", 4096)
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a paper boat")
        with pytest.raises(OutputInvalid, match="too large"):
            await job.wait()
        assert lab.strays() == []
        assert lab.files() == [path for path in lab.files() if path.name == "job.json"]


@asynchronous
async def test_a_fetch_goes_on_in_the_next_process(lab: Lab) -> None:
    """A full disk, and the process ends: `doctor` names the job, and the next one fetches it."""
    async with lab.client(seams={"files": FullDisk()}) as client:
        job = await client.generate(IMAGE, "a paper boat")
        await waits(client, job, "full")
    assert [one.id for one in archiving(lab.home)] == [job.id]
    async with lab.client() as client:
        (again,) = await client.resume()
        await again.wait()
        assert is_whole(again)
        assert lab.posts() == 1
    assert archiving(lab.home) == []


@asynchronous
async def test_of_several_one_is_gone(lab: Lab) -> None:
    """The others stay; the job says which one, with OUTPUT_EXPIRED; only it is fetched again."""
    lab.sandbox.fault("download:expired-link:nth=2")
    lab.sandbox.fault("download:expired-link:nth=3")
    async with lab.client(real=False) as client:
        job = await client.generate(IMAGE, "boats", count=3)
        with pytest.raises(OutputExpired, match=r"Output [23] of task"):
            await job.wait()
        good = len(job.outputs)
        assert good in (1, 2)
        assert is_whole(job)
        lab.sandbox.clear_faults()
        before = lab.seen("download")
        await client.resume(job.id)
        await job.wait()
        assert is_whole(job)
        assert (len(job.outputs), lab.seen("download") - before) == (3, 3 - good)


@asynchronous
async def test_a_link_that_died_before_it_was_fetched(lab: Lab) -> None:
    """Another link to the same file is asked for, fetched from, and kept; nothing is created."""
    lab.sandbox.fault("download:status:status=503")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a paper boat")
        await waits(client, job, "503")
        output = (await client.stored(job)).outputs[0]
        old = structs.replace(output, url=output.url + "-of-yesterday")
        await client.session.store.apply(Change(job_id=job.id, outputs=(old,), at=0.0))
        lab.sandbox.clear_faults()
        await job.wait()
        assert is_whole(job)
        assert (await client.stored(job)).outputs[0].url == output.url
        assert lab.posts() == 1
