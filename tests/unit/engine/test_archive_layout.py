from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rushes.engine.archive_layout import ArchiveLayout, slug, title
from rushes.store.job import Job

LAYOUT = ArchiveLayout(Path("/archive"))


def make(prompt: Any, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": "j1m7zzzzzzzz7m2q",
        "provider": "mediaio",
        "model": "mediaio/imagen-4",
        "credential": "key",
        "request": {"prompt": prompt},
        "digest": "d",
        "idempotency_key": "k",
        "created_at": 1_795_270_953.0,
    }
    return Job(**(values | fields))


def test_a_person_finds_a_job_by_day_time_and_prompt() -> None:
    """The folder says when and what, and ends with a part of the job's id."""
    job = make("A paper boat, in a storm!")
    assert LAYOUT.shelf(job) == Path("/archive/2026-11-21/142233-a-paper-boat-in-a-storm-7m2q")
    assert LAYOUT.named(job, 1, "video/mp4").name == "2.mp4"
    assert LAYOUT.copy_name(job, 0, "image/png") == "a-paper-boat-in-a-storm-7m2q.png"


def test_without_words_the_model_gives_the_name() -> None:
    """A prompt of signs alone, an empty one, none at all."""
    for prompt in ("", "!!!", "\u6d77", None, [], ["   "]):
        assert title(make(prompt)) == "imagen-4"


def test_the_first_segment_names_a_long_video() -> None:
    assert title(make(["A boat", "a storm"])) == "a-boat"


@given(st.text(max_size=300))
def test_no_prompt_leads_out_of_the_archive(prompt: str) -> None:
    """Separators, dots, controls, devices and very long words: a short plain name, always."""
    name = slug(prompt)
    assert len(name) <= 40
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not name.startswith("-")
    assert not name.endswith("-")
    shelf = LAYOUT.shelf(make(prompt))
    assert shelf.parent == Path("/archive/2026-11-21")
    assert Path(LAYOUT.copy_name(make(prompt), 0, "image/png")).name == LAYOUT.copy_name(
        make(prompt), 0, "image/png"
    )


@given(st.text(max_size=60))
def test_a_media_type_of_a_stranger_gives_no_name(media_type: str) -> None:
    """Only known types have an ending; others have none."""
    path = LAYOUT.object("ab" * 32, media_type)
    assert path.parent == Path("/archive/objects/ab")
    assert "/" not in path.name


def test_each_claim_downloads_into_a_file_of_its_own() -> None:
    """A process that lost the job cannot write into what its successor writes."""
    assert LAYOUT.part(make("a", claim=1), 0) != LAYOUT.part(make("a", claim=2), 0)


def test_all_downloads_of_one_output_are_found(tmp_path: Path) -> None:
    """Those of every claim, and of no other output."""
    layout = ArchiveLayout(tmp_path)
    (tmp_path / "parts").mkdir()
    paths = [layout.part(make("a", claim=claim), 1) for claim in (1, 2)]
    for path in [*paths, layout.part(make("a"), 11), layout.part(make("a"), 0)]:
        path.touch()
    assert layout.parts(make("a"), 1) == paths
