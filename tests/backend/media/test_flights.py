"""The same work wanted twice is done once."""

from __future__ import annotations

import asyncio

import pytest

from backend.media.flights import Flights


class Work:
    """Counts how often it was begun, ended and cancelled."""

    def __init__(self) -> None:
        self.begun = self.cancelled = 0
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        self.begun += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return "done"


async def test_joined_work_is_done_once() -> None:
    flights, work = Flights(), Work()
    callers = [asyncio.create_task(flights.join("page", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.go.set()
    assert await asyncio.gather(*callers) == ["done"] * 3
    assert work.begun == 1
    assert await flights.join("page", work) == "done"
    assert work.begun == 2


async def test_work_goes_on_while_someone_waits() -> None:
    flights, work = Flights(), Work()
    first, second = (asyncio.create_task(flights.join("page", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    work.go.set()
    assert await second == "done"
    assert work.cancelled == 0


async def test_work_nobody_wants_is_cancelled() -> None:
    flights, work = Flights(), Work()
    callers = [asyncio.create_task(flights.join("page", work)) for _ in range(2)]
    await asyncio.sleep(0.01)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    await asyncio.sleep(0)
    assert work.cancelled == 1


async def test_failures_reach_every_caller() -> None:
    async def fail() -> None:
        raise ValueError("bad page")

    flights = Flights()
    callers = [asyncio.create_task(flights.join("page", fail)) for _ in range(2)]
    for caller in callers:
        with pytest.raises(ValueError, match="bad page"):
            await caller
