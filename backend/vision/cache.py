"""Keeps the embeddings of pictures, within a number of bytes, for as long as somebody may ask."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.prompt.picture import Picture

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class _Entry:
    owner: str
    sha256: str
    embedding: torch.Tensor  # [tokens, hidden]

    @property
    def bytes(self) -> int:
        return self.embedding.numel() * self.embedding.element_size()


class EmbeddingCache:
    """Embeddings by the key of their picture, least recently used first to go.

    A request holds the keys of its pictures from before they are looked up until it ends; what is
    held is never evicted, even if that takes more than the limit. Every method may be called from
    any thread.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()  # least recently used first
        self._holds: Counter[bytes] = Counter()
        # Keys that were held while their file was forgotten: gone with their last hold.
        self._doomed: set[bytes] = set()
        # Files forgotten while these held keys, any of which may be theirs, had no embedding yet.
        self._forgotten: dict[tuple[str, str], set[bytes]] = {}
        self.bytes = 0
        self.hits = 0  # holds that found the embedding there
        self.misses = 0
        self.evictions = 0

    def hold(self, key: bytes) -> bool:
        """Keeps this key's embedding, now or once there is one; whether there is one."""
        with self._lock:
            self._holds[key] += 1
            is_known = key in self._entries
            if is_known:
                self._entries.move_to_end(key)
                self.hits += 1
            else:
                self.misses += 1
            return is_known

    def release(self, key: bytes) -> None:
        """Ends one hold of this key."""
        with self._lock:
            assert self._holds[key] > 0, "released more often than held"
            self._holds[key] -= 1
            if self._holds[key]:
                return
            del self._holds[key]
            if key in self._doomed:
                self._doomed.discard(key)
                self._drop(key)
            for file, keys in list(self._forgotten.items()):
                keys.discard(key)
                if not keys:
                    del self._forgotten[file]
            self._shrink()

    def put(self, picture: Picture, embedding: torch.Tensor) -> None:
        """Stores a picture's embedding [tokens, hidden], which must not be part of a larger one."""
        with self._lock:
            self._drop(picture.key)
            entry = _Entry(picture.owner, picture.sha256, embedding)
            self._entries[picture.key] = entry
            self.bytes += entry.bytes
            if picture.key in self._forgotten.get((picture.owner, picture.sha256), ()):
                self._doomed.add(picture.key)
            self._shrink()

    def drop(self, key: bytes) -> None:
        """Forgets this key's embedding; holds of the key stay."""
        with self._lock:
            self._drop(key)

    def get(self, key: bytes) -> torch.Tensor | None:
        """The embedding [tokens, hidden], if it is known."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry.embedding

    def held(self) -> dict[bytes, torch.Tensor]:
        """All embeddings that are held and known."""
        with self._lock:
            return {
                key: self._entries[key].embedding for key in self._holds if key in self._entries
            }

    def forget(self, owner: str, sha256: str) -> int:
        """Drops the embeddings of a file; those in use go when their requests end. How many."""
        with self._lock:
            keys = [
                key
                for key, entry in self._entries.items()
                if (entry.owner, entry.sha256) == (owner, sha256)
            ]
            for key in keys:
                if key in self._holds:
                    self._doomed.add(key)
                else:
                    self._drop(key)
            if unmade := {key for key in self._holds if key not in self._entries}:
                self._forgotten.setdefault((owner, sha256), set()).update(unmade)
            return len(keys)

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.bytes

    def _shrink(self) -> None:
        """Evicts what nobody holds until the rest is within the limit."""
        if self.bytes <= self._limit:
            return
        for key in [key for key in self._entries if key not in self._holds]:
            self._drop(key)
            self.evictions += 1
            if self.bytes <= self._limit:
                return
