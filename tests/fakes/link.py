"""A slow link between a browser and the page: what goes each way takes its time or is held back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType


class Link:
    """Passes on every connection to a port of the loopback address. Use as a context manager."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.latency = 0.0  # seconds, each way
        self._holds = threading.Event()
        self._stop: Callable[[], object] = lambda: None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.port = 0
        self.sent = 0  # pieces that browsers have sent
        self.held = 0  # pieces for browsers that were held back

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.port}/"

    def hold(self) -> None:
        """Keeps back what comes for the browsers; what they send goes on."""
        self._holds.set()

    def release(self) -> None:
        """Lets it go, in the order in which it came."""
        self._holds.clear()

    def __enter__(self) -> Link:
        self._thread.start()
        assert self._ready.wait(10), "the link does not serve"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        self._stop()
        self._thread.join(10)

    async def _serve(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        await stop.wait()
        server.close()

    async def _pass_on(self, browser: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        out: asyncio.StreamWriter | None = None
        try:
            page, out = await asyncio.open_connection("127.0.0.1", self._to)
            await asyncio.gather(self._copy(browser, out, False), self._copy(page, back, True))
        except (OSError, asyncio.CancelledError):
            return  # one of the two has left, or the link ends
        finally:
            back.close()
            if out is not None:
                out.close()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_browser: bool
    ) -> None:
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await pieces.get()
                if not data:
                    return
                await asyncio.sleep(due - time.monotonic())
                while to_browser and self._holds.is_set():  # noqa: ASYNC110  # by a thread
                    await asyncio.sleep(0.01)
                writer.write(data)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
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
            writer.close()
