"""What the engine says of one request, carried from its thread to the event loop and the log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

from backend.errors import DeadlineExceeded
from backend.generations import Generation
from backend.prompt.events import Delta, Finished, Started, Timing, Usage
from backend.prompt.prompt import FinishReason


class Relay:
    """A listener for the engine; `finished` becomes the result of `end`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        generation: Generation,
        planned: Started,
        on_started: Callable[[Started], None],
        accepted: float,
    ) -> None:
        """`planned` is the event to tell once the engine begins, its engine figures at zero.

        `accepted` is the moment of acceptance on time.monotonic()'s clock.
        """
        self._loop = loop
        self._generation = generation
        self._started = planned
        self._on_started = on_started
        self._accepted = accepted
        self._has_started = False
        self._first_token = 0.0  # seconds after acceptance
        self._reasoning_tokens = 0
        self.end: asyncio.Future[Finished] = loop.create_future()

    # On the engine's thread.

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        """Compute begins."""
        self._hop(self._begin, cached_tokens, queue_seconds)

    def delta(self, delta: Delta) -> None:
        """New text."""
        self._hop(self._grow, delta)

    def finished(
        self, reasons: tuple[FinishReason, ...], completion_tokens: int, warning: str, error: str
    ) -> None:
        """The end."""
        self._hop(self._finish, reasons, completion_tokens, warning, error)

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
        self._on_started(self._started)

    def _grow(self, delta: Delta) -> None:
        if not self._first_token and delta.tokens:
            self._first_token = time.monotonic() - self._accepted
        if delta.reasoning and not delta.text:
            self._reasoning_tokens += delta.tokens
        self._generation.append(delta)

    def _finish(
        self, reasons: tuple[FinishReason, ...], completion_tokens: int, warning: str, error: str
    ) -> None:
        if self.end.done():  # given up on by a loop that is being torn down
            return
        if set(reasons) == {FinishReason.DEADLINE} and not completion_tokens:
            self.end.set_exception(too_late())
            return
        total = time.monotonic() - self._accepted
        started = self._started
        self.end.set_result(
            Finished(
                reasons=reasons,
                usage=Usage(
                    prompt_tokens=started.prompt_tokens,
                    completion_tokens=completion_tokens,
                    cached_tokens=started.cached_tokens,
                    reasoning_tokens=self._reasoning_tokens,
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
