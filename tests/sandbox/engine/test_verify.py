"""What `verify` finds in an archive that somebody has harmed, and what it can bring back."""

import os
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from rushes.engine.verified import Verification
from rushes.errors import JobNotFound
from rushes.store.job import Change

from .lab import IMAGE, Client, Lab, asynchronous, is_whole, sha256
from .test_archive import FullDisk, Recording


async def made(
    client: Client, model: str = IMAGE, prompt: str = "a paper boat", **given: Any
) -> Any:
    job = await client.generate(model, prompt, **given)
    await job.wait()
    return job


def stored(lab: Lab) -> Path:
    """The only output's bytes."""
    (found,) = (lab.home / "archive" / "objects").glob("*/*")
    return found


def spoil(path: Path) -> bytes:
    """Change a stored file, and return what it then holds."""
    path.chmod(0o644)
    data = path.read_bytes()[:-1] + b"!"
    path.write_bytes(data)
    return data


def told(found: Verification) -> list[tuple[str, str, bool]]:
    return [(one.role, one.problem, one.mended) for one in found.damages]


@asynchronous
async def test_a_whole_archive(lab: Lab) -> None:
    """All files are read once and nothing is changed, asked or told."""
    async with lab.client() as client:
        job = await made(client)
        before, events = lab.seen("any"), await client.kinds(job)
        seen: list[tuple[int, int]] = []
        found = await client.verify(progress=lambda files, size: seen.append((files, size)))
        size = stored(lab).stat().st_size
        assert (found.ok, found.jobs, found.files, found.bytes) == (True, 1, 1, size)
        assert (found.damages, found.strays, seen) == ((), (), [(1, size)])
        assert (lab.seen("any"), await client.kinds(job)) == (before, events)


@asynchronous
async def test_only_looking_changes_nothing(lab: Lab) -> None:
    """With `fetch=False` what is gone is named, and stays gone."""
    async with lab.client() as client:
        job = await made(client)
        stored(lab).unlink()
        before = lab.seen("any")
        found = await client.verify(fetch=False)
        assert (found.ok, told(found)) == (False, [("output", "missing", False)])
        assert found.damages[0].job_id == job.id
        assert list((lab.home / "archive" / "objects").glob("*/*")) == []
        assert lab.seen("any") == before


@asynchronous
async def test_a_file_that_is_gone_is_fetched_again(lab: Lab) -> None:
    """Free of charge, with the bytes on record; the job stays succeeded, an event tells."""
    async with lab.client() as client:
        job = await made(client)
        stored(lab).unlink()
        job.outputs[0].path.unlink()
        found = await client.verify()
        assert found.ok
        assert told(found) == [("output", "missing", True), ("name", "missing", True)]
        await job.refresh()
        assert (job.status, lab.posts()) == ("succeeded", 1)
        assert is_whole(job)
        assert stored(lab).samefile(job.outputs[0].path)
        assert (await client.kinds(job))[-2:] == ["output-checked", "output-refetched"]
        assert lab.strays() == []
        assert (await client.verify()).damages == ()


@asynchronous
async def test_a_file_with_another_name_left_needs_no_provider(lab: Lab) -> None:
    """The readable name still has the bytes: they are put back without a request."""
    async with lab.client() as client:
        job = await made(client)
        stored(lab).unlink()
        before = lab.seen("any")
        found = await client.verify()
        assert (found.ok, told(found)) == (True, [("output", "missing", True)])
        assert stored(lab).samefile(job.outputs[0].path)
        assert lab.seen("any") == before
        assert (await client.kinds(job))[-1] == "output-restored"


@asynchronous
async def test_the_users_copy_mends_the_archive(lab: Lab, tmp_path: Path) -> None:
    """Where the archive's own names are changed, the copy made by `output` still has the bytes."""
    async with lab.client() as client:
        job = await made(client, output=tmp_path / "mine")
        spoil(stored(lab))
        before = lab.seen("any")
        found = await client.verify()
        assert (found.ok, told(found)) == (True, [("output", "changed", True)])
        assert sha256(stored(lab)) == job.outputs[0].sha256
        assert not stored(lab).samefile(job.outputs[0].path)
        assert lab.seen("any") == before


