"""How many calls something makes: what it costs, as one number that no other work changes."""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import Any


class Calls:
    """Counts what this thread calls, of Python's functions and of C's, while the block lasts."""

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> Calls:
        self._before = sys.getprofile()
        sys.setprofile(self._count)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.setprofile(self._before)

    def _count(self, frame: FrameType, event: str, value: Any) -> None:
        self.number += event in ("call", "c_call")
