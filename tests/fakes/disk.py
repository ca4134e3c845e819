"""Disks that fill up: a bound on a process's files, and a small one of their own."""

from __future__ import annotations

import resource
import shutil
import subprocess
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


class CannotMount(Exception):
    """This process may not mount anything here."""


class SmallDisk:
    """A file system of its own in memory, at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leaves not a single byte."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:  # so much does not fit any more
                    continue
        assert shutil.disk_usage(self.folder).free == 0

    def free(self) -> None:
        """Gives back what filling it took."""
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Mounts one of so many bytes at a new folder while inside. Raises CannotMount."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        raise CannotMount(str(error)) from None
    if mounted.returncode:
        raise CannotMount(mounted.stderr.strip())
    try:
        yield SmallDisk(folder)
    finally:
        # Even if something in it is still open; it goes with its last user.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