@asynchronous
async def test_what_lay_in_a_files_place_is_kept(lab: Lab) -> None:
    """A changed file is fetched again; its changed bytes stay, under a name aside."""
    async with lab.client() as client:
        job = await made(client)
        changed = spoil(stored(lab))
        found = await client.verify()
        assert (found.ok, told(found)) == (True, [("output", "changed", True)])
        assert is_whole(job)
        assert stored(lab).samefile(job.outputs[0].path)
        (aside,) = (lab.home / "archive" / "aside").iterdir()
        assert aside.read_bytes() == changed


@asynchronous
async def test_another_file_never_takes_the_place(lab: Lab) -> None:
    """A link that now leads to another good file: reported, kept aside, not put in the place."""
    async with lab.client() as client:
        job = await made(client)
        changed = spoil(stored(lab))
        client.session.house.transport.download = _elsewhere(  # type: ignore[method-assign]
            client.session.house.transport.download,
            (await client.stored(await made(client, prompt="a kite"))).outputs[0].url,
        )
        found = await client.verify(job.id)
        (damage,) = found.damages
        assert (damage.problem, damage.mended, found.ok) == ("changed", False, False)
        assert "another file now" in damage.detail
        assert Path(damage.path).read_bytes() == changed
        (aside,) = (lab.home / "archive" / "aside").iterdir()
        assert str(aside) in damage.detail
        assert sha256(aside) not in (job.outputs[0].sha256, sha256(Path(damage.path)))
        assert (await client.kinds(job))[-1] == "output-differs"
        assert (await job.refresh()).status == "succeeded"


def _elsewhere(download: Any, url: str) -> Any:
    return lambda _, **given: download(url, **given)


@pytest.mark.parametrize("effect", ["expired-link", "corrupt", "html"])
@asynchronous
async def test_what_cannot_be_had_is_said(lab: Lab, effect: str) -> None:
    """No exception, nothing half, no new state: a damage with its reason, until it can be had."""
    async with lab.client() as client:
        job = await made(client)
        stored(lab).unlink()
        job.outputs[0].path.unlink()
        lab.sandbox.fault(f"download:{effect}")
        (damage,) = (await client.verify()).damages
        assert not damage.mended
        assert damage.detail
        assert lab.strays() == []
        assert (await job.refresh()).status == "succeeded"
        lab.sandbox.clear_faults()
        assert (await client.verify()).ok


@asynchronous
async def test_without_its_key_a_file_stays_gone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else's key is used; the damage says which key is missing."""
    async with lab.client() as client:
        job = await made(client)
    stored(lab).unlink()
    job.outputs[0].path.unlink()
    monkeypatch.setenv("MEDIAIO_API_KEY", "another-key-of-mine")
    async with lab.client() as client:
        (damage,) = (await client.verify()).damages
        assert not damage.mended
        assert "key" in damage.detail


@asynchronous
async def test_two_jobs_with_the_same_file(lab: Lab) -> None:
    """Their bytes are stored, read and mended once, and both are told."""
    async with lab.client(real=False) as client:
        one = await made(client)
        two = await made(client)
        assert one.outputs[0].sha256 == two.outputs[0].sha256
        for path in (stored(lab), one.outputs[0].path, two.outputs[0].path):
            path.unlink()
        before = lab.seen("download")
        found = await client.verify()
        assert found.ok
        assert found.files == 1
        assert {one.job_id for one in found.damages} == {one.id, two.id}
        assert lab.seen("download") == before + 1
        assert is_whole(one)
        assert is_whole(two)


@asynchronous
async def test_two_jobs_with_the_same_changed_file(lab: Lab) -> None:
    """The changed bytes go aside once, and both jobs' names lead to the good ones."""
    async with lab.client(real=False) as client:
        one, two = await made(client), await made(client)
        changed = spoil(stored(lab))
        found = await client.verify()
        assert found.ok
        assert is_whole(one)
        assert is_whole(two)
        (aside,) = (lab.home / "archive" / "aside").iterdir()
        assert aside.read_bytes() == changed
        assert (await client.verify()).damages == ()


