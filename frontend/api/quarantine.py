"""Requests that were being computed each time the backend died, and are not tried a third time.

Who was at work is known, not who was to blame: a neighbour is suspected as well. So suspicion ends
with the first answer, and with time.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from frontend.api.errors import ApiError
from frontend.messages import Question

DEATHS: Final = 2  # after which a request is refused
_SECONDS: Final = 600.0  # of suspicion since the last one
_MOST: Final = 1000  # suspects


class Quarantine:
    """The suspects; one per process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._suspects: OrderedDict[bytes, tuple[int, float]] = OrderedDict()  # latest last

    def check(self, owner: str, question: Question) -> None:
        """Raises ApiError for what has brought the backend down too often."""
        if not self._suspects:  # as always; nothing needs a name then
            return
        deaths, latest = self._suspects.get(_name(owner, question), (0, 0.0))
        if deaths >= DEATHS and self._clock() - latest < _SECONDS:
            raise ApiError(
                500,
                "This request was being computed each time the model's process died; it is not"
                " tried again for a while.",
                code="request_quarantined",
                type="server_error",
                headers={"x-should-retry": "false"},
            )

    def suspect(self, owner: str, question: Question) -> None:
        """It was being computed as the backend died."""
        name, now = _name(owner, question), self._clock()
        deaths, latest = self._suspects.pop(name, (0, now))
        self._suspects[name] = (deaths + 1 if now - latest < _SECONDS else 1, now)
        while len(self._suspects) > _MOST:
            self._suspects.popitem(last=False)

    def clear(self, owner: str, question: Question) -> None:
        """The backend has not died that time."""
        name = _name(owner, question)
        deaths, latest = self._suspects.pop(name, (0, 0.0))
        if deaths > 1:
            self._suspects[name] = (deaths - 1, latest)

    def absolve(self, owner: str, question: Question) -> None:
        """It was answered."""
        if self._suspects:
            self._suspects.pop(_name(owner, question), None)


def _name(owner: str, question: Question) -> bytes:
    """The same for the same question, whatever its id."""
    asked = repr((owner, replace(question, request_id="")))
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()
