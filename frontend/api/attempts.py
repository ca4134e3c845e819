"""Asks the backend; once more if it went away before it said anything.

A request is told as failed only when its caller has to know: text that was sent cannot be taken
back, but a request of which nothing was said yet can be put to the next backend unnoticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Protocol

from frontend.messages import (
    BackendError,
    BackendStatus,
    Delta,
    Event,
    Finished,
    FinishReason,
    Phase,
    Question,
)

_PAUSE: Final = 0.25  # seconds between two looks for the backend
_LOOK: Final = 1.0  # seconds that one look may take
_REFUSAL: Final = 1.0  # seconds that an address takes at most to tell that nobody is there
_SPARE: Final = 0.5  # seconds before the request's end at which the search ends


class Backend(Protocol):
    """What is asked of the client; see frontend.client.concurrent."""

    async def status(self, *, timeout: float) -> BackendStatus: ...  # noqa: ASYNC109

    def generate(
        self, owner: str, question: Question, *, timeout: float
    ) -> AsyncGenerator[Event, None]: ...


class _WentAway(Exception):
    """The backend had taken the request and said nothing yet."""

    def __init__(self, error: BackendError) -> None:
        super().__init__(error.message)
        self.error = error


class Attempts:
    """Every request on its way to the backend; one per process."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def events(
        self, owner: str, question: Question, end: float
    ) -> AsyncGenerator[Event, None]:
        """The events of an answer; `end` is on the loop's clock. Raises BackendError."""
        try:
            async with aclosing(self._attempt(owner, question, end)) as events:
                async for event in events:
                    yield event
            return
        except _WentAway as gone:
            lost = gone.error
        if not await self._comes_back(lost, end):
            raise lost
        again = replace(question, request_id=f"{question.request_id}-2")
        try:
            async with aclosing(self._attempt(owner, again, end)) as events:
                async for event in events:
                    yield event
        except _WentAway as gone:
            raise gone.error from None

    async def _attempt(
        self, owner: str, question: Question, end: float
    ) -> AsyncGenerator[Event, None]:
        is_taken = has_said = False
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        left = max(0.001, end - asked_at)
        answering = self._backend.generate(owner, question, timeout=left)
        try:
            async with aclosing(answering):
                async for event in answering:
                    match event:
                        case Delta():
                            has_said = True
                        case Finished():
                            if not has_said and FinishReason.CANCELLED in event.reasons:
                                raise BackendError(  # nobody here has: it is going down
                                    "unavailable",
                                    "The answer was stopped before its end.",
                                    code="backend_unavailable",
                                )
                    is_taken = True
                    yield event
        except BackendError as error:
            if error.kind != "unavailable":
                raise
            # A backend that is not there refuses at once; what takes longer was on its way in.
            is_slow = error.code is None and loop.time() - asked_at > _REFUSAL
            is_taken = is_taken or error.was_accepted or is_slow
            if is_taken and not has_said:
                raise _WentAway(error) from None
            raise

    async def _comes_back(self, lost: BackendError, end: float) -> bool:
        """Whether the backend, having been away, is ready again in time.

        One that told the failure itself and is ready may fail like that again.
        """
        loop, was_away = asyncio.get_running_loop(), lost.code is None
        while loop.time() + _PAUSE < end - _SPARE:
            await asyncio.sleep(_PAUSE)
            try:
                left = max(0.05, end - _SPARE - loop.time())
                phase = (await self._backend.status(timeout=min(_LOOK, left))).phase
            except BackendError:
                was_away = True
                continue
            if phase is Phase.READY or phase is Phase.FAILED:
                return was_away and phase is Phase.READY
            was_away = True
        return False
