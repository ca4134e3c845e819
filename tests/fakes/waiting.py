"""Waiting for what another thread, task or process does.

How long that takes is the machine's affair and says nothing of what is tested: the time is long,
and used up only by a test that fails.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 40.0  # seconds


def wait_until(
    holds: Callable[[], object],
    seconds: float = PATIENCE,
    *,
    look: Callable[[], object] = lambda: None,
    why: Callable[[], str] = lambda: "it did not happen",
) -> None:
    """Returns once it holds; `look` is called before it is looked at again.

    Raises:
        AssertionError: It does not hold after that many seconds; `why` words it.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, why()
        time.sleep(0.02)
        look()


async def until(holds: Callable[[], object]) -> None:
    """The same on an event loop."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  # conditions are of any kind
            await asyncio.sleep(0.01)
