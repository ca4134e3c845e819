"""The data folder, in which one web process works at a time: a lock that ends with its holder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

_NAME: Final = "web.lock"


class FolderInUse(Exception):
    """Another web process works in the folder; `holder` is its id, if it can be told."""

    def __init__(self, holder: int | None) -> None:
        super().__init__("another web process works in the data folder")
        self.holder = holder


def hold(folder: Path) -> int:
    """Keeps the folder for this process until the returned descriptor is closed.

    Raises FolderInUse, or OSError if the folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        written = os.read(descriptor, 20)
        os.close(descriptor)
        raise FolderInUse(int(written) if written.isdigit() else None) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def holder(folder: Path) -> int | None:
    """The process that works in the folder, if one does. Changes nothing."""
    try:
        descriptor = os.open(folder / _NAME, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except OSError:
        written = os.read(descriptor, 20)
        return int(written) if written.isdigit() else None
    finally:
        os.close(descriptor)
