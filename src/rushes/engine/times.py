"""When to look at a task: by the poll plan, or by how long its model has taken before. Pure."""

import bisect
import itertools
import random
from collections.abc import Sequence

from rushes.catalog.schema import PollPlan
from rushes.store.protocol import Sample

ENOUGH = 5
"""From so many samples on, a model's past counts more than the poll plan."""

FIRST_AT = 0.8
"""The first look comes at this part of the time that only one task in twenty stayed under."""

EARLY_ONE_IN = 20
"""One task in so many is looked at early, or a model that has become faster is never noticed."""

LOOKS_IN_SPREAD = 8
SHORTEST = 1.0
HALF_LIFE = 7 * 86400.0
"""Seconds after which a sample counts half."""


class Times:
    """What a model's past says of its next task. All figures are seconds after the submit.

    Each sample is an interval: the task was last seen unfinished, and then first seen finished.
    It counts as its middle. Quantiles are of the weights, so a few outliers move nothing.
    """

    def __init__(self, plan: PollPlan, samples: Sequence[Sample], now: float) -> None:
        self._plan = plan
        ordered = sorted(samples, key=_middle)
        self._durations = [_middle(sample) for sample in ordered]
        self._weights = list(
            itertools.accumulate(
                0.5 ** (max(0.0, now - sample.at) / HALF_LIFE) for sample in ordered
            )
        )
        self.count = len(ordered)

    @property
    def learned(self) -> bool:
        """Whether enough is known to go by."""
        return self.count >= ENOUGH

    @property
    def expected(self) -> float | None:
        """The median, or None where nothing is known."""
        return self.quantile(0.5) if self.count else None

    def quantile(self, share: float) -> float:
        """The time under which this share of the weight lies."""
        place = bisect.bisect_left(self._weights, share * self._weights[-1])
        return self._durations[min(place, self.count - 1)]

    def first(self, chance: random.Random) -> float:
        """When to look first."""
        if not self.learned:
            return self._plan.first
        first = max(SHORTEST, FIRST_AT * self.quantile(0.05))
        return first / 2 if chance.randrange(EARLY_ONE_IN) == 0 else first

    def pause(self, age: float, last: float) -> float:
        """How long to wait after a look at a task of that age, when the last wait was `last`."""
        grown = min(self._plan.longest, max(last, SHORTEST) * self._plan.growth)
        if not self.learned:
            return grown
        late = self.quantile(0.95)
        if age >= late:
            return grown
        spread = late - self.quantile(0.05)
        return min(self._plan.longest, max(SHORTEST, spread / LOOKS_IN_SPREAD))


def _middle(sample: Sample) -> float:
    return (sample.unfinished + sample.finished) / 2
