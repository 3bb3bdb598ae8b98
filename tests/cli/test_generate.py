import json
from pathlib import Path

import pytest

from .conftest import IMAGE, KEY, VIDEO, Commands

JOB_KEYS = {
    "id", "status", "provider", "model", "task_id", "request", "quote", "credits", "outputs",
    "differences", "error", "created_at", "finished_at",
}  # fmt: skip
OUTPUT_KEYS = {
    "path", "sha256", "media_type", "bytes", "width", "height", "seconds", "frames_per_second",
    "has_audio", "remote_url",
}  # fmt: skip


def test_main_job_through_the_installed_command(rushes: Commands) -> None:
    """One command makes a real file; stdout is the line that says file, size, length, credits."""
    done = rushes.installed(*VIDEO, "--output", "films")
    assert done.code == 0, done.err
    (line,) = done.out.splitlines()
    path, _, facts = line.partition("  ")
    assert Path(path).parent == Path("films")
    assert b"ftyp" in Path(path).read_bytes()[:16]
    assert facts.startswith("1280x720, 5.0 s, silent, ")
    assert facts.endswith("20 credits (sandbox)")
    assert "running as task" in done.err
    assert rushes.sandbox.creates(KEY) == 1


def test_json_is_one_job_object(rushes: Commands) -> None:
    """With --json stdout is the job object and nothing else."""
    done = rushes.installed(*IMAGE, "--json")
    job = done.json
    assert done.code == 0
    assert set(job) >= JOB_KEYS
    assert job["status"] == "succeeded"
    assert job["error"] is None
    (output,) = job["outputs"]
    assert set(output) >= OUTPUT_KEYS
    assert Path(output["path"]).read_bytes()[:4] == b"\x89PNG"
    assert output["bytes"] == Path(output["path"]).stat().st_size


def test_quiet_says_nothing_beside(rushes: Commands) -> None:
    """With --quiet stderr stays empty when all goes well."""
    done = rushes(*IMAGE, "--quiet")
    assert (done.code, done.err) == (0, "")


def test_request_id_is_one_job(rushes: Commands) -> None:
    """The same id and request is the same job, paid for once; another request is refused."""
    first = rushes(*IMAGE, "--request-id", "boat", "--json").json
    again = rushes.installed(*IMAGE, "--request-id", "boat", "--json")
    assert again.json["id"] == first["id"]
    assert "known: it is job" in again.err
    assert rushes.sandbox.creates(KEY) == 1
    other = rushes(*IMAGE, "--count", "2", "--request-id", "boat", "--json")
    assert other.code == 2
    assert other.json["error"]["code"] == "IDEMPOTENCY_CONFLICT"
    assert rushes.sandbox.creates(KEY) == 1


def test_no_wait_then_wait_in_another_process(rushes: Commands) -> None:
    """--no-wait returns with a task and how long it is kept; a later process gets the file."""
    done = rushes.installed(*VIDEO, "--no-wait")
    assert done.code == 0
    job, status, _, task = done.out.split()
    assert status in {"running", "archiving", "succeeded"}
    assert "aivideomaker keeps the outputs until" in done.err
    assert f"rushes jobs wait {job}" in done.err
    later = rushes.installed("jobs", "wait", job, "--json")
    assert later.code == 0
    assert later.json["task_id"] == task
    assert Path(later.json["outputs"][0]["path"]).is_file()
    assert rushes.sandbox.creates(KEY) == 1


def test_prompt_from_stdin(rushes: Commands) -> None:
    """`-` takes the prompt from stdin, without its last line end."""
    done = rushes.installed("generate", "-", "-m", "imagen-4", "--json", stdin="a boat\nat sea\n")
    assert done.json["request"]["prompt"] == "a boat\nat sea"


def test_several_prompts_are_segments(rushes: Commands, picture: Path) -> None:
    """Several PROMPTs become the segments of a long video."""
    done = rushes(
        "generate", "one", "two", "-m", "lv", "--image", str(picture), "--dry-run", "--json"
    )
    assert done.code == 0, done.out
    assert done.json["body"]["prompt"] == ["one", "two"]


