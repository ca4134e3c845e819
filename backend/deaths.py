"""How often somebody died over a request lately, and when that is too often."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from backend.errors import Quarantined

DEATHS: Final = 2  # after which a request is refused
SECONDS: Final = 600.0  # of suspicion since the last one
_NEVER: Final = 0, 0.0, ""


class Deaths:
    """Counts by the name of a request. For one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._died: dict[str, tuple[int, float, str]] = {}  # how often; when last, and who

    def __bool__(self) -> bool:
        """Whether anything is suspected."""
        return bool(self._died)

    def check(self, name: str) -> None:
        """Raises Quarantined for what was died over too often."""
        deaths, latest, _ = self._died.get(name, _NEVER)
        if deaths >= DEATHS and self.is_recent(latest):
            raise Quarantined(
                "The model's process died each time it was working on this lately, so it is not"
                " tried again for now. Put it differently, or wait ten minutes."
            )

    def count(self, name: str, who: str = "") -> int:
        """One more, now; how many that makes. `who` died: if it is told once more, by another that
        waited for it, that is no other death. What is long ago is forgotten."""
        self._died = {one: seen for one, seen in self._died.items() if self.is_recent(seen[1])}
        deaths, _, latest = self._died.get(name, _NEVER)
        if not (who and who == latest):
            deaths += 1
        self._died[name] = deaths, self._clock(), who
        return deaths

    def recall(self, name: str, deaths: int, latest: float) -> None:
        """What is known of earlier."""
        self._died[name] = deaths, latest, ""

    def absolve(self, name: str) -> bool:
        """It was answered; whether it was suspected."""
        return self._died.pop(name, None) is not None

    def is_recent(self, latest: float) -> bool:
        """Whether a death at that time still counts."""
        return 0 <= self._clock() - latest < SECONDS  # what is yet to come was another clock's
