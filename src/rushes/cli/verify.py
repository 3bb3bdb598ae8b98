"""`rushes jobs verify`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rushes.cli.failures import FAILED
from rushes.cli.lazy import Command
from rushes.cli.options import common, complete_jobs
from rushes.cli.output import line, near_path, print_json, print_table, size
from rushes.cli.running import Face, find_job, run

if TYPE_CHECKING:
    from rushes.engine.verified import Damage, Verification

DRAWN_EVERY = 16 * 1024 * 1024
"""Bytes between two drawings of the live line."""


@click.command(
    short_help="Check the files in the archive, and mend them.",
    examples=(
        'rushes generate "a kite" -m imagen-4 --sandbox',
        "rushes jobs verify",
    ),
    cls=Command,
)
@click.argument("names", metavar="[JOB]...", nargs=-1, shell_complete=complete_jobs)
@click.option(
    "--fetch/--no-fetch",
    default=True,
    show_default=True,
    help="Bring back what can be had; else only look.",
)
@common
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...], fetch: bool) -> None:
    """Hash every file in the archive again, or those of JOBs; bring back what is gone.

    A file that is missing or changed is restored from its other copy on this disk, or fetched
    again from its provider, which costs nothing. Only the very bytes on record are put back;
    whatever lies in their place, or comes instead, is kept in the archive's folder `aside`.
    Files that no job knows are named, and left there. Ends with 1 when something is still wrong.
    """

    async def verifying(face: Face) -> int:
        ids = list(dict.fromkeys([(await find_job(face, name)).id for name in names]))
        found = await face.client.verify(*ids, fetch=fetch, progress=_live_line(face))
        face.clear()
        if face.common.json:
            print_json(as_table(found))
        else:
            _print(face, found, fetch=fetch)
        return 0 if found.ok else FAILED

    run(ctx, verifying)


def as_table(found: "Verification") -> dict[str, object]:
    """Return what `--json` prints; its keys are stable."""
    import msgspec

    return {"ok": found.ok, **msgspec.to_builtins(found)}


def _live_line(face: Face) -> Callable[[int, int], None] | None:
    """Draw on a terminal how far it is."""
    if face.common.quiet or not sys.stderr.isatty():
        return None
    drawn = 0

    def draw(files: int, count: int) -> None:
        nonlocal drawn
        if files > 1 and files % 50 and count - drawn < DRAWN_EVERY:
            return
        drawn = count
        sys.stderr.write(f"\rverifying: {files} files, {size(count)}\x1b[K")
        sys.stderr.flush()

    def wipe() -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

    face.clear = wipe
    return draw


def _print(face: Face, found: "Verification", *, fetch: bool) -> None:
    if found.damages:
        print_table(
            ["job", "file", "was", "now"], [_row(damage, fetch=fetch) for damage in found.damages]
        )
    for stray in found.strays:
        line(f"no job knows {near_path(Path(stray))}")
    wrong = sum(not damage.mended for damage in found.damages)
    mended = len(found.damages) - wrong
    files = f"{found.files} file{'' if found.files == 1 else 's'}, {size(found.bytes)}"
    facts = [f"{mended} mended"] if mended else []
    facts.append(f"{wrong} not whole" if wrong else "all whole")
    if found.strays:
        facts.append(f"{len(found.strays)} that no job knows")
    line(f"{files}: {', '.join(facts)}.")
    if wrong and not fetch:
        face.note("Bring back what can be had: rushes jobs verify")


def _row(damage: "Damage", *, fetch: bool) -> list[str]:
    now = "whole" if damage.mended else "as it was"
    detail = damage.detail or ("" if fetch else "only looked")
    return [
        damage.job_id,
        near_path(Path(damage.path)),
        damage.problem,
        f"{now}: {detail}" if detail else now,
    ]
