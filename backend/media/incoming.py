"""An upload under way: its bytes counted, hashed and kept until the store admits them."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from backend.errors import StorageFull


class Incoming:
    """An upload under way: counts, hashes and keeps the bytes until they are admitted."""

    def __init__(
        self, folder: Path, reserve: Callable[[int], None], release: Callable[[int], None]
    ) -> None:
        with disk_space():
            handle, name = tempfile.mkstemp(dir=folder)
        self.path = Path(name)
        self.size = 0
        self._reserve = reserve  # takes room for so many bytes, or raises StorageFull
        self._release = release
        self._hash = hashlib.sha256()
        self._file = os.fdopen(handle, "wb")

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # bytes that did not fit any more, of a file that goes now
            self._file.close()
        self.path.unlink(missing_ok=True)  # gone already if it was admitted
        self._release(self.size)

    def write(self, data: bytes) -> None:
        """Takes the next bytes; raises StorageFull when there is no room for them."""
        self._reserve(len(data))
        self.size += len(data)
        self._hash.update(data)
        with disk_space():
            self._file.write(data)

    def finish(self) -> str:
        """Makes the file whole for whoever opens it; the SHA-256 of it in hexadecimal."""
        with disk_space():
            self._file.flush()
        return self._hash.hexdigest()

    def sync(self) -> None:
        """Puts everything onto the disk."""
        with disk_space():
            os.fsync(self._file.fileno())


@contextmanager
def disk_space() -> Iterator[None]:
    """Turns a full disk into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull("The disk for files is full.") from None
        raise
