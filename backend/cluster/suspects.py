"""What replicas were at when they died, as one gateway saw it.

The next replica would die of it as well. So what two of them died over is refused for a while, as
by a backend alone that has died twice; see `backend.quarantine`. Who else was being answered there
is suspected too, until it is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from backend.cluster.calls import Call, Refusal
from backend.cluster.refusals import refusal
from backend.deaths import Deaths
from backend.errors import Quarantined


class Suspects:
    """For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._deaths = Deaths(clock)

    def refused(self, call: Call) -> Refusal | None:
        """Why a call is not tried, if it is not."""
        try:
            self._deaths.check(call.words)
        except Quarantined as error:
            return refusal(error)
        return None

    def ended(self, call: Call, refused: Refusal | None) -> None:
        """A call was answered, or ended in a refusal."""
        if not call.words:
            return
        if refused is None:
            self._deaths.absolve(call.words)
        elif refused.died:
            self._deaths.count(call.words, refused.died)
