"""How fast something goes, measured lately."""

from __future__ import annotations

import time
from collections import deque

_KEPT = 0.8  # of what was measured before, at every new measurement


class Rate:
    """Units a second while at work, over the last few measurements, so that it follows the machine.

    A measurement weighs by its units: a few tokens take nearly as long as many, and would make
    long prompts look slow.
    """

    def __init__(self) -> None:
        self._units = 0.0
        self._seconds = 0.0

    def add(self, units: int, seconds: float) -> None:
        """Takes one measurement in."""
        if units <= 0:
            return
        self._units = _KEPT * self._units + units
        self._seconds = _KEPT * self._seconds + seconds

    @property
    def per_second(self) -> float:
        """Units a second; 0 before the first measurement."""
        return self._units / self._seconds if self._seconds > 0 else 0.0


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
