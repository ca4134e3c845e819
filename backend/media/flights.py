"""Work that several callers want at once is done once, and ends when nobody wants it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")


@dataclass
class _Flight:
    task: asyncio.Task[Any]
    waiting: int = 0


class Flights:
    """Work under way, by key. Used from one event loop."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the work of that name, begun here unless it is under way.

        The work is cancelled once every caller that waits for it was cancelled.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.ensure_future(_run(work)))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda task: self._land(key, task))
        flight.waiting += 1
        try:
            result: Result = await asyncio.shield(flight.task)
            return result
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._flights.pop(key, None)  # newcomers begin anew, never join what is ending
                flight.task.cancel()

    def _land(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        flight = self._flights.get(key)
        if flight is not None and flight.task is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # seen: callers that were cancelled will not ask


async def _run(work: Callable[[], Awaitable[Result]]) -> Result:
    return await work()
