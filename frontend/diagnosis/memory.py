"""Whether memory suffices: the machine's, and the blocks that answers are computed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from frontend.diagnosis.findings import Check, Finding, Grade
from frontend.messages import Stats

LITTLE: Final = 300_000_000  # bytes; less, and the system ends processes
SOME: Final = 1_000_000_000
_MANY: Final = 0.05  # of requests, sent back for want of blocks


def look(stats: Stats) -> tuple[Finding, ...]:
    """What the figures say."""
    found = (*_of_machine(stats), *_of_blocks(stats))
    values = {"left": stats.available_bytes, "taken": stats.memory_bytes}
    return found or (Finding(Check.MEMORY, Grade.GOOD, "memory_good", values),)


def _of_machine(stats: Stats) -> Iterator[Finding]:
    left = stats.available_bytes
    if 0 < left < SOME:
        grade = Grade.BAD if left < LITTLE else Grade.POOR
        yield Finding(
            Check.MEMORY, grade, "memory_machine", {"left": left, "taken": stats.memory_bytes}
        )


def _of_blocks(stats: Stats) -> Iterator[Finding]:
    served = sum(stats.requests.values()) - stats.requests.get("refused", 0)
    if stats.preemptions > max(2.0, _MANY * served):
        yield Finding(Check.MEMORY, Grade.POOR, "memory_blocks", {"n": stats.preemptions})
