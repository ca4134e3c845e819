"""What the engine says of one request, carried from its thread to the event loop and the log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from backend.errors import (
    DeadlineExceeded,
    EngineLost,
    InvalidRequest,
    QueueFull,
    RequestError,
    TooLarge,
    Unavailable,
)
from backend.generations import Generation
from backend.metrics import Metrics
from backend.prompt import boxes
from backend.prompt.boxes import Target
from backend.prompt.events import Box, Delta, Finished, Mark, Started, Timing, Usage
from backend.prompt.prompt import FinishReason
from backend.quarantine import Suspect

# Ends that are told as errors: what may well succeed later, and what another engine refused.
_REFUSALS = (Unavailable, QueueFull, InvalidRequest, TooLarge)
_ANSWERS = frozenset({FinishReason.STOP, FinishReason.LENGTH, FinishReason.TOOL_CALLS})


class Relay:
    """A listener for the engine; `finished` becomes the result of `end`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        generation: Generation,
        planned: Started,
        metrics: Metrics,
        suspect: Suspect,
        accepted: float,
        targets: Sequence[Target] = (),
    ) -> None:
        """`planned` is the event to tell once the engine begins, its engine figures at zero.

        `suspect` hears at once when it is computed, since this process may die of it. `accepted` is
        the moment of acceptance on time.monotonic()'s clock, `targets` the pictures whose places
        the answers may name.
        """
        self._loop = loop
        self._generation = generation
        self._started = planned
        self._metrics = metrics
        self._suspect = suspect
        self._accepted = accepted
        self._targets = tuple(targets)
        self._has_started = False
        self._first_token = 0.0  # seconds after acceptance
        self._latest: dict[int, float] = {}  # moment of each answer's latest token
        self._reasoning_tokens: dict[int, int] = {}  # by answer
        self._marks: dict[int, list[Mark]] = {}  # by answer
        self.end: asyncio.Future[Finished] = loop.create_future()

    # On the engine's thread, where the moment of a token is taken.

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        """Compute begins."""
        self._suspect.begin()
        self._hop(self._begin, cached_tokens, queue_seconds)

    def delta(self, delta: Delta) -> None:
        """New text."""
        self._hop(self._grow, delta, time.monotonic())

    def counted(self, prompt_tokens: int, cached_tokens: int) -> None:
        """The prompt's true length."""
        self._hop(self._correct, prompt_tokens, cached_tokens)

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        """The end."""
        if not isinstance(error, EngineLost):  # of what that died of may have been this
            self._suspect.end(answered=_ANSWERS.issuperset(reasons))
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
        if delta.is_retold:  # it was no reasoning after all
            self._reasoning_tokens[delta.index] = 0
        if delta.marks:
            self._marks.setdefault(delta.index, []).extend(delta.marks)
        self._generation.append(delta)

    def _count(self, delta: Delta, moment: float) -> None:
        if not self._first_token:
            self._first_token = moment - self._accepted
            self._metrics.first_token.observe(self._first_token)
        before = self._latest.get(delta.index)
        if before is not None:
            self._metrics.inter_token.observe((moment - before) / delta.tokens, delta.tokens)
        self._latest[delta.index] = moment
        thought = delta.reasoning_tokens
        self._reasoning_tokens[delta.index] = self._reasoning_tokens.get(delta.index, 0) + thought
        self._metrics.generated(thought, reasoning=True)
        self._metrics.generated(delta.tokens - thought)

    def _correct(self, prompt_tokens: int, cached_tokens: int) -> None:
        """What was told at the start stays as it is; the end tells the truth."""
        self._started = replace(
            self._started, prompt_tokens=prompt_tokens, cached_tokens=cached_tokens
        )

    def _finish(
        self,
        moment: float,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        if self.end.done():  # given up on by a loop that is being torn down
            return
        if set(reasons) == {FinishReason.DEADLINE} and not completion_tokens:
            self.end.set_exception(too_late())
            return
        if isinstance(error, _REFUSALS):
            self.end.set_exception(error)
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
                    reasoning_tokens=sum(self._reasoning_tokens.values()),
                    image_tokens=min(started.image_tokens, started.prompt_tokens),
                ),
                timing=Timing(
                    queue=started.queue_seconds if self._has_started else total,
                    reading=started.reading_seconds,
                    first_token=self._first_token,
                    total=total,
                ),
                warning=warning,
                error="" if error is None else error.message,
                boxes=self._boxes(len(reasons)),
            )
        )

    def _boxes(self, answers: int) -> tuple[tuple[Box, ...], ...]:
        """The places that each answer names; nothing at all where none names any."""
        if not self._marks or not self._targets:
            return ()
        return tuple(
            boxes.placed(self._marks.get(index, ()), self._targets) for index in range(answers)
        )


def too_late() -> DeadlineExceeded:
    """The end of a request whose time ran out before it had any answer."""
    return DeadlineExceeded("The time allowed ran out before the answer began.")
