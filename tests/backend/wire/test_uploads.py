"""Refused uploads are read to their end, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from backend.wire.uploads import read_to_end


async def test_what_is_still_sent_is_taken() -> None:
    taken = []

    async def sender() -> AsyncIterator[bytes]:
        for number in range(3):
            await asyncio.sleep(0)
            taken.append(number)
            yield b"chunk"

    await read_to_end(sender())
    assert taken == [0, 1, 2]


async def test_nobody_is_waited_for_without_end() -> None:
    async def sender() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.001)
            yield b"chunk"

    async with asyncio.timeout(10):
        await read_to_end(sender(), seconds=0.05)