@asynchronous
async def test_a_link_that_died_is_not_needed(lab: Lab) -> None:
    """The provider is asked for today's link first; the store then has that one."""
    async with lab.client() as client:
        job = await made(client)
        output = (await client.stored(job)).outputs[0]
        old = structs.replace(output, url=output.url + "-of-yesterday")
        await client.session.store.apply(Change(job_id=job.id, outputs=(old,), at=0.0))
        stored(lab).unlink()
        job.outputs[0].path.unlink()
        assert (await client.verify()).ok
        assert (await client.stored(job)).outputs[0].url == output.url


@asynchronous
async def test_a_full_disk_leaves_nothing_half(lab: Lab) -> None:
    """The damage says why; with room, the next verification mends it."""
    files = FullDisk()
    files.full = False
    async with lab.client(seams={"files": files}) as client:
        job = await made(client)
        stored(lab).unlink()
        job.outputs[0].path.unlink()
        files.full = True
        (damage,) = (await client.verify()).damages
        assert "full" in damage.detail
        assert lab.strays() == []
        files.full = False
        assert (await client.verify()).ok


@asynchronous
async def test_an_input_that_is_gone(lab: Lab, tmp_path: Path) -> None:
    """Inputs are read too; only their owner has them, so nothing can bring one back."""
    from PIL import Image

    picture = tmp_path / "cat.png"
    Image.effect_noise((640, 480), 60).convert("RGB").save(picture)
    async with lab.client() as client:
        await made(client, "aivideomaker/i2v", image=picture, duration=5)
        assert (await client.verify()).files == 2
        next(lab.home.glob(f"archive/objects/*/{sha256(picture)}*")).unlink()
        found = await client.verify()
        assert (found.ok, told(found)) == (False, [("input", "missing", False)])


@asynchronous
async def test_strays_are_named_and_left(lab: Lab) -> None:
    """Old bytes without a job, and parts without a writer; not what is new or under way."""
    async with lab.client() as client:
        job = await made(client)
        objects, parts = stored(lab).parent, lab.home / "archive" / "parts"
        lost, new = objects / f"{'a' * 64}.png", objects / f"{'b' * 64}.png"
        half, temporary = parts / f"{job.id}-0-1.part", objects / ".x.png.999999999-ab.part"
        mine = objects / f".x.png.{os.getpid()}-ab.part"
        parts.mkdir(exist_ok=True)
        for path in (lost, new, half, temporary, mine):
            path.write_bytes(b"?")
        os.utime(lost, (1e9, 1e9))
        found = await client.verify()
        assert found.ok
        assert found.strays == tuple(sorted(map(str, (lost, half, temporary))))
        assert all(path.exists() for path in (lost, new, half, temporary, mine))
        assert (await client.verify(job.id)).strays == ()


@asynchronous
async def test_the_order_in_which_a_file_is_brought_back(lab: Lab) -> None:
    """Bytes, then the record that they are good, then the name, its folder, and only then done."""
    log: list[str] = []
    async with lab.client(seams={"files": Recording(log)}) as client:
        job = await made(client)
        stored(lab).unlink()
        job.outputs[0].path.unlink()
        store = client.session.store
        apply = store.apply

        async def noted(change: Any) -> Any:
            done = await apply(change)
            log.append(f"commit {change.kind}")
            return done

        store.apply = noted  # type: ignore[method-assign]
        log.clear()
        assert (await client.verify()).ok
    assert log == [
        "sync bytes",
        "commit output-checked",
        "rename",
        "sync name",
        "commit output-refetched",
    ]


@asynchronous
async def test_a_name_that_somebody_replaced_is_left(lab: Lab) -> None:
    """A person's own file under the readable name is reported, and not overwritten."""
    async with lab.client() as client:
        job = await made(client)
        name = job.outputs[0].path
        name.unlink()
        name.write_bytes(b"my own")
        found = await client.verify()
        assert (found.ok, told(found)) == (False, [("name", "changed", False)])
        assert name.read_bytes() == b"my own"


@asynchronous
async def test_a_job_that_there_is_not(lab: Lab) -> None:
    """JOB_NOT_FOUND, before anything is read."""
    async with lab.client() as client:
        with pytest.raises(JobNotFound):
            await client.verify("jnone")
