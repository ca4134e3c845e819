"""A progress bar on standard error: one line that changes on a terminal, few lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, TextIO

_WIDTH: Final = 24  # characters of the bar
_EVERY: Final = 10.0  # seconds between two lines where nothing can be overwritten


class Progress:
    """Use as a context manager; `tell` as often as you like."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self._overwrites = self._stream.isatty()
        self._told = ""
        self._told_at = 0.0

    def tell(self, done: int, total: int, what: str) -> None:
        """How far it is; what is told again is not written again."""
        share = done / total if total else 1.0
        text = f"{_bar(share)} {done}/{total} {what}".rstrip()
        if self._quiet or text == self._told:
            return
        if self._overwrites:
            self._write(f"\r\x1b[K{text}")
        elif done == total or time.monotonic() - self._told_at >= _EVERY:
            self._write(f"{text}\n")
            self._told_at = time.monotonic()
        self._told = text

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._overwrites and self._told:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _bar(share: float) -> str:
    full = round(share * _WIDTH)
    return "[" + "#" * full + "-" * (_WIDTH - full) + "]"
