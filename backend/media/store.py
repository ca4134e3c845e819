"""Files by content: who has them, their bytes on disk, and the room they take.

    files/ab/cd/<sha256>            the bytes
    owners/<owner>/<sha256>.json    one record per owner and file: this owner put it
    derived/ab/cd/<sha256>/<name>   what was computed from the bytes; may vanish at any time
    incoming/                       uploads under way; emptied at start

A file comes before its record and goes after it, so a crash leaves at most bytes that nobody
owns; those are swept at start.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from pathlib import Path

import structlog

from backend import machine
from backend.errors import NotFound, StorageFull
from backend.media.incoming import Incoming, disk_space
from backend.media.media import Forgotten, Media
from backend.media.records import folder_name, from_json, to_json

log = structlog.get_logger(__name__)

_CHECKSUM = hashlib.sha256().digest_size


class StoreInUse(Exception):
    """Another process works in this folder; `holder` is its id, if it can be told."""

    def __init__(self, holder: int | None) -> None:
        super().__init__("another process works in the folder of stored files")
        self.holder = holder


class Store:
    """The only writer of its folder. Methods may be called from any thread."""

    def __init__(self, root: Path, quota: int) -> None:
        self._files = root / "files"
        self._owners = root / "owners"
        self._derived = root / "derived"
        self._incoming = root / "incoming"
        self._quota = quota
        self._lock = threading.RLock()
        self._records: dict[str, dict[str, Media]] = {}  # owner's folder -> sha256 -> file
        self._holders: dict[str, set[str]] = {}  # sha256 -> owners' folders
        self._file_bytes = 0
        self._derived_bytes: dict[Path, int] = {}  # oldest use first
        self._incoming_bytes = 0
        self.damaged = 0  # entries whose checksum did not hold
        for folder in (self._files, self._owners, self._derived, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        self._guard = _exclusive(root / "lock")
        self._sweep()

    def find(self, owner: str, sha256: str) -> Media:
        """The file, if that owner put it."""
        with self._lock:
            media = self._records.get(folder_name(owner), {}).get(sha256)
        if media is None:
            raise NotFound("There is no such file.", code="file_not_found")
        return media

    def known(self, sha256: str) -> Media | None:
        """What is known of that content, whoever put it; never tell an owner who has not."""
        with self._lock:
            for folder in self._holders.get(sha256, ()):
                return self._records[folder][sha256]
        return None

    def stored_bytes(self) -> int:
        """Bytes of files and of what is derived from them."""
        with self._lock:
            return self._file_bytes + sum(self._derived_bytes.values())

    def free_bytes(self) -> int:
        """Room on the disk; 0 if unknown."""
        return machine.free_bytes(self._files)

    def receive(self) -> Incoming:
        """A place for an upload; leave its context to clear what was not admitted."""
        return Incoming(self._incoming, self._reserve, self._release)

    def admit(self, owner: str, media: Media, incoming: Incoming) -> None:
        """Makes the received bytes this owner's file. They replace an older copy."""
        folder = folder_name(owner)
        path = self._path(media.sha256)
        with self._lock, disk_space():
            path.parent.mkdir(parents=True, exist_ok=True)
            incoming.path.replace(path)
            _sync_folder(path.parent)
            if media.sha256 not in self._holders:
                self._file_bytes += media.size
                self._holders[media.sha256] = set()
            try:
                self._write_record(folder, owner, media)
            except OSError:
                self._drop_unless_held(media.sha256)
                raise
            self._records.setdefault(folder, {})[media.sha256] = media
            self._holders[media.sha256].add(folder)

    def path(self, sha256: str) -> Path:
        """The file's bytes on disk, compared with its hash; a damaged file is given up."""
        path = self._path(sha256)
        try:
            with path.open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            raise NotFound("There is no such file.", code="file_not_found") from None
        if not whole:
            log.error("stored_file_damaged", sha256=sha256)
            self.damaged += 1
            self._give_up(sha256)
            raise NotFound(
                "The stored file is damaged and was removed; please upload it again.",
                code="file_not_found",
            )
        return path

    def forget(self, owner: str, sha256: str) -> Forgotten:
        """Takes the file from that owner; without owners its bytes and derivatives go too."""
        folder = folder_name(owner)
        with self._lock:
            if self._records.get(folder, {}).pop(sha256, None) is None:
                return Forgotten(existed=False)
            if not self._records[folder]:
                del self._records[folder]
            self._record_path(folder, sha256).unlink(missing_ok=True)
            _sync_folder(self._owners / folder)
            self._holders[sha256].discard(folder)
            return self._drop_unless_held(sha256)

    def recall(self, sha256: str, name: str) -> bytes | None:
        """A derived entry, if it is there and whole."""
        path = self._derived_folder(sha256) / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        checksum, payload = data[:_CHECKSUM], data[_CHECKSUM:]
        with self._lock:
            if checksum == _checksum(sha256, name, payload):
                if path in self._derived_bytes:  # now the most recently used
                    self._derived_bytes[path] = self._derived_bytes.pop(path)
                return payload
            log.warning("derived_entry_damaged", sha256=sha256, name=name)
            self.damaged += 1
            self._remove_derived(path)
            return None

    def remember(self, sha256: str, name: str, payload: bytes) -> None:
        """Keeps a derived entry if there is room and the file is still there; never fails."""
        path = self._derived_folder(sha256) / name
        with self._lock:
            if sha256 not in self._holders or not self._make_room(_CHECKSUM + len(payload)):
                return
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._write(path, _checksum(sha256, name, payload) + payload, durable=False)
            except OSError as error:
                log.warning("derived_entry_not_kept", sha256=sha256, name=name, errno=error.errno)
                return
            self._derived_bytes.pop(path, None)
            self._derived_bytes[path] = _CHECKSUM + len(payload)

    def close(self) -> None:
        """Lets another process have the folder."""
        os.close(self._guard)

    def _reserve(self, count: int) -> None:
        """Takes room for bytes about to be received."""
        with self._lock:
            if not self._make_room(count):
                raise StorageFull("The store of files is full; forget files to make room.")
            self._incoming_bytes += count

    def _release(self, count: int) -> None:
        with self._lock:
            self._incoming_bytes -= count

    def _make_room(self, count: int) -> bool:
        """Whether so many bytes fit; derived entries make way, the longest unused first."""
        free = self._quota - self._file_bytes - self._incoming_bytes - count
        if free < 0:
            return False
        while self._derived_bytes and sum(self._derived_bytes.values()) > free:
            self._remove_derived(next(iter(self._derived_bytes)))
        return True

    def _remove_derived(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._derived_bytes.pop(path, None)

    def _give_up(self, sha256: str) -> None:
        with self._lock:
            for folder in self._holders.get(sha256, set()).copy():
                self._records[folder].pop(sha256)
                self._record_path(folder, sha256).unlink(missing_ok=True)
                self._holders[sha256].discard(folder)
            self._drop_unless_held(sha256)

    def _drop_unless_held(self, sha256: str) -> Forgotten:
        if self._holders.get(sha256):
            return Forgotten(existed=True)
        freed, pages = 0, set()
        folder = self._derived_folder(sha256)
        for path in [path for path in self._derived_bytes if path.parent == folder]:
            freed += self._derived_bytes[path]
            pages.add(path.name.partition(".")[0])
            self._remove_derived(path)
        shutil.rmtree(folder, ignore_errors=True)
        path = self._path(sha256)
        size = path.stat().st_size if path.exists() else 0
        path.unlink(missing_ok=True)
        if self._holders.pop(sha256, None) is not None:
            self._file_bytes -= size
        return Forgotten(existed=True, bytes=freed + size, pages=len(pages))

    def _write_record(self, folder: str, owner: str, media: Media) -> None:
        path = self._record_path(folder, media.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, to_json(owner, media), durable=True)
        _sync_folder(path.parent)

    def _write(self, path: Path, data: bytes, *, durable: bool) -> None:
        """Writes the whole file or none of it."""
        handle, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Reads the records and removes what a crash left behind."""
        shutil.rmtree(self._incoming)
        self._incoming.mkdir()
        for path in self._owners.glob("*/*.json"):
            media = from_json(path)
            if media is None or not self._has_bytes(media):
                log.warning("record_without_file_removed", sha256=path.stem)
                path.unlink()
                continue
            if media.sha256 not in self._holders:
                self._holders[media.sha256] = set()
                self._file_bytes += media.size
            self._records.setdefault(path.parent.name, {})[media.sha256] = media
            self._holders[media.sha256].add(path.parent.name)
        for path in self._files.glob("*/*/*"):
            if path.name not in self._holders:
                path.unlink()
        for folder in self._derived.glob("*/*/*"):
            if folder.name not in self._holders:
                shutil.rmtree(folder)
        entries = [(path, path.stat()) for path in self._derived.glob("*/*/*/*")]
        for path, stat in sorted(entries, key=lambda entry: entry[1].st_mtime):
            self._derived_bytes[path] = stat.st_size

    def _has_bytes(self, media: Media) -> bool:
        path = self._path(media.sha256)
        return path.exists() and path.stat().st_size == media.size

    def _path(self, sha256: str) -> Path:
        return self._files / sha256[:2] / sha256[2:4] / sha256

    def _derived_folder(self, sha256: str) -> Path:
        return self._derived / sha256[:2] / sha256[2:4] / sha256

    def _record_path(self, folder: str, sha256: str) -> Path:
        return self._owners / folder / f"{sha256}.json"


def _exclusive(path: Path) -> int:
    """Holds the file for this process for as long as the returned descriptor is open."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        written = os.read(descriptor, 20)
        os.close(descriptor)
        raise StoreInUse(int(written) if written.isdigit() else None) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _checksum(sha256: str, name: str, payload: bytes) -> bytes:
    """Binds a derived entry's bytes to the entry's own name."""
    return hashlib.sha256(f"{sha256}/{name}/{len(payload)}\n".encode() + payload).digest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
