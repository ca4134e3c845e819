"""Places at another server."""

from __future__ import annotations

import asyncio

import pytest

from backend.prompt.prompt import Priority
from backend.remote.places import Places
from tests.fakes.waiting import PATIENCE

pytestmark = pytest.mark.recipes


async def test_whoever_leaves_the_line_takes_no_place_away() -> None:
    places = Places(1)
    order: list[str] = []

    async def go(name: str, priority: Priority = Priority.INTERACTIVE) -> None:
        async with places.take(priority):
            order.append(name)
            await asyncio.sleep(0)

    async with places.take(Priority.INTERACTIVE):
        tasks = [asyncio.create_task(go(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
    # Given a place and cancelled in the same turn of the loop: it has to pass the place on.
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(go("d"), PATIENCE)
    assert order == ["c", "d"]
