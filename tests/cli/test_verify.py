import os
from pathlib import Path

from .conftest import IMAGE, KEY, Commands


def stored() -> Path:
    (found,) = Path(os.environ["RUSHES_HOME"], "archive", "objects").glob("*/*")
    return found


def test_an_archive_that_is_whole(rushes: Commands) -> None:
    """One line, and 0; in --json all figures."""
    job = rushes(*IMAGE, "--json").json
    done = rushes("jobs", "verify")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1 file, ")
    assert done.out.endswith(": all whole.\n")
    assert rushes("jobs", "verify", "last", "--json").json == {
        "ok": True,
        "jobs": 1,
        "files": 1,
        "bytes": job["outputs"][0]["bytes"],
        "damages": [],
        "strays": [],
    }


def test_what_is_gone_is_told_and_fetched(rushes: Commands) -> None:
    """--no-fetch only tells, with 1; else the file comes back, and nothing is paid again."""
    job = rushes(*IMAGE, "--json").json
    stored().unlink()
    Path(job["outputs"][0]["path"]).unlink()
    told = rushes("jobs", "verify", "--no-fetch")
    assert told.code == 1
    head, row, total = told.out.splitlines()
    assert head.split() == ["job", "file", "was", "now"]
    assert row.split()[0] == job["id"]
    assert "missing  as it was: only looked" in row
    assert total == "1 file, 0 bytes: 1 not whole."
    assert told.err == "Bring back what can be had: rushes jobs verify\n"
    done = rushes("jobs", "verify")
    assert done.code == 0
    assert "whole: fetched again from mediaio" in done.out
    assert done.out.endswith("1 file, 0 bytes: 2 mended, all whole.\n")
    assert rushes.sandbox.creates(KEY) == 1
    shown = rushes("jobs", "show", job["id"]).out
    assert f"Job {job['id']}: succeeded" in shown
    assert "file 1 was missing or changed, and is fetched again" in shown


def test_what_cannot_be_fetched_is_1(rushes: Commands) -> None:
    """The reason stands in the row, and in --json."""
    job = rushes(*IMAGE, "--json").json
    stored().unlink()
    Path(job["outputs"][0]["path"]).unlink()
    rushes.sandbox.fault("download:expired-link")
    done = rushes("jobs", "verify", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    (damage,) = done.json["damages"]
    assert (damage["job_id"], damage["problem"], damage["mended"]) == (job["id"], "missing", False)
    assert "mediaio no longer has it" in damage["detail"]


def test_what_no_job_knows_is_named(rushes: Commands) -> None:
    """A stray is no fault: named, left, 0."""
    rushes(*IMAGE, "-q")
    stray = stored().with_name(f"{'0' * 64}.png")
    stray.write_bytes(b"?")
    os.utime(stray, (1e9, 1e9))
    done = rushes("jobs", "verify")
    assert done.code == 0
    assert f"{stray.name}\n" in done.out
    assert "all whole, 1 that no job knows." in done.out
    assert stray.exists()
