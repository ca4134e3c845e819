"""The backend's counters: what was asked, how it ended and what it cost since the start."""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from backend.prompt.events import Finished, PageRead, Started
from backend.prompt.prompt import FinishReason

OUTCOMES = ("stop", "length", "cancelled", "deadline", "error", "refused")

# A request of several answers is counted once, under the reason that weighs most.
_WEIGHT = (
    FinishReason.ERROR,
    FinishReason.CANCELLED,
    FinishReason.DEADLINE,
    FinishReason.LENGTH,
    FinishReason.STOP,
)


@dataclass
class Metrics:
    """Counted by the event loop alone."""

    started_at: float = field(default_factory=time.time)  # unix seconds, to be shown
    requests: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(OUTCOMES, 0)))
    refusals: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    _born: float = field(default_factory=time.monotonic)

    @property
    def uptime(self) -> float:
        """Seconds since the process started to count."""
        return time.monotonic() - self._born

    def started(self, event: Started) -> None:
        """A prompt went into the model."""
        self.routes[event.route.value] += 1
        self.prompt_tokens += event.prompt_tokens
        self.cached_tokens += event.cached_tokens

    def page_read(self, page: PageRead) -> None:
        """A page was read for a request."""
        self.pages["cached" if page.cached else page.method.value] += 1

    def finished(self, event: Finished) -> None:
        """A request came to its end."""
        reason = min(event.reasons, key=_WEIGHT.index)
        self.requests[reason.value] += 1
        self.completion_tokens += event.usage.completion_tokens

    def refused(self, code: str) -> None:
        """A request to generate was turned away or failed with an error status."""
        self.refusals[code] += 1
        self.requests["refused"] += 1


def resident_bytes() -> int:
    """This process's resident memory; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()
