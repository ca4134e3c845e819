"""The files of conversations: handed to the backend, noted in the history, shown, taken back."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from frontend.history.forgetting import ErasedRows, Forgetting
from frontend.history.history import History
from frontend.history.records import Attachment
from frontend.messages import BackendError, FileRef, Forgotten, Page

log = logging.getLogger(__name__)

MOST_PICTURES = 128  # rendered pages kept for drawing again


class Backend(Protocol):
    """What is asked of the client."""

    def put(self, owner: str, data: bytes, filename: str) -> FileRef: ...

    def has(self, owner: str, hashes: Sequence[str]) -> list[FileRef]: ...

    def page(self, owner: str, sha256: str, number: int, *, max_side: int = 1024) -> Page: ...

    def forget(self, owner: str, sha256: str) -> Forgotten: ...


@dataclass(frozen=True)
class Erased:
    """What forgetting a file took away."""

    rows: ErasedRows  # of the history
    file: Forgotten | None  # by the backend; None: it is away, and erases once it is back


class Shelf:
    """One owner's files. Raises `BackendError` alone."""

    def __init__(self, backend: Backend, history: History, owner: str) -> None:
        self._backend = backend
        self._history = history
        self._forgetting = Forgetting(history.database)
        self._owner = owner
        self._changing = threading.Lock()  # a file must not be erased while it is added again
        self._pictures: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._drawing = threading.Lock()

    def add(self, conversation: str, data: bytes, filename: str) -> FileRef:
        """Stores a file and adds it to the conversation."""
        with self._changing:
            file = self._backend.put(self._owner, data, filename)
            self._history.attach(self._owner, conversation, file, filename)
        return file

    def adopt(self, conversation: str, hashes: Sequence[str], filename: str) -> FileRef | None:
        """Adds a file that the backend has from this owner under one of the hashes, the first of
        them that it knows; None if it knows none."""
        if not hashes:
            return None
        with self._changing:
            known = {file.sha256: file for file in self._backend.has(self._owner, hashes)}
            file = next((known[sha256] for sha256 in hashes if sha256 in known), None)
            if file is not None:
                self._history.attach(self._owner, conversation, file, filename)
        return file

    def files(self, conversation: str) -> tuple[Attachment, ...]:
        """What the conversation is about now."""
        everything = self._history.attachments(self._owner, conversation)
        return tuple(file for file in everything if not file.removed)

    def remove(self, conversation: str, attachment: int) -> None:
        """Takes a file out of the conversation, and off the backend if no other one has it."""
        self._history.remove(self._owner, conversation, attachment)
        self.erase_removed()

    def shown_in(self, sha256: str) -> tuple[str, ...]:
        """The conversations that have or had a file."""
        return self._forgetting.conversations(self._owner, sha256)

    def forget(self, sha256: str) -> Erased:
        """Erases a file, all that was derived from it and all that was said in its sight."""
        with self._changing:
            rows = self._forgetting.forget(self._owner, sha256)
            with self._drawing:
                for key in [key for key in self._pictures if key[0] == sha256]:
                    del self._pictures[key]
            try:
                file = self._backend.forget(self._owner, sha256)
            except BackendError as error:
                log.info("a forgotten file is not erased yet: %s", error.message)
                return Erased(rows, None)
            self._history.erased(self._owner, sha256)
        return Erased(rows, file)

    def erase_removed(self) -> None:
        """Lets the backend forget what no conversation has any more; what fails is tried later."""
        with self._changing:
            for sha256 in self._history.erasures(self._owner):
                try:
                    self._backend.forget(self._owner, sha256)
                except BackendError as error:
                    log.info("a removed file is not erased yet: %s", error.message)
                    return
                self._history.erased(self._owner, sha256)

    def picture(self, sha256: str, page: int, max_side: int) -> bytes:
        """A rendered page as WebP."""
        key = (sha256, page, max_side)
        with self._drawing:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        image = self._backend.page(self._owner, sha256, page, max_side=max_side).image
        with self._drawing:
            self._pictures[key] = image
            while len(self._pictures) > MOST_PICTURES:
                self._pictures.popitem(last=False)
        return image
