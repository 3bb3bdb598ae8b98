"""A sample of the kill matrix, about a minute on two cores; `python -m tests.kill.whole` is all.

Whatever the moment of death: exactly one task is created and charged for a job, it ends as its
task did, its output is there and whole, and no temporary file stays. A person is asked only after
a death between the intent to send and its outcome, and only where no list can tell.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.sandbox import Sandbox

from .cases import CLIP, IMAGE, VIDEO, Case, cases
from .judging import begin, die, judge
from .mortals import KEYS, Mortals

PARTS = 4
"""The points, and the cases, are shared out among so many tests, which may run in parallel."""

SAMPLED = 2
"""So many points of each case are tried here."""

SPREAD = 43
"""About as many as an image or clip has points."""

PLAIN = [Case(IMAGE, {}), Case(VIDEO, {"list_cap": None})]
NAMES = ["mediaio-image", "aivideomaker-video"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def mortals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mortals]:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    with Mortals() as mortals:
        yield mortals


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("case", PLAIN, ids=NAMES)
def test_death_at_any_point_costs_at_most_one_charge_and_loses_nothing(
    sandbox: Sandbox, mortals: Mortals, tmp_path: Path, case: Case, part: int
) -> None:
    """Killed at every PARTS-th point from `part` on, until a run comes through alive."""
    ends = []
    for point in itertools.count(part + 1, PARTS):
        home = tmp_path / str(point) / "home"
        begin(sandbox, case)
        left = die(sandbox, mortals, home, case, [point])
        try:
            ends.append(judge(sandbox, home, case, left))
        except BaseException as error:
            error.add_note(f"killed at point {point}")
            raise
        if left == {"succeeded"}:
            break
    assert len(ends) > 10


@pytest.mark.parametrize("part", range(PARTS))
def test_what_no_contract_says_changes_nothing_of_that(
    sandbox: Sandbox, mortals: Mortals, tmp_path: Path, part: int
) -> None:
    """Each world of the matrix, at a few points of its own."""
    for number, case in list(enumerate(cases()))[part::PARTS]:
        for turn in range(SAMPLED):
            point = 1 + (number * 7 + turn * SPREAD // SAMPLED) % SPREAD
            home = tmp_path / f"{number}-{point}" / "home"
            begin(sandbox, case)
            left = die(sandbox, mortals, home, case, [point])
            try:
                judge(sandbox, home, case, left)
            except BaseException as error:
                error.add_note(f"{case.name}, killed at point {point}")
                raise


@pytest.mark.parametrize("second", [3, 8, 14, 21])
@pytest.mark.parametrize("case", PLAIN, ids=NAMES)
def test_death_of_the_one_who_goes_on_changes_nothing_of_that(
    sandbox: Sandbox, mortals: Mortals, tmp_path: Path, case: Case, second: int
) -> None:
    """Killed, taken over, killed again, and taken over again."""
    for first in range(9, 45, 12):
        home = tmp_path / str(first) / "home"
        begin(sandbox, case)
        left = die(sandbox, mortals, home, case, [first, second])
        try:
            judge(sandbox, home, case, left)
        except BaseException as error:
            error.add_note(f"killed at point {first}, then at point {second}")
            raise


@pytest.mark.parametrize("request_", [IMAGE, CLIP, VIDEO], ids=["image", "clip", "listed clip"])
def test_a_run_that_is_not_killed_passes_every_seam_and_needs_nobody(
    sandbox: Sandbox, mortals: Mortals, tmp_path: Path, request_: dict[str, object]
) -> None:
    """The child's own run is a whole one: the matrix kills what would have succeeded."""
    case = Case(request_, {"list_cap": None})
    begin(sandbox, case)
    home = tmp_path / "home"
    run = mortals.run(url=sandbox.url, home=str(home), request=request_, die_at=0)
    assert not run.died
    assert all(run.points[seam] > 2 for seam in ("store", "transport", "files"))
    end = judge(sandbox, home, case, {"succeeded"})
    assert end.settled is None
