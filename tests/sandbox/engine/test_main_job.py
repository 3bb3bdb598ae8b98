"""The main job: asked once, paid once, the files on disk; for both providers and every input."""

import asyncio
import base64
import datetime as dt
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from rushes.errors import InvalidMedia, InvalidPayload

from .lab import IMAGE, VIDEO, Lab, asynchronous, is_whole, sha256

CLIP: dict[str, Any] = {"duration": 5, "aspect_ratio": "16:9"}


def png(color: str = "teal") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), color).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(("model", "given"), [(IMAGE, {}), (VIDEO, CLIP)])
@asynchronous
async def test_what_is_asked_for_once_is_created_once_and_lies_on_disk(
    lab: Lab, model: str, given: dict[str, Any]
) -> None:
    """One create, looks, one download; the file has the hash on record, and nothing is left."""
    async with lab.client() as client:
        job = await client.generate(model, "a paper boat", **given)
        await job.wait()
        assert job.status == "succeeded"
        assert is_whole(job)
        assert (lab.posts(), lab.sandbox.creates(), lab.seen("download")) == (1, 1, 1)
        # Balances are asked to learn a price that nobody publishes.
        actions = [one.action for one in lab.sandbox.requests() if one.action != "balance"]
        assert set(actions) == {"create", "download", "list" if model == VIDEO else "query"}
        assert actions.index("create") == 0
        assert actions[-1] == "download"
        assert lab.strays() == []


@asynchronous
async def test_the_ledger_of_a_priced_job_is_the_providers(lab: Lab) -> None:
    """Reserved from the quote, charged as the provider said, nothing left set aside."""
    async with lab.client() as client:
        job = await client.generate(VIDEO, "a paper boat", **CLIP)
        await job.wait()
        assert await client.moves(job) == [("reserve", 20, "quote"), ("charge", 20, "provider")]
        assert job.credits.reserved == 0
        assert job.credits.charged == lab.sandbox.charged() == 20


@asynchronous
async def test_the_events_tell_the_whole_life(lab: Lab) -> None:
    """States in order, each with an event, and the generator ends with the job."""
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a paper boat")
        kinds = [event.kind async for event in job.events()]
        states = [kind for kind in kinds if kind not in ("looked", "output", "output-checked")]
        assert states == ["queued", "submitting", "running", "archiving", "succeeded"]


@pytest.mark.parametrize("form", ["path", "text", "bytes", "data"])
@pytest.mark.parametrize("model", ["mediaio/nano-banana", "aivideomaker/i2v-v3"])
@asynchronous
async def test_a_local_image_reaches_the_provider_in_every_form(
    lab: Lab, tmp_path: Path, form: str, model: str
) -> None:
    """A path, bytes and a data URI are the same input: a URL for Media.io, data for the other."""
    data = png()
    path = tmp_path / "cat.png"
    path.write_bytes(data)
    forms: dict[str, Any] = {
        "path": path,
        "text": str(path),
        "bytes": data,
        "data": f"data:image/png;base64,{base64.b64encode(data).decode()}",
    }
    mediaio = model.startswith("mediaio")
    name = "images" if mediaio else "image"
    given: dict[str, Any] = {name: [forms[form]] if mediaio else forms[form]}
    if not mediaio:
        given["duration"] = 5
        lab.sandbox.fault("create:never-ends")
    async with lab.client(real=False) as client:
        job = await client.generate(model, "a cat on the moon", **given)
        await job.wait_submitted()
        if mediaio:
            await job.wait()
            assert is_whole(job)
        assert lab.sandbox.creates() == 1
        sent = lab.sandbox.requests(action="create")[0].body
        assert ("/_media/" in sent) == mediaio
        assert ("data:image/png;base64," in sent) != mediaio
        kept = [one for one in lab.files() if "objects" in one.parts]
        assert [one.read_bytes() for one in kept].count(data) == 1


@asynchronous
async def test_a_local_file_for_the_real_mediaio_is_refused_before_anything(
    lab: Lab, tmp_path: Path
) -> None:
    """Media.io takes only public URLs: the error says so, and nothing is sent or stored."""
    async with lab.client() as client:
        with pytest.raises(InvalidMedia, match="public https URL"):
            await client.generate("mediaio/nano-banana", "a cat", images=[png()])
        assert lab.sandbox.requests() == ()
        assert await client.jobs() == []


