"""How often a quantity fell between bounds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

# Seconds, for waits from a few milliseconds on a GPU to a minute in the queue of a laptop.
SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Histogram:
    """Counts values by bucket; a bucket takes in its upper bound, the last one has none."""

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    @property
    def total(self) -> int:
        """Values counted."""
        return sum(self.counts)

    def observe(self, value: float, times: int = 1) -> None:
        """Counts a value, or several equal ones."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.sum += value * times
