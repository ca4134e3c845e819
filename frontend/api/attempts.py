"""Asks the backend; once more if it went away before it said anything.

A request is told as failed only when its caller has to know: text that was sent cannot be taken
back, but a request of which nothing was said yet can be put to the next backend unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Protocol

from frontend.api.quarantine import Quarantine
from frontend.messages import (
    BackendError,
    BackendStatus,
    Delta,
    Event,
    Finished,
    FinishReason,
    Phase,
    Question,
    Started,
)

_PAUSE: Final = 0.25  # seconds between two looks for the backend
_LOOK: Final = 1.0  # seconds that one look may take
_REFUSAL: Final = 1.0  # seconds that an address takes at most to tell that nobody is there
_SPARE: Final = 0.5  # seconds before the request's end at which the search ends
_SEARCH: Final = 120.0  # seconds in which a backend that did not die may show itself


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
        self._quarantine = Quarantine()
        self._life: int | None = None  # when the backend that is asked now was started
        self._looking: set[asyncio.Task[None]] = set()

    async def events(
        self, owner: str, question: Question, end: float
    ) -> AsyncGenerator[Event, None]:
        """The events of an answer; `end` is on the loop's clock.

        Raises BackendError, and ApiError for what has brought the backend down too often.
        """
        self._quarantine.check(owner, question)
        try:
            async with aclosing(self._attempt(owner, question, end)) as events:
                async for event in events:
                    yield event
            return
        except _WentAway as gone:
            lost = gone.error
        if not await self._comes_back(lost, end):
            raise lost
        self._quarantine.check(owner, question)
        again = replace(question, request_id=f"{question.request_id}-2")
        try:
            async with aclosing(self._attempt(owner, again, end)) as events:
                async for event in events:
                    yield event
        except _WentAway as gone:
            raise gone.error from None

    async def close(self) -> None:
        """Looks for nothing any more."""
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)

    async def _attempt(
        self, owner: str, question: Question, end: float
    ) -> AsyncGenerator[Event, None]:
        is_taken = has_begun = has_said = False
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        left = max(0.001, end - asked_at)
        answering = self._backend.generate(owner, question, timeout=left)
        try:
            async with aclosing(answering):
                async for event in answering:
                    match event:
                        case Started():
                            has_begun = True
                            if self._life is None:
                                self._look(self._note_life())
                        case Delta():
                            has_said = True
                        case Finished():
                            if not has_said and FinishReason.CANCELLED in event.reasons:
                                raise BackendError(  # nobody here has: it is going down
                                    "unavailable",
                                    "The answer was stopped before its end.",
                                    code="backend_unavailable",
                                )
                            self._quarantine.absolve(owner, question)
                    is_taken = True
                    yield event
        except BackendError as error:
            if error.kind != "unavailable":
                raise
            if has_begun and error.code is None:
                self._suspect(owner, question)
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
                phase = (await self._backend.status(timeout=_LOOK)).phase
            except BackendError:
                was_away = True
                continue
            if phase is Phase.READY or phase is Phase.FAILED:
                return was_away and phase is Phase.READY
            was_away = True
        return False

    # Whether it was the backend that died, or only the connection to it

    def _suspect(self, owner: str, question: Question) -> None:
        """Suspects at once, since the next try may come at once; a living backend clears it."""
        life, self._life = self._life, None
        self._quarantine.suspect(owner, question)
        if life is not None:
            self._look(self._clear_if_alive(life, owner, question))

    async def _clear_if_alive(self, life: int, owner: str, question: Question) -> None:
        end = asyncio.get_running_loop().time() + _SEARCH
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_PAUSE)
            try:
                status = await self._backend.status(timeout=_LOOK)
            except BackendError:
                continue
            if status.started_at == life:
                self._quarantine.clear(owner, question)
            return

    async def _note_life(self) -> None:
        with contextlib.suppress(BackendError):
            self._life = (await self._backend.status(timeout=_LOOK)).started_at

    def _look(self, looking: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(looking)
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)
