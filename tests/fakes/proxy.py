"""A reverse proxy with a sign-in, as far as the page sees one: it names a person in a header.

Every request is a connection of its own to the page, from an address that can be chosen; a
websocket goes through once it is opened. The person's own header, if a browser sends one, goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType


class Proxy:
    """Use as a context manager."""

    def __init__(self, port: int, header: str, name: str, *, source: str = "127.0.0.1") -> None:
        """In front of a port of the loopback address; `source` is where it connects from."""
        self._port = port
        self._line = f"{header}: {name}\r\n".encode()
        self._source = source
        self._stop: Callable[[], object] = lambda: None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Proxy:
        self._thread.start()
        assert self._ready.wait(10), "the proxy does not serve"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        out: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            to, out = await asyncio.open_connection(
                "127.0.0.1", self._port, local_addr=(self._source, 0)
            )
            out.write(self._named(head))
            await asyncio.gather(_copied(reader, out), _copied(to, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # one of the two has left, or the proxy ends
        finally:
            writer.close()
            if out is not None:
                out.close()

    def _named(self, head: bytes) -> bytes:
        first, _, rest = head.partition(b"\r\n")
        lines = [line for line in rest.split(b"\r\n") if not _keeps_open(line)]
        is_upgrade = b"upgrade: websocket" in head.lower()
        end = b"" if is_upgrade else b"Connection: close\r\n"
        return first + b"\r\n" + self._line + end + b"\r\n".join(lines)


def _keeps_open(line: bytes) -> bool:
    return line.lower().startswith(b"connection: keep-alive")


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
