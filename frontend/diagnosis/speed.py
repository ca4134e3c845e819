"""Why a first token is late: queue, device, threads, caches; and one real answer, timed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Final, Protocol

from frontend.diagnosis.findings import Check, Finding, Grade
from frontend.diagnosis.upload import OWNER
from frontend.messages import (
    BackendError,
    BackendStatus,
    Delta,
    Event,
    Finished,
    Question,
    Role,
    Sampling,
    Stats,
    TextPart,
    Turn,
)

SLOW: Final = 5.0  # seconds to a first token of a question of one word
_PATIENCE: Final = 60.0
_LARGE: Final = 1_000_000_000  # parameters that a processor computes slowly
_MUCH: Final = 20_000  # prompt tokens after which a cache has had its chance
_COLD: Final = 0.02


class Backend(Protocol):
    """What is asked of the client."""

    def generate(
        self, owner: str, question: Question, *, timeout: float | None = None
    ) -> Iterator[Event]: ...


def look(backend: Backend, status: BackendStatus, stats: Stats) -> tuple[Finding, ...]:
    """Asks for one token, and looks at what it may have waited for."""
    seconds, failed = _first_token(backend)
    causes = tuple(_causes(status, stats))
    if failed is not None:
        return (_found(Grade.BAD, "no_answer", detail=failed), *causes)
    if seconds is not None and seconds > SLOW:
        return (_found(Grade.POOR, "slow", seconds=seconds), *causes)
    return causes or (_found(Grade.GOOD, "good", seconds=seconds or 0.0),)


def _first_token(backend: Backend) -> tuple[float | None, str | None]:
    """Seconds to the first token, or why there was none."""
    question = Question(
        request_id=uuid.uuid4().hex,
        turns=(Turn(Role.USER, (TextPart("Hello"),)),),
        sampling=Sampling(temperature=0.0, max_tokens=1),
        use_answer_cache=False,
    )
    began = time.monotonic()
    try:
        for event in backend.generate(OWNER, question, timeout=_PATIENCE):
            if isinstance(event, Delta):
                return time.monotonic() - began, None
            if isinstance(event, Finished) and event.error:
                return None, event.error
    except BackendError as error:
        return None, error.message
    return time.monotonic() - began, None  # the model had nothing to say, but said so


def _causes(status: BackendStatus, stats: Stats) -> Iterator[Finding]:
    if stats.queued > max(2, stats.running):
        yield _found(Grade.POOR, "queue", n=stats.queued, running=stats.running)
    model = status.model
    if model is not None and _on_cpu(status) and model.parameters > _LARGE:
        yield _found(Grade.POOR, "device", model=model.name)
    if stats.threads and stats.cores and stats.threads != stats.cores and _on_cpu(status):
        yield _found(Grade.POOR, "threads", threads=stats.threads, cores=stats.cores)
    prefix = stats.caches.get("prefix")
    if prefix is not None and prefix.hits + prefix.misses > _MUCH:
        share = prefix.hits / (prefix.hits + prefix.misses)
        if share < _COLD and (prefix.evictions or 0) > 0:
            yield _found(Grade.POOR, "cache", share=share)


def _on_cpu(status: BackendStatus) -> bool:
    return status.model is not None and status.model.device.lower() == "cpu"


def _found(grade: Grade, name: str, **values: str | int | float) -> Finding:
    return Finding(Check.SPEED, grade, f"speed_{name}", values)
