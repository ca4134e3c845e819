"""Memory that a worker draws a picture on, and that this process then looks at: the pixels cross
without being pickled, sent or copied."""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path
from types import TracebackType

from backend.prompt.picture import Pixels


class Canvas:
    """A picture's pixels in the making. Use as a context manager; what was taken of it stays.

    It has no name anywhere: it is gone with the last look at it, whatever becomes of the worker.
    """

    def __enter__(self) -> Canvas:
        self._descriptor = os.memfd_create("picture", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    @property
    def path(self) -> Path:
        """Where a process of the same user finds it, while the context lasts."""
        return Path(f"/proc/{os.getpid()}/fd/{self._descriptor}")

    def pixels(self, width: int, height: int) -> Pixels:
        """What was drawn, as RGB; nobody can change it or take it away any more."""
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, seals)
        size = os.fstat(self._descriptor).st_size
        if size != width * height * 3:
            raise ValueError(f"{size} bytes were drawn for {width}x{height} pixels")
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        memory = mmap.mmap(self._descriptor, size, flags=flags, prot=mmap.PROT_READ)
        return Pixels(memoryview(memory), width, height)


def draw(canvas: Path, data: bytes) -> None:
    """Puts a whole picture onto a canvas. Called in a worker."""
    with canvas.open("r+b", buffering=0) as file:
        left = memoryview(data)
        while left:
            left = left[file.write(left) :]
