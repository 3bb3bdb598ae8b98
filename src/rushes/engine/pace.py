"""Judges whether a download gets on: a server that drips must not hold a job for ever."""

from rushes.engine.clock import Clock
from rushes.engine.failures import AnswerLost

LEAST_BYTES = 64 * 1024
WITHIN = 60.0
"""Seconds within which `LEAST_BYTES` have to come: about one kilobyte a second."""

LONGEST = 6 * 3600.0
"""Seconds after which a file that still comes, however fast, is left for another time."""


class TooSlow(AnswerLost):
    """The bytes come too slowly to be waited for."""


class Pace:
    """One connection's progress, by the clock that also counts a machine's sleep."""

    def __init__(self, clock: Clock, *, began: float) -> None:
        self._clock = clock
        self._began = began
        self._since = clock.elapsed()
        self._taken = 0

    def take(self, count: int) -> None:
        """Note so many bytes. Raises TooSlow when too few came, or all of it takes too long."""
        self._taken += count
        now = self._clock.elapsed()
        if now - self._began >= LONGEST:
            raise TooSlow(f"the file had not come whole within {LONGEST / 3600:.0f} hours")
        if now - self._since < WITHIN:
            return
        if self._taken < LEAST_BYTES:
            raise TooSlow(f"only {self._taken} bytes came in {now - self._since:.0f} seconds")
        self._since, self._taken = now, 0
