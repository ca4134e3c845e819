"""API keys: who holds one, kept as digests in a file of their own, and known again when shown.

A key is 256 bits of chance, so that its SHA-256 alone gives nothing away and needs no salt. The
file is written whole or not at all, readable by its owner only, and read again when it has changed:
a revoked key is refused from the next request on.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

FILE: Final = "api_keys.json"
OWNER: Final = re.compile(r"[A-Za-z0-9._@-]{1,128}")
NOTE_CHARACTERS: Final = 200


class KeysUnusable(Exception):
    """The file cannot be trusted or read; one sentence that names nothing secret."""


@dataclass(frozen=True)
class Key:
    """A key as it is kept."""

    id: str
    owner: str
    note: str
    sha256: str
    created: int  # unix seconds
    revoked: int | None = None


@dataclass(frozen=True)
class Caller:
    """Who showed a key, and which."""

    owner: str
    key: str


class KeyFile:
    """The keys on disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self) -> list[Key]:
        """Every key that ever was; none without a file. Raises KeysUnusable."""
        try:
            mode = self._path.stat().st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeysUnusable(f"{FILE} can be read by other users: chmod 600 it.")
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return [Key(**key) for key in kept["keys"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError):
            raise KeysUnusable(f"{FILE} cannot be read.") from None

    def create(self, owner: str, note: str = "") -> tuple[Key, str]:
        """A new key and, this once, the words of it."""
        name = secrets.token_hex(4)
        words = f"gfw_{name}_{secrets.token_urlsafe(32)}"
        digest = hashlib.sha256(words.encode()).hexdigest()
        key = Key(name, owner, note[:NOTE_CHARACTERS], digest, int(time.time()))
        self._change(lambda keys: [*keys, key])
        return key, words

    def revoke(self, name: str) -> bool:
        """Whether there was such a key, and it was good until now."""
        good = any(key.id == name and key.revoked is None for key in self.read())
        if good:
            now = int(time.time())
            self._change(
                lambda keys: [
                    replace(key, revoked=now) if key.id == name and key.revoked is None else key
                    for key in keys
                ]
            )
        return good

    @property
    def version(self) -> tuple[int, int, int] | None:
        """Changes whenever the file does; None without one."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_mode

    def _change(self, change: Callable[[list[Key]], list[Key]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            kept = {"keys": [asdict(key) for key in change(self.read())]}
            fresh = self._path.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(kept, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class KeyRing:
    """The keys that open the door: those of the environment, and those of the file as it is now."""

    def __init__(self, given: Iterable[str], file: KeyFile) -> None:
        """Raises KeysUnusable."""
        self._given = {
            digest: Caller(f"key-{digest.hex()[:16]}", digest.hex()[:16])
            for digest in (hashlib.sha256(key.encode()).digest() for key in given)
        }
        self._file = file
        self._version = file.version
        self._keys = file.read()

    @property
    def is_on(self) -> bool:
        """Whether a key is asked for: from the first one that was ever made."""
        self._refresh()
        return bool(self._given or self._keys) or self._version is not None

    def find(self, shown: bytes) -> Caller | None:
        """Who showed it. All keys are compared, so that the time taken tells nothing of any."""
        self._refresh()
        digest = hashlib.sha256(shown).digest()
        found = None
        for known, caller in self._given.items():
            if hmac.compare_digest(digest, known):
                found = caller
        for key in self._keys:
            is_this = hmac.compare_digest(digest.hex(), key.sha256)
            if is_this and key.revoked is None:
                found = Caller(key.owner, key.id)
        return found

    def _refresh(self) -> None:
        version = self._file.version
        if version == self._version:
            return
        self._version = version
        try:
            self._keys = self._file.read()
        except KeysUnusable as unusable:  # nobody comes in by it until it can be read again
            self._keys = []
            logger.error("API keys are refused", extra={"reason": str(unusable)})
