"""How fast something goes, measured lately."""

from __future__ import annotations

import time
from collections import deque

_WEIGHT = 0.2  # of the newest measurement in the average


class Rate:
    """Units a second while at work: an exponential average, so that it follows the machine."""

    def __init__(self) -> None:
        self._seconds_a_unit = 0.0

    def add(self, units: int, seconds: float) -> None:
        """Takes one measurement in."""
        if units <= 0:
            return
        new = seconds / units
        old = self._seconds_a_unit
        self._seconds_a_unit = new if not old else old + _WEIGHT * (new - old)

    @property
    def per_second(self) -> float:
        """Units a second; 0 before the first measurement."""
        return 1 / self._seconds_a_unit if self._seconds_a_unit > 0 else 0.0


class Flow:
    """Units a second over the last few seconds, idle ones included."""

    def __init__(self, window: float = 5.0) -> None:
        self._window = window  # seconds
        self._events: deque[tuple[float, int]] = deque()

    def add(self, units: int) -> None:
        """Counts units now."""
        now = time.monotonic()
        self._events.append((now, units))
        while self._events[0][0] <= now - self._window:
            self._events.popleft()

    @property
    def per_second(self) -> float:
        """Units a second; may be asked from any thread."""
        since = time.monotonic() - self._window
        return sum(units for at, units in tuple(self._events) if at > since) / self._window
