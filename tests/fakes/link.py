"""A slow link between a browser and the page: what goes each way takes its time or is held back."""

from __future__ import annotations

import asyncio
import threading
import time

from tests.fakes.passing import Passing


class Link(Passing):
    """Use as a context manager."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._holds = threading.Event()
        self.latency = 0.0  # seconds, each way
        self.sent = 0  # pieces that browsers have sent
        self.held = 0  # pieces for browsers that were held back

    def hold(self) -> None:
        """Keeps back what comes for the browsers; what they send goes on."""
        self._holds.set()

    def release(self) -> None:
        """Lets it go, in the order in which it came."""
        self._holds.clear()

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_browser: bool
    ) -> None:
        """Carries each piece when it is due."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(pieces, writer, to_browser=to_browser))
        try:
            while data := await reader.read(65_536):
                if not to_browser:
                    self.sent += 1
                elif self._holds.is_set():
                    self.held += 1
                pieces.put_nowait((time.monotonic() + self.latency, data))
            pieces.put_nowait((0.0, b""))
            await delivering
        finally:
            delivering.cancel()

    async def _deliver(
        self,
        pieces: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        *,
        to_browser: bool,
    ) -> None:
        while True:
            due, data = await pieces.get()
            if not data:
                return
            await asyncio.sleep(due - time.monotonic())
            while to_browser and self._holds.is_set():  # noqa: ASYNC110  # set by another thread
                await asyncio.sleep(0.01)
            writer.write(data)
            await writer.drain()
