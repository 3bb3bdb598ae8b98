"""When to look at a task: by the poll plan, or by how long its model has taken before. Pure."""

import bisect
import itertools
import math
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

FEWEST_IN_SPREAD = 4
MOST_IN_SPREAD = 32
"""How many usual pauses lie between the times of the fastest and the slowest, at most."""

AHEAD = 0.25
"""How soon a task will end is read from the next so many of those that took at least as long."""

TAIL = 0.05
"""Of the last so many nothing is foretold: they are looked at ever more rarely."""

PARTS = 5
"""By so many points is each interval taken."""

POINTS = 400
SHORTEST = 1.0
HALF_LIFE = 7 * 86400.0
"""Seconds after which a sample counts half."""


class Times:
    """What a model's past says of its next task. All figures are seconds after the submit.

    Each sample is an interval: the task was last seen unfinished, and then first seen finished.
    It counts as spread over it, and the less, the further it is beyond the plan's longest pause:
    who was away for an hour has not seen a task of an hour. Quantiles are of the weights, so a
    few outliers move nothing.
    """

    def __init__(self, plan: PollPlan, samples: Sequence[Sample], now: float) -> None:
        self._plan = plan
        points: list[tuple[float, float]] = []
        self.count = len(samples)
        self._precise = 0.0
        for sample in samples:
            width = sample.finished - sample.unfinished
            precision = min(1.0, (plan.longest / max(width, SHORTEST)) ** 2)
            self._precise += precision
            weight = precision * 0.5 ** (max(0.0, now - sample.at) / HALF_LIFE)
            parts = PARTS if width > 0 else 1
            points += [
                (sample.unfinished + width * (part + 0.5) / parts, weight / parts)
                for part in range(parts)
            ]
        points.sort()
        self._durations = [seconds for seconds, _ in points]
        self._weights: list[float] = list(itertools.accumulate(weight for _, weight in points))
        self._thin()
        self._usual, self._usual_rate = plan.usual, 0.0
        if self.learned:
            spread = self.quantile(0.95) - self.quantile(0.05)
            at_most = max(SHORTEST, spread / FEWEST_IN_SPREAD)
            self._usual = min(max(plan.usual, spread / MOST_IN_SPREAD), at_most)
            around = self.quantile(0.65) - self.quantile(0.35)
            self._usual_rate = 0.3 / 0.5 / max(around, SHORTEST)

    @property
    def learned(self) -> bool:
        """Whether enough is known to go by."""
        return self.count >= ENOUGH and self._precise >= 1.0 and self._weights[-1] > 0.0

    @property
    def expected(self) -> float | None:
        """The median, or None where nothing is known."""
        return self.quantile(0.5) if self.count else None

    def quantile(self, share: float) -> float:
        """The time under which this share of the weight lies."""
        return self._durations[self._place(share * self._weights[-1])]

    def first(self, chance: random.Random) -> float:
        """When to look first."""
        if not self.learned:
            return self._plan.first
        first = max(SHORTEST, FIRST_AT * self.quantile(0.05))
        return first / 2 if chance.randrange(EARLY_ONE_IN) == 0 else first

    def pause(self, age: float, last: float) -> float:
        """How long to wait after a look at a task of that age, when the last wait was `last`.

        A task is looked at the more often, the more likely it is to end now: the pause goes with
        the square root of that, by which so many looks lose the least time.
        """
        rate = self._rate(age) if self.learned else None
        if rate is None:
            return min(self._plan.longest, max(last, SHORTEST) * self._plan.growth)
        pause = self._usual * math.sqrt(self._usual_rate / rate)
        return min(self._plan.longest, max(SHORTEST, pause))

    def _rate(self, age: float) -> float | None:
        """Tell which part of the tasks of that age ends in a second; None where few were older."""
        place = bisect.bisect_right(self._durations, age)
        before = self._weights[place - 1] if place else 0.0
        left = self._weights[-1] - before
        if place == len(self._durations) or left < TAIL * self._weights[-1]:
            return None
        there = self._place(before + AHEAD * left)
        ended = (self._weights[there] - before) / left
        seconds = max(self._durations[there] - age, SHORTEST)
        return ended / (1 - ended / 2) / seconds

    def _thin(self) -> None:
        """Keep so many points of equal weight: each task that is watched holds its Times."""
        if len(self._weights) > POINTS and (total := self._weights[-1]) > 0:
            self._durations = [
                self._durations[self._place(total * (number + 0.5) / POINTS)]
                for number in range(POINTS)
            ]
            self._weights = [total * (number + 1) / POINTS for number in range(POINTS)]

    def _place(self, weight: float) -> int:
        return min(bisect.bisect_left(self._weights, weight), len(self._weights) - 1)
