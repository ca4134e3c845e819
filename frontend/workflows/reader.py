"""What contract work asks of whoever reads: pages with their words, and answers about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from frontend.messages import FilePart, FileRef, Page
from frontend.workflows.halt import Halt


@dataclass(frozen=True)
class Answer:
    """What the model said, and whether it came to its end."""

    text: str
    complete: bool = True
    model: str = ""


class Reader(Protocol):
    """Reads files and answers. Raises `BackendError`, and `Halted` when it was stopped."""

    def put(self, owner: str, data: bytes, filename: str) -> FileRef:
        """Hands over a file."""

    def page(self, owner: str, sha256: str, number: int) -> Page:
        """The words of one page, and those that it hides."""

    def pages_together(self, owner: str, file: FilePart, instruction: str) -> int | None:
        """How many pages of a file are read whole in one request; None: all of them."""

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
        """An answer about the files, at temperature 0; valid JSON if there is a schema."""