def test_options_reach_the_wire(rushes: Commands, picture: Path) -> None:
    """Every kind of option arrives as the model's own parameter, --set too."""
    done = rushes(
        "generate", "a boat", "-m", "wan-2.6", "--image", str(picture), "--duration", "10s",
        "--resolution", "1080P", "--set", "shot_type=Single", "--no-generate-audio",
        "--dry-run", "--json",
    )  # fmt: skip
    data = done.json["body"]["data"]
    assert done.json["model"] == "mediaio/wan-2.6-image-to-video"
    assert (data["duration"], data["resolution"]) == ("10s", "1080P")
    assert (data["shot_type"], data["generate_audio"]) == ("Single", "False")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--set", "shot_type"], "not NAME=VALUE"),
        (["--duration", "5", "--set", "duration=10"], "given twice"),
        (["--set", "prompt=else"], "given twice"),
        (["--set", "max_credits=3"], "an option of its own"),
    ],
)
def test_set_is_read_strictly(rushes: Commands, more: list[str], said: str) -> None:
    """A --set that is malformed, doubled or not a model's parameter is refused."""
    done = rushes("generate", "a boat", "-m", "wan-2.6", *more)
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_set_twice_is_a_list(rushes: Commands, picture: Path) -> None:
    """The same name twice makes a list."""
    same = ["--set", f"images={picture}"]
    done = rushes("generate", "x", "-m", "nano-banana", *same, *same, "--dry-run", "--json")
    assert len(done.json["body"]["data"]["images"]) == 2


def test_warning_is_told_once(rushes: Commands, picture: Path) -> None:
    """What the provider will not use is said on stderr, and the request goes on."""
    done = rushes(
        "generate", "x", "-m", "happyhorse", "--image", str(picture), "-d", "3", "-r", "720p",
        "-a", "16:9", "--dry-run",
    )  # fmt: skip
    assert done.code == 0
    assert done.err.count("warning: aspect_ratio is sent, but the provider does not use it") == 1


def test_wait_seconds_lets_go(rushes: Commands) -> None:
    """When the time is over the job goes on, and the command says how to wait on: 130."""
    rushes.sandbox.fault("create:never-ends")
    done = rushes(*VIDEO, "--wait-seconds", "0", "--json")
    assert done.code == 130
    assert done.json["status"] in {"queued", "submitting", "running"}
    assert f"rushes jobs wait {done.json['id']}" in done.err


def test_a_local_picture_reaches_the_sandbox(rushes: Commands, picture: Path) -> None:
    """A file of this machine is an input of a sandbox job."""
    done = rushes("generate", "x", "-m", "nano-banana", "--images", str(picture), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["request"]["images"][0].startswith("sha256:")


def test_several_files(rushes: Commands) -> None:
    """A line for each file; the last one says what they cost together."""
    done = rushes(*IMAGE, "--count", "2", "-o", "pictures")
    first, last = done.out.splitlines()
    assert len({Path(line.partition("  ")[0]).read_bytes() for line in (first, last)}) == 2
    assert "credits" not in first
    assert last.endswith("credits unknown (sandbox)")


def test_differences_are_shown(rushes: Commands) -> None:
    """What came otherwise than asked is said on stderr, and is no failure."""
    rushes.sandbox.fault("create:other-output")
    done = rushes(*VIDEO, "--json")
    assert done.code == 0
    assert {row["what"] for row in done.json["differences"]} >= {"duration"}
    assert "differs: duration was asked as 5 and came as 4" in done.err


def test_no_wait_waits_for_no_longer_than_it_may(
    keyed: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that cannot be reached does not hold --no-wait --wait-seconds up: 130."""
    monkeypatch.setenv("RUSHES_AIVIDEOMAKER_BASE_URL", "http://127.0.0.1:9")
    done = keyed(*VIDEO, "--no-wait", "--wait-seconds", "0.1", "--json")
    assert (done.code, done.json["task_id"]) == (130, None)
    assert f"rushes jobs cancel {done.json['id']}" in done.err
    assert keyed("jobs", "cancel", "last").out == f"{done.json['id']}  canceled\n"
