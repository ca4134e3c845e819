"""The guard against answers that have fallen into an endless loop."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_PERIOD = 64  # tokens
LOOP_TOKENS = 512  # this much of the answer's end must repeat: a real list or table never does
CHECK_EVERY = 32  # tokens


def is_looping(tokens: Sequence[int]) -> bool:
    """Whether the last `LOOP_TOKENS` tokens are one short phrase over and over."""
    if len(tokens) < LOOP_TOKENS or len(tokens) % CHECK_EVERY:
        return False
    tail = list(tokens[-LOOP_TOKENS:])
    return any(tail[period:] == tail[:-period] for period in range(1, LONGEST_PERIOD + 1))
