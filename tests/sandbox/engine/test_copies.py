"""The user's own copies: beside the archive, never instead of it."""

from pathlib import Path

from .lab import IMAGE, Lab, asynchronous, is_whole


@asynchronous
async def test_a_folder_that_takes_no_copy_does_not_hold_up_the_job(
    lab: Lab, tmp_path: Path
) -> None:
    """The file is paid for and in the archive: the job succeeds and says what is missing."""
    (tmp_path / "taken").write_text("a file, not a folder")
    async with lab.client() as client:
        job = await client.generate(IMAGE, "a paper boat", output=tmp_path / "taken")
        await job.wait()
        assert job.status == "succeeded"
        assert is_whole(job)
        (row,) = [row for row in job.differences if row["what"] == "copy"]
        assert (row["asked"], row["came"]) == (str(tmp_path / "taken"), None)
        assert "taken" in row["why"]
        assert job.outputs[0].path.is_relative_to(lab.home / "archive")
