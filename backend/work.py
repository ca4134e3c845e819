"""What the engine is given, whom it tells, and its figures; free of the engine itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from backend.prompt.events import Delta
from backend.prompt.prompt import FinishReason, Priority, Sampling


@dataclass(frozen=True)
class Work:
    """One request, ready to compute."""

    request_id: str
    owner: str
    prompt_ids: tuple[int, ...]
    sampling: Sampling  # seed and max_tokens are concrete
    priority: Priority = Priority.INTERACTIVE
    deadline: float | None = None  # on time.monotonic()'s clock
    notice: str | None = None  # a fixed text that is the answer instead of sampled tokens


class Listener(Protocol):
    """Hears of one request. Called on the engine's thread; must return at once."""

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        """Its compute begins; at most once."""

    def delta(self, delta: Delta) -> None:
        """New text of one of its answers."""

    def finished(
        self, reasons: tuple[FinishReason, ...], completion_tokens: int, warning: str, error: str
    ) -> None:
        """The end; exactly once, last."""


@dataclass(frozen=True)
class EngineStats:
    """The engine's figures; totals count from its start."""

    queued: int  # requests
    running: int  # requests
    blocks_used: int
    blocks_total: int
    tokens_per_second: float
    prompt_tokens_total: int
    completion_tokens_total: int
    preemptions_total: int
