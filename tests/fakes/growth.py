"""How much dearer work becomes with its size: a ratio within one run, never a time."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 8  # how much larger the larger work is
MOST = 24.0  # times the effort: 8 where it grows with the size, 64 where it grows with its square
TRIES = 4  # other work on the machine makes either measurement too long, never too short


def keeps_up(work: Callable[[int], object], size: int) -> bool:
    """Whether `work(8 * size)` costs about eight times as much as `work(size)`, and not more."""
    small = large = float("inf")
    for _ in range(TRIES):
        small = min(small, _cost(work, size))
        large = min(large, _cost(work, TIMES * size))
        if large < MOST * small:
            return True
    return False


def _cost(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
