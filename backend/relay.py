"""What the engine says of one request, carried from its thread to the event loop and the log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

from backend.errors import DeadlineExceeded
from backend.generations import Generation
from backend.metrics import Metrics
from backend.prompt.events import Delta, Finished, Started, Timing, Usage
from backend.prompt.prompt import FinishReason


class Relay:
    """A listener for the engine; `finished` becomes the result of `end`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        generation: Generation,
        planned: Started,
        metrics: Metrics,
        accepted: float,
    ) -> None:
        """`planned` is the event to tell once the engine begins, its engine figures at zero.

        `accepted` is the moment of acceptance on time.monotonic()'s clock.
        """
        self._loop = loop
        self._generation = generation
        self._started = planned
        self._metrics = metrics
        self._accepted = accepted
        self._has_started = False
        self._first_token = 0.0  # seconds after acceptance
        self._latest: dict[int, float] = {}  # moment of each answer's latest token
        self._reasoning_tokens = 0
        self.end: asyncio.Future[Finished] = loop.create_future()

    # On the engine's thread, where the moment of a token is taken.

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        """Compute begins."""
        self._hop(self._begin, cached_tokens, queue_seconds)

    def delta(self, delta: Delta) -> None:
        """New text."""
        self._hop(self._grow, delta, time.monotonic())

    def finished(
        self, reasons: tuple[FinishReason, ...], completion_tokens: int, warning: str, error: str
    ) -> None:
        """The end."""
        self._hop(self._finish, time.monotonic(), reasons, completion_tokens, warning, error)

    def _hop(self, do: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to tell
            self._loop.call_soon_threadsafe(do, *values)

    # On the event loop.

    def _begin(self, cached_tokens: int, queue_seconds: float) -> None:
        assert not self._has_started, "an answer begins once"
        self._has_started = True
        self._started = replace(
            self._started, cached_tokens=cached_tokens, queue_seconds=queue_seconds
        )
        self._generation.append(self._started)
        self._metrics.started(self._started)

    def _grow(self, delta: Delta, moment: float) -> None:
        if delta.tokens:
            self._count(delta, moment)
        self._generation.append(delta)

    def _count(self, delta: Delta, moment: float) -> None:
        if not self._first_token:
            self._first_token = moment - self._accepted
            self._metrics.first_token.observe(self._first_token)
        before = self._latest.get(delta.index)
        if before is not None:
            self._metrics.inter_token.observe((moment - before) / delta.tokens, delta.tokens)
        self._latest[delta.index] = moment
        is_reasoning = bool(delta.reasoning and not delta.text)
        self._reasoning_tokens += delta.tokens if is_reasoning else 0
        self._metrics.generated(delta.tokens, reasoning=is_reasoning)

    def _finish(
        self,
        moment: float,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: str,
    ) -> None:
        if self.end.done():  # given up on by a loop that is being torn down
            return
        if set(reasons) == {FinishReason.DEADLINE} and not completion_tokens:
            self.end.set_exception(too_late())
            return
        total = moment - self._accepted
        started = self._started
        self.end.set_result(
            Finished(
                reasons=reasons,
                usage=Usage(
                    prompt_tokens=started.prompt_tokens,
                    completion_tokens=completion_tokens,
                    cached_tokens=started.cached_tokens,
                    reasoning_tokens=self._reasoning_tokens,
                    image_tokens=started.image_tokens,
                ),
                timing=Timing(
                    queue=started.queue_seconds if self._has_started else total,
                    reading=started.reading_seconds,
                    first_token=self._first_token,
                    total=total,
                ),
                warning=warning,
                error=error,
            )
        )


def too_late() -> DeadlineExceeded:
    """The end of a request whose time ran out before it had any answer."""
    return DeadlineExceeded("The time allowed ran out before the answer began.")
