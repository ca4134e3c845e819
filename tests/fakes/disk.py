"""A disk that fills up: files of a process cannot grow beyond a size, as if there were no room."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def full(*files: Path, process: int = 0, room: int = 0) -> Iterator[None]:
    """While inside, no file of the process (0: this one) can grow beyond the largest of these.

    `room` more bytes are allowed. What is written within a file's size still is.
    """
    size = max((file.stat().st_size for file in files if file.exists()), default=0)
    before = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size + room, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)
