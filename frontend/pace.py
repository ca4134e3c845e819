"""How fast tokens come, over the last few seconds."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW: Final = 3.0  # seconds
SHORTEST: Final = 0.4  # seconds; over less, a rate says nothing


class Pace:
    """Hears how many tokens there are in all, and tells their rate. For one thread."""

    def __init__(self) -> None:
        self._heard: deque[tuple[float, int]] = deque()

    def hear(self, now: float, tokens: int) -> float | None:
        """Notes that there are `tokens` at `now` (seconds); their rate, None as long as unknown."""
        self._heard.append((now, tokens))
        while now - self._heard[0][0] > WINDOW:
            self._heard.popleft()
        then, before = self._heard[0]
        return (tokens - before) / (now - then) if now - then >= SHORTEST else None
