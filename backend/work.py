"""What the engine is given, whom it tells, and its figures; free of the engine itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from backend.errors import RequestError
from backend.prompt.events import Delta
from backend.prompt.guide import Guide
from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import (
    NO_CALLS,
    Calling,
    FinishReason,
    Priority,
    ResponseFormat,
    Sampling,
    Thinking,
)
from backend.prompt.template import ChatMessage

OFF = Thinking()


@dataclass(frozen=True)
class Asked:
    """A request before it became tokens, for an engine that takes words and writes its own."""

    turns: tuple[ChatMessage, ...]  # as laid out; each mark is one of the work's images, in order
    max_tokens: int | None  # None: whatever is left of the context
    response_format: ResponseFormat | None = None
    thinking: Thinking = OFF


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
    images: tuple[ImageSpan, ...] = ()  # held in the embedding cache by the caller
    guide: Callable[[], Guide] | None = None  # makes one for each of the n answers
    thinking: bool = False  # whether the model may reason before its answer
    adapted: bool = False  # computed with the model's adapter, if it has one
    calling: Calling = NO_CALLS  # the functions that its answers may call
    asked: Asked | None = None  # what the tokens were made of; None: nobody kept it


class Listener(Protocol):
    """Hears of one request. Called on the engine's thread; must return at once."""

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        """Its compute begins; at most once."""

    def delta(self, delta: Delta) -> None:
        """New text of one of its answers."""

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        """The end; exactly once, last. `error` says what an answer that ended with an error
        could not be computed for."""


@runtime_checkable
class Counting(Listener, Protocol):
    """A listener that also wants to hear how long the prompt was, where that was an estimate."""

    def counted(self, prompt_tokens: int, cached_tokens: int) -> None:
        """How many tokens the prompt turned out to have; before the end."""


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
    blocks_cached: int = 0  # hold a known prefix and are free to be taken
    prefix_hits_total: int = 0  # prompt tokens
    prefix_misses_total: int = 0
    prefix_evictions_total: int = 0  # blocks
    embedding_hits_total: int = 0  # pictures
    embedding_misses_total: int = 0
    embedding_evictions_total: int = 0
    embedding_bytes: int = 0
    prefill_tokens_per_second: float = 0.0  # measured lately; 0: never yet
    encode_tokens_per_second: float = 0.0
    device_bytes: int = 0  # of the GPU's memory in use; 0 without one
    device_bytes_limit: int = 0
    threads: int = 0  # of one computation
