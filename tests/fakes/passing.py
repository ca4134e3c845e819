"""What stands between browsers and the page: it listens, and passes every connection on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Passing:
    """In front of a port of the loopback address. Use as a context manager."""

    def __init__(self, port: int, *, source: str = "127.0.0.1") -> None:
        """`source` is where it connects from."""
        self._to = port
        self._source = source
        self._stop: Callable[[], object] = lambda: None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "it does not serve"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
        self._thread.join(10)

    async def begin(self, browser: asyncio.StreamReader) -> bytes:
        """What the page is told first, of what the browser has said."""
        return b""

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_browser: bool
    ) -> None:
        """Carries what is said one way until its end."""
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()

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
            first = await self.begin(browser)
            page, out = await asyncio.open_connection(
                "127.0.0.1", self._to, local_addr=(self._source, 0)
            )
            out.write(first)
            await asyncio.gather(
                self._one_way(browser, out, to_browser=False),
                self._one_way(page, back, to_browser=True),
            )
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # one of the two has left, or this ends
        finally:
            back.close()
            if out is not None:
                out.close()

    async def _one_way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_browser: bool
    ) -> None:
        try:
            await self.carry(reader, writer, to_browser=to_browser)
        except OSError:
            return  # it has left; the other way ends by itself
        finally:
            writer.close()
