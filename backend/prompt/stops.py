"""Stop strings, found wherever the text is cut, and never shown."""

from __future__ import annotations

from collections.abc import Sequence


class Stops:
    """Lets a stream of text through up to the first stop string."""

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = tuple(stops)
        self._held = ""  # might be the beginning of a stop string
        self.is_met = False  # nothing follows then

    def push(self, text: str) -> str:
        """The text that may be shown now."""
        if self.is_met:
            return ""
        self._held += text
        found = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if found:
            self.is_met = True
            text, self._held = self._held[: min(found)], ""
            return text
        keep = max((overlap(self._held, stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return text

    def flush(self) -> str:
        """What was held, when nothing follows."""
        text, self._held = self._held, ""
        return text


def overlap(text: str, mark: str) -> int:
    """Length of the longest end of `text` that begins `mark` without being all of it."""
    for length in range(min(len(text), len(mark) - 1), 0, -1):
        if mark.startswith(text[-length:]):
            return length
    return 0
