"""The backend's counters: what was asked, how it ended and what it cost since the start."""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from backend.histogram import Histogram
from backend.kept_answers import KeptAnswers
from backend.owners import Owners
from backend.prompt.events import Finished, PageRead, Started
from backend.prompt.prompt import FinishReason, ReadingMethod
from backend.work import EngineStats

OUTCOMES = ("stop", "length", "tool_calls", "cancelled", "deadline", "error", "refused")

# A request of several answers is counted once, under the reason that weighs most.
_WEIGHT = (
    FinishReason.ERROR,
    FinishReason.CANCELLED,
    FinishReason.DEADLINE,
    FinishReason.LENGTH,
    FinishReason.TOOL_CALLS,
    FinishReason.STOP,
)


@dataclass(frozen=True)
class Layer:
    """What one of the caches was good for."""

    hits: int
    misses: int
    saved_seconds: float  # of waiting, estimated
    evictions: int | None = None  # None: nothing ever leaves it to make room


@dataclass
class Metrics:
    """Counted by the event loop alone; what is cheap to count is counted for every token."""

    started_at: float = field(default_factory=time.time)  # unix seconds, to be shown
    requests: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(OUTCOMES, 0)))
    refusals: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0  # generated; an answer given again has none
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    image_tokens: int = 0
    # Of answers that were computed:
    first_token: Histogram = field(default_factory=Histogram)
    inter_token: Histogram = field(default_factory=Histogram)
    queue: Histogram = field(default_factory=Histogram)
    owners: Owners = field(default_factory=Owners)
    _born: float = field(default_factory=time.monotonic)
    _pictures: int = 0  # pages shown to the model as pictures
    _known_pages: int = 0
    _reading: Counter[ReadingMethod] = field(default_factory=Counter)  # pages that took time
    _reading_seconds: dict[ReadingMethod, float] = field(default_factory=dict)
    _saved_reading: float = 0.0
    _prefix: _Savings = field(default_factory=lambda: _Savings())
    _embeddings: _Savings = field(default_factory=lambda: _Savings())

    @property
    def uptime(self) -> float:
        """Seconds since the process started to count."""
        return time.monotonic() - self._born

    def started(self, event: Started) -> None:
        """A prompt went into the model, or its answer was known."""
        self.routes[event.route.value] += 1
        self.prompt_tokens += event.prompt_tokens
        self.cached_tokens += event.cached_tokens
        self.image_tokens += event.image_tokens
        self._pictures += sum(page.is_shown for page in event.pages)
        if not event.answer_cached:
            self.queue.observe(event.queue_seconds)

    def generated(self, tokens: int, *, reasoning: bool = False) -> None:
        """New tokens of an answer."""
        self.completion_tokens += tokens
        self.reasoning_tokens += tokens if reasoning else 0

    def page_read(self, page: PageRead, seconds: float) -> None:
        """A page was ready for a request, `seconds` after the one before it."""
        self.pages["cached" if page.cached else page.method.value] += 1
        if page.method is ReadingMethod.VISION:  # whether it was known is the embeddings' affair
            return
        self._known_pages += page.cached
        if not page.cached:
            self._reading[page.method] += 1
            before = self._reading_seconds.get(page.method, 0.0)
            self._reading_seconds[page.method] = before + seconds
        elif self._reading[page.method]:
            mean = self._reading_seconds[page.method] / self._reading[page.method]
            self._saved_reading += max(0.0, mean - seconds)

    def finished(self, event: Finished, owner: str) -> None:
        """A request came to its end."""
        self.owners.finished(owner, event.usage)
        reason = min(event.reasons, key=_WEIGHT.index)
        self.requests[reason.value] += 1

    def refused(self, code: str, owner: str | None = None) -> None:
        """A request to generate was turned away or failed with an error status.

        Without an owner nobody knows who sent it.
        """
        if owner is not None:
            self.owners.refused(owner)
        self.refusals[code] += 1
        self.requests["refused"] += 1

    def layers(self, kept: KeptAnswers, engine: EngineStats | None) -> dict[str, Layer]:
        """The caches by name, from files to answers.

        What the engine did not have to compute is valued at the rates it measures, at the latest
        whenever this is asked for.
        """
        found = {
            "pages": Layer(self._known_pages, self._reading.total(), self._saved_reading),
            "answers": Layer(kept.hits, kept.misses, kept.saved_seconds, kept.evictions),
        }
        if engine is None:
            return found
        tokens = self.image_tokens / self._pictures if self._pictures else 0.0
        found["embeddings"] = Layer(
            engine.embedding_hits_total,
            engine.embedding_misses_total,
            self._embeddings.seconds(
                engine.embedding_hits_total, tokens, engine.encode_tokens_per_second
            ),
            engine.embedding_evictions_total,
        )
        found["prefix"] = Layer(
            engine.prefix_hits_total,
            engine.prefix_misses_total,
            self._prefix.seconds(engine.prefix_hits_total, 1, engine.prefill_tokens_per_second),
            engine.prefix_evictions_total,
        )
        return found


@dataclass
class _Savings:
    """Seconds that hits have saved: those since the last look at the rate of now, so that the sum
    only grows."""

    _valued: int = 0  # hits
    _sum: float = 0.0

    def seconds(self, hits: int, tokens: float, per_second: float) -> float:
        """The sum, for so many hits in all, each of so many tokens."""
        if per_second > 0 and tokens > 0:
            self._sum += (hits - self._valued) * tokens / per_second
            self._valued = hits
        return self._sum


def resident_bytes() -> int:
    """This process's resident memory; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()
