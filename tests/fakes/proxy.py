"""A reverse proxy with a sign-in, as far as the page sees one: it names a person in a header.

Every request is a connection of its own to the page, from an address that can be chosen; a
websocket goes through once it is opened. The person's own header, if a browser sends one, goes on.
"""

from __future__ import annotations

import asyncio

from tests.fakes.passing import Passing


class Proxy(Passing):
    """Use as a context manager."""

    def __init__(self, port: int, header: str, name: str, *, source: str = "127.0.0.1") -> None:
        """In front of a port of the loopback address; `source` is where it connects from."""
        super().__init__(port, source=source)
        self._line = f"{header}: {name}\r\n".encode()

    async def begin(self, browser: asyncio.StreamReader) -> bytes:
        """The head of the request, with the person's name."""
        head = await browser.readuntil(b"\r\n\r\n")
        first, _, rest = head.partition(b"\r\n")
        lines = [line for line in rest.split(b"\r\n") if not _keeps_open(line)]
        is_upgrade = b"upgrade: websocket" in head.lower()
        end = b"" if is_upgrade else b"Connection: close\r\n"
        return first + b"\r\n" + self._line + end + b"\r\n".join(lines)


def _keeps_open(line: bytes) -> bool:
    return line.lower().startswith(b"connection: keep-alive")
