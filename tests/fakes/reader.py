"""A reader that knows some contracts by heart and answers what it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from frontend.messages import BackendError, FilePart, FileRef, Page, ReadingMethod
from frontend.workflows.document import Document, read_document
from frontend.workflows.halt import Halt
from frontend.workflows.reader import Answer
from tests.fakes.contracts import INK, seen_and_hidden

Reply = Callable[[str], object]  # a text, an Answer, an error to raise, or an object to be JSON


@dataclass(frozen=True)
class Asked:
    """One question that the fake was asked."""

    owner: str
    files: tuple[FilePart, ...]
    instruction: str
    schema: Mapping[str, Any] | None
    max_tokens: int


@dataclass
class FakeReader:
    """Its files are pages of text by SHA-256; `reply` makes the answer to a prompt."""

    reply: Reply
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    method: ReadingMethod = ReadingMethod.TEXT_LAYER
    together: int | None = None  # pages that are read whole in one request
    unreadable: frozenset[tuple[str, int]] = frozenset()  # files and pages
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *pages: str) -> FileRef:
        """A file of those pages."""
        data = "\f".join(pages).encode()
        return self.put("local", data, "contract.pdf")

    def put(self, owner: str, data: bytes, filename: str) -> FileRef:
        """Files are texts whose pages a form feed parts."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not data:
            raise BackendError("bad_input", "The file is empty.", code="empty_file")
        self.files[sha256] = tuple(data.decode().split("\f"))
        return FileRef(sha256, "document", "application/pdf", len(data), len(self.files[sha256]))

    def page(self, owner: str, sha256: str, number: int) -> Page:
        """A page's words; unreadable ones are refused."""
        if sha256 not in self.files:
            raise BackendError("not_found", "There is no such file.")
        if (sha256, number) in self.unreadable:
            raise BackendError("bad_input", f"Page {number} of the PDF is damaged.")
        text = self.files[sha256][number - 1]
        seen, hidden = seen_and_hidden(text)
        return Page(INK, 120, 160, seen, self.method, hidden)

    def pages_together(self, owner: str, file: FilePart, instruction: str) -> int | None:
        """As many as it is told to say."""
        return self.together

    def ask(
        self,
        owner: str,
        files: Sequence[FilePart],
        instruction: str,
        schema: Mapping[str, Any] | None = None,
        *,
        max_tokens: int = 512,
        halt: Halt | None = None,
    ) -> Answer:
        """What `reply` says to the files' text and the instruction."""
        if halt is not None:
            halt.check()
        with self.lock:
            self.asked.append(Asked(owner, tuple(files), instruction, schema, max_tokens))
        texts = [
            "\n".join(
                text
                for number, text in enumerate(self.files[file.sha256], start=1)
                if not file.pages or number in file.pages
            )
            for file in files
        ]
        said = self.reply("\n".join([*texts, instruction]))
        if isinstance(said, BackendError):
            raise said
        if isinstance(said, Answer):
            return said
        return Answer(said if isinstance(said, str) else json.dumps(said), model="fake-model")


def document(reader: FakeReader, *pages: str) -> Document:
    """A document of those pages, read."""
    return read_document(reader, "local", reader.add(*pages), "contract.pdf")
