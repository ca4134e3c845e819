"""Pictures that were decoded as they came in, kept for a while: most are asked about at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from backend.prompt.picture import Pixels

_SECONDS = 30.0


class Fresh:
    """Pixels by the hash of their file, the oldest first to go. Used from one event loop."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._pixels: OrderedDict[str, Pixels] = OrderedDict()
        self.bytes = 0

    def keep(self, sha256: str, pixels: Pixels) -> None:
        """Keeps a picture for some seconds, or until newer ones need its room."""
        self.drop(sha256)
        self._pixels[sha256] = pixels
        self.bytes += len(pixels.data)
        while self.bytes > self._most:
            self.drop(next(iter(self._pixels)))
        asyncio.get_running_loop().call_later(_SECONDS, self._expire, sha256, pixels)

    def find(self, sha256: str) -> Pixels | None:
        """The picture, if it is there still."""
        return self._pixels.get(sha256)

    def drop(self, sha256: str) -> None:
        """Lets it go."""
        pixels = self._pixels.pop(sha256, None)
        if pixels is not None:
            self.bytes -= len(pixels.data)

    def _expire(self, sha256: str, pixels: Pixels) -> None:
        if self._pixels.get(sha256) is pixels:
            self.drop(sha256)
