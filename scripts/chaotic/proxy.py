"""A TCP proxy between the web process and the backend that can be cut, or fall silent."""

from __future__ import annotations

import asyncio
import contextlib


class Proxy:
    """Forwards every connection to an address. Use within `async with`."""

    def __init__(self, port: int, to_port: int) -> None:
        self._port = port
        self._to_port = to_port
        self._flows = asyncio.Event()  # unset: bytes wait
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def cut(self) -> None:
        """Breaks every connection; new ones work."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def fall_silent(self, seconds: float) -> None:
        """Forwards nothing for a while, and breaks nothing."""
        self._flows.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._flows.set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._flows.set()
        self._server.close()
        self.cut()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        await self._flows.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._forward(reader, back), self._forward(there, writer))
        finally:
            self._writers -= {writer, back}

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while part := await source.read(1 << 16):
                await self._flows.wait()
                sink.write(part)
                await sink.drain()
        with contextlib.suppress(OSError, RuntimeError):
            sink.close()
