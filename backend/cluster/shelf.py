"""Files that every replica can fetch, by content, in a folder that all of them see.

    files/ab/<sha256>          the bytes
    owners/<owner>/<sha256>    this owner put it; holds the answer that PutMedia gave
    incoming/                  uploads under way

Each replica's backend keeps its files in a folder that only it may write, and takes in a copy from
here when a request needs one. Several gateways may work here at once: what changes more than one
file is done under a lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from backend.errors import StorageFull, TooLarge
from backend.media.incoming import disk_space
from backend.media.limits import MB
from backend.media.records import folder_name

ABANDONED = 3600.0  # seconds after which an upload that nobody writes to is cleared away


class Shelf:
    """The shared folder. Methods may be called from any thread and any process."""

    def __init__(self, root: Path, quota: int) -> None:
        self._files = root / "files"
        self._owners = root / "owners"
        self._incoming = root / "incoming"
        self._lock = root / "lock"
        self._quota = quota
        for folder in (self._files, self._owners, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > ABANDONED:
                    left.unlink()

    @contextlib.contextmanager
    def receive(self, largest: int) -> Iterator[Upload]:
        """A place for an upload of so many bytes at most; what was not kept goes at the end."""
        with disk_space():
            handle, name = tempfile.mkstemp(dir=self._incoming)
        upload = Upload(Path(name), os.fdopen(handle, "wb"), largest)
        try:
            yield upload
        finally:
            upload.close()
            upload.path.unlink(missing_ok=True)

    def keep(self, owner: str, sha256: str, answer: bytes, upload: Path) -> None:
        """Makes the received bytes this owner's file. Raises StorageFull."""
        path, record = self._path(sha256), self._record(owner, sha256)
        with self._locked(), disk_space():
            if not path.exists():
                if self.stored_bytes() + upload.stat().st_size > self._quota:
                    raise StorageFull("The room for files is used up.")
                path.parent.mkdir(exist_ok=True)
                upload.replace(path)
            record.parent.mkdir(exist_ok=True)
            written = record.with_suffix(".new")
            written.write_bytes(answer)
            written.replace(record)

    def answer(self, owner: str, sha256: str) -> bytes | None:
        """What PutMedia answered; None if this owner has no such file."""
        try:
            return self._record(owner, sha256).read_bytes()
        except FileNotFoundError:
            return None

    def path(self, owner: str, sha256: str) -> Path | None:
        """The bytes of this owner's file; None if there is no such file."""
        return self._path(sha256) if self.answer(owner, sha256) is not None else None

    def forget(self, owner: str, sha256: str) -> tuple[bool, int]:
        """Takes the file from that owner: whether it was there, and the bytes freed."""
        with self._locked():
            record, path = self._record(owner, sha256), self._path(sha256)
            try:
                record.unlink()
            except FileNotFoundError:
                return False, 0
            with contextlib.suppress(OSError):  # other files are in it
                record.parent.rmdir()
            if any(self._owners.glob(f"*/{sha256}")):
                return True, 0
            try:
                freed = path.stat().st_size
                path.unlink()
            except FileNotFoundError:
                return True, 0
            return True, freed

    def stored_bytes(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self._files.glob("*/*"))

    def _path(self, sha256: str) -> Path:
        return self._files / sha256[:2] / sha256

    def _record(self, owner: str, sha256: str) -> Path:
        return self._owners / folder_name(owner) / sha256

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Upload:
    """Bytes on their way in: counted, bounded, hashed."""

    def __init__(self, path: Path, file: BinaryIO, largest: int) -> None:
        self.path = path
        self.size = 0
        self._file = file
        self._largest = largest
        self._hash = hashlib.sha256()

    def expect(self, size: int) -> None:
        """Raises TooLarge if so many bytes in all would be too many."""
        if size > self._largest:
            raise TooLarge(f"A file may have {self._largest / MB:g} MB.")

    def write(self, data: bytes) -> None:
        """Takes the next bytes. Raises TooLarge, or StorageFull when the disk is full."""
        self.expect(self.size + len(data))
        self.size += len(data)
        self._hash.update(data)
        with disk_space():
            self._file.write(data)

    def finish(self) -> str:
        """Puts everything onto the disk; the SHA-256 of it in hexadecimal."""
        with disk_space():
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._hash.hexdigest()

    def close(self) -> None:
        """Lets go of the file."""
        with contextlib.suppress(OSError):
            self._file.close()
