"""What becomes of the rest of an upload that is refused before its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

SECONDS: Final = 5.0  # for which a refusal waits at most


async def read_to_end(messages: AsyncIterator[object], seconds: float = SECONDS) -> None:
    """Takes what the caller still sends and drops it, so that the refusal comes after it.

    gRPC's asyncio client whose message finds the call ended may report that as an internal error
    in place of the status that came (github.com/grpc/grpc/issues/36066). Whoever sends on for
    longer is refused at that time.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for _ in messages:
                pass
