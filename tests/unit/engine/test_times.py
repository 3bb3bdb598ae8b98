"""When a task is looked at, by its model's past."""

import random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.catalog.schema import PollPlan
from rushes.engine.times import ENOUGH, HALF_LIFE, Times
from rushes.store.protocol import Sample

PLAN = PollPlan(first=2.0, growth=1.5, longest=15.0)
NOW = 1_000_000_000.0
BELL = [NormalDist(0.0, 0.3).inv_cdf((part + 0.5) / 200) for part in range(200)]


def sample(seconds: float, *, age: float = 0.0, width: float = 0.0) -> Sample:
    return Sample(
        model="m",
        sandbox=False,
        unfinished=seconds - width / 2,
        finished=seconds + width / 2,
        at=NOW - age,
    )


def times(*seconds: float) -> Times:
    return Times(PLAN, [sample(one) for one in seconds], NOW)


def test_little_is_known_so_the_plan_holds() -> None:
    """With fewer samples than enough, the catalog's plan is followed."""
    few = times(*[60.0] * (ENOUGH - 1))
    assert not few.learned
    assert few.first(random.Random(1)) == 2.0
    assert [few.pause(0.0, last) for last in (2.0, 8.0, 14.0)] == [3.0, 12.0, 15.0]
    assert times().expected is None


def test_the_first_look_comes_shortly_before_the_fastest() -> None:
    """0.8 of the 5 % quantile, and half of that for one task in twenty."""
    known = times(*range(60, 160))
    looks = [known.first(random.Random(seed)) for seed in range(2000)]
    assert set(looks) == {0.8 * 64.0, 0.4 * 64.0}
    early = looks.count(0.4 * 64.0)
    assert 60 <= early <= 140


def test_an_outlier_moves_nothing() -> None:
    """One task that hung for an hour, and one that was done at once, change no plan."""
    usual = [60.0 + second for second in range(40)]
    plain, odd = times(*usual), times(*usual, 3600.0, 0.1)
    assert abs(plain.quantile(0.05) - odd.quantile(0.05)) <= 1.0
    assert abs((plain.expected or 0) - (odd.expected or 0)) <= 1.0


def test_old_samples_fade() -> None:
    """A model that became twice as fast is soon taken at its new pace."""
    old = [sample(120.0, age=4 * HALF_LIFE) for _ in range(50)]
    new = [sample(60.0) for _ in range(10)]
    assert Times(PLAN, old + new, NOW).expected == 60.0


def test_an_interval_counts_as_spread_over_it() -> None:
    """Between the last look that saw it unfinished and the first that saw it done."""
    assert Times(PLAN, [sample(60.0, width=20.0)], NOW).expected == 60.0


def test_looks_are_dense_where_tasks_end_and_rare_elsewhere() -> None:
    """The usual pause where half have ended, shorter where more end, longer before and after."""
    known = times(*[60.0 + 40.0 * gauss for gauss in BELL])
    middle = known.pause(known.expected or 0.0, 2.0)
    assert middle == pytest.approx(PLAN.usual, rel=0.35)
    assert known.pause(known.quantile(0.05) * 0.8, 2.0) > 1.5 * middle
    assert known.pause(known.quantile(0.75), 2.0) <= middle * 1.1
    assert known.pause(1000.0, 8.0) == 12.0
    assert known.pause(1000.0, 14.0) == 15.0


def test_the_usual_pause_fits_the_spread() -> None:
    """Tasks that all end within a second are looked at each second; those of hours, rarely."""
    quick = times(*[3.0 + part / 100 for part in range(100)])
    slow = times(*[600.0 + 6.0 * part for part in range(100)])
    assert quick.pause(3.5, 1.0) <= 1.5
    assert slow.pause(900.0, 1.0) > 4 * PLAN.usual


def test_a_time_that_nobody_watched_counts_little() -> None:
    """A task that was seen done hours later says nothing of how long such tasks take."""
    away = [sample(3600.0, width=7200.0) for _ in range(150)]
    assert not Times(PLAN, away, NOW).learned
    seen = [sample(60.0 + second, width=4.0) for second in range(10)]
    assert 60.0 <= (Times(PLAN, away + seen, NOW).expected or 0) <= 70.0


def test_what_was_long_ago_is_forgotten() -> None:
    """Samples from before a clock was set right say nothing at all."""
    assert not Times(PLAN, [sample(60.0, age=NOW) for _ in range(10)], NOW).learned


@given(
    st.lists(st.floats(0, 1e5), max_size=50),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.integers(),
)
def test_no_past_leads_to_a_silly_wait(
    seconds: list[float], age: float, last: float, seed: int
) -> None:
    """Waits are positive, and never longer than the plan's longest."""
    known = times(*seconds)
    assert 1.0 <= known.pause(age, last) <= PLAN.longest
    assert known.first(random.Random(seed)) >= 0.5
