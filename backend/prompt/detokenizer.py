"""Tokens to text as they come: whole characters only, and nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from backend.prompt.tokenizer import Tokenizer


class Detokenizer:
    """Turns one answer's tokens into text that is safe to show at once."""

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str] = ()) -> None:
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""  # might be the beginning of a stop string
        self.is_stopped = False  # whether a stop string was met; nothing follows then

    def push(self, token: int) -> str:
        """The text that this token makes certain."""
        return self._release(self._decoder.decode(self._tokenizer.token_bytes(token)))

    def flush(self) -> str:
        """The rest, when no token follows: half a character becomes the replacement sign."""
        text = self._release(self._decoder.decode(b"", final=True))
        if not self.is_stopped:
            text, self._held = text + self._held, ""
        return text

    def _release(self, text: str) -> str:
        if self.is_stopped:
            return ""
        self._held += text
        found = [place for stop in self._stop if (place := self._held.find(stop)) >= 0]
        if found:
            self.is_stopped = True
            text, self._held = self._held[: min(found)], ""
            return text
        keep = max((_overlap(self._held, stop) for stop in self._stop), default=0)
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[-length:]):
            return length
    return 0