@asynchronous
async def test_all_that_is_wrong_is_said_at_once(lab: Lab, tmp_path: Path) -> None:
    """Parameters and media together; nothing is sent, no job, and the request id stays free."""
    async with lab.client(real=False) as client:
        with pytest.raises(InvalidPayload) as caught:
            await client.generate(
                "aivideomaker/i2v-v3",
                "a cat",
                image=tmp_path / "nowhere.png",
                duration=7,
                colour="blue",
                idempotency_key="mine",
            )
        wrong = {problem.parameter for problem in caught.value.problems}
        assert wrong == {"image", "duration", "colour"}
        assert await client.jobs() == []
        job = await client.generate(IMAGE, "a boat", idempotency_key="mine")
        assert job.new


@asynchronous
async def test_several_outputs_are_several_files(lab: Lab) -> None:
    """One create for all of them, one download for each."""
    async with lab.client(real=False) as client:
        job = await client.generate(IMAGE, "boats", count=3)
        await job.wait()
        assert len(job.outputs) == 3
        assert is_whole(job)
        assert (lab.posts(), lab.seen("download")) == (1, 3)
        names = [output.path.name for output in job.outputs]
        assert names == ["1.png", "2.png", "3.png"]


@asynchronous
async def test_a_long_video_has_a_prompt_for_each_segment(lab: Lab) -> None:
    """Segments go out as asked, and the clip is as long as they are."""
    async with lab.client(real=False) as client:
        job = await client.generate("aivideomaker/lv", ["a boat", "a storm"], image=png())
        await job.wait()
        assert is_whole(job)
        assert job.outputs[0].seconds == pytest.approx(10.0, abs=0.5)
        assert job.differences == ()


@asynchronous
async def test_copies_have_readable_names_and_overwrite_nothing(lab: Lab, tmp_path: Path) -> None:
    """A file that is in the way stays as it is, and the copy lies beside it."""
    folder = tmp_path / "out"
    async with lab.client(real=False) as client:
        job = await client.generate(IMAGE, "A paper boat, at dusk", output=folder)
        in_the_way = folder / f"a-paper-boat-at-dusk-{job.id[-4:]}.png"
        folder.mkdir()
        in_the_way.write_text("mine")
        await job.wait()
        assert in_the_way.read_text() == "mine"
        assert job.outputs[0].path == in_the_way.with_stem(in_the_way.stem + "-2")
        assert is_whole(job)
        assert sorted(folder.iterdir()) == sorted([in_the_way, job.outputs[0].path])


@asynchronous
async def test_equal_bytes_are_stored_once(lab: Lab) -> None:
    """Two jobs with the same output: two creates, one object, two names for it."""
    async with lab.client(real=False) as client:
        jobs = [await client.generate(IMAGE, "a paper boat") for _ in range(2)]
        await asyncio.gather(*(job.wait() for job in jobs))
        one, two = (job.outputs[0] for job in jobs)
        assert one.sha256 == two.sha256
        assert one.path != two.path
        assert one.path.samefile(two.path)
        assert len([path for path in lab.files() if "objects" in path.parts]) == 1
        assert lab.sandbox.creates() == 2


@asynchronous
async def test_the_archive_can_be_browsed(lab: Lab) -> None:
    """By day and job under a readable name, with all that is known of the job beside it."""
    async with lab.client(real=False) as client:
        job = await client.generate(IMAGE, "A paper boat / ../ at dusk")
        await job.wait()
        record = await client.stored(job)
        made = dt.datetime.fromtimestamp(record.created_at, dt.UTC)
        shelf = lab.home / "archive" / f"{made:%Y-%m-%d}"
        (folder,) = shelf.iterdir()
        assert folder.name == f"{made:%H%M%S}-a-paper-boat-at-dusk-{job.id[-4:]}"
        assert sorted(path.name for path in folder.iterdir()) == ["1.png", "job.json"]
        sidecar = msgspec.json.decode((folder / "job.json").read_bytes())
        assert sidecar["id"] == job.id
        assert sidecar["request"]["prompt"] == "A paper boat / ../ at dusk"
        assert (sidecar["provider"], sidecar["model"]) == ("mediaio", IMAGE)
        assert sidecar["outputs"][0]["sha256"] == sha256(folder / "1.png")
        assert sidecar["finished_at"] is not None
        assert sidecar["error"] is None
