"""Tokens to text as they come: whole characters only."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from backend.prompt.tokenizer import Tokenizer


class Detokenizer:
    """Turns one answer's tokens into text."""

    def __init__(self, tokenizer: Tokenizer, marks: Mapping[int, str] | None = None) -> None:
        """`marks` are the control tokens that have a text; all others have none."""
        self._tokenizer = tokenizer
        self._marks = marks or {}
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token: int) -> str:
        """The text that this token makes certain."""
        mark = self._marks.get(token)
        return self._decoder.decode(
            self._tokenizer.token_bytes(token) if mark is None else mark.encode()
        )

    def flush(self) -> str:
        """The rest, when no token follows: half a character becomes the replacement sign."""
        return self._decoder.decode(b"", final=True)
