"""A document as searchable text that knows where on which page every character stands."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from frontend.messages import ReadingMethod, Word
from frontend.workflows import mentions
from frontend.workflows.skeleton import Skeleton, is_ideograph

_PAGE_NUMBER: Final = re.compile(
    r"(?:page\s*)?[-–—]?\s*(?:\d{1,3}|[ivx]{1,5})\s*[-–—]?(?:\s*(?:of|/)\s*\d{1,3})?"
    r"|第\s*\d{1,3}\s*页(?:\s*[,，/]?\s*共\s*\d{1,3}\s*页)?",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.;!?](?=[\"”)\]]?\s+[\"“(A-Z0-9])|[。；！？]")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:[A-Z]|Inc|Corp|Co|Ltd|No|Mr|Ms|Mrs|Dr|St|vs|Sec|Art))$")
LONGEST_QUOTE: Final = 320  # characters
_LONGEST_WORD: Final = 24


@dataclass(frozen=True)
class Sheet:
    """The words of one page, in reading order. A page without words was still read."""

    number: int  # from 1
    words: tuple[Word, ...]
    method: ReadingMethod | None = None


@dataclass(frozen=True)
class Box:
    """A rectangle on a page, as fractions of it, origin top left."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


class Paper:
    """The pages' words as one text: a space between words, a line's end between lines.

    Page numbers at a page's head or foot are left out, so that sentences run across pages.
    """

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self.sheets = tuple(sheets)
        self._words: list[tuple[int, Word]] = []
        self._starts: list[int] = []
        pieces: list[str] = []
        length = 0
        before: tuple[int, Word] | None = None
        for sheet in self.sheets:
            for word in _body(sheet.words):
                if before is not None:
                    gap = _gap(before, (sheet.number, word))
                    pieces.append(gap)
                    length += len(gap)
                self._starts.append(length)
                self._words.append((sheet.number, word))
                pieces.append(word.text)
                length += len(word.text)
                before = (sheet.number, word)
        self.text = "".join(pieces)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return len(self.sheets)

    @cached_property
    def skeleton(self) -> Skeleton:
        """The text's letters, for searching."""
        return Skeleton(self.text)

    @cached_property
    def dates(self) -> list[mentions.Mention]:
        """Every date of the text."""
        return mentions.dates(self.text)

    @cached_property
    def durations(self) -> list[mentions.Mention]:
        """Every duration of the text."""
        return mentions.durations(self.text)

    @cached_property
    def money(self) -> list[mentions.Mention]:
        """Every sum of the text."""
        return mentions.money(self.text)

    @cached_property
    def percentages(self) -> list[mentions.Mention]:
        """Every percentage of the text."""
        return mentions.percentages(self.text)

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Every sentence, from its first to behind its last character."""
        ends = [
            found.end()
            for found in _SENTENCE_END.finditer(self.text)
            if not _abbreviates(self.text, found)
        ]
        edges = [0, *ends, len(self.text)]
        spans = (self._trimmed(*span) for span in itertools.pairwise(edges))
        return [(start, end) for start, end in spans if start < end]

    def page_at(self, place: int) -> int:
        """The page of the character at that place."""
        return self._words[self._word_at(place)][0]

    def boxes(self, start: int, end: int) -> tuple[Box, ...]:
        """Where the characters from `start` to before `end` stand: one box for each line."""
        boxes: list[Box] = []
        line: tuple[int, int] | None = None
        first = self._word_at(start)
        for index in range(first, bisect.bisect_left(self._starts, end, lo=first)):
            page, word = self._words[index]
            box = _part(page, word, start - self._starts[index], end - self._starts[index])
            if boxes and line == (page, word.line):
                boxes[-1] = _around(boxes[-1], box)
            else:
                boxes.append(box)
            line = (page, word.line)
        return tuple(boxes)

    def sentence(self, start: int, end: int) -> str:
        """The sentence around a place, as far as it is not too long."""
        room = max(0, LONGEST_QUOTE - (end - start)) // 2
        head, tail = self.text[max(0, start - room) : start], self.text[end : end + room]
        ends = [
            found.end() for found in _SENTENCE_END.finditer(head) if not _abbreviates(head, found)
        ]
        begins_whole = bool(ends) or start <= room
        head = head[ends[-1] :] if ends else head if begins_whole else _from_a_word(head)
        stop = next(
            (found for found in _SENTENCE_END.finditer(tail) if not _abbreviates(tail, found)), None
        )
        ends_whole = stop is not None or end + room >= len(self.text)
        tail = (
            tail[: stop.end()] if stop else tail if ends_whole else _from_a_word(tail[::-1])[::-1]
        )
        quote = " ".join(f"{head}{self.text[start:end]}{tail}".split())
        return ("" if begins_whole else "…") + quote + ("" if ends_whole else "…")

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        """A stretch without the white space around it, and closing marks of the one before."""
        text = self.text[start:end]
        return end - len(text.lstrip(' \n\t"”)]')), start + len(text.rstrip())

    def _word_at(self, place: int) -> int:
        return max(0, bisect.bisect_right(self._starts, place) - 1)


def _body(words: Sequence[Word]) -> Sequence[Word]:
    """The words without a page number in the first or last line."""
    for end in (0, -1):
        if not words:
            break
        line = [word for word in words if word.line == words[end].line]
        if _PAGE_NUMBER.fullmatch(" ".join(word.text for word in line)):
            words = words[len(line) :] if end == 0 else words[: -len(line)]
    return words


def _gap(before: tuple[int, Word], after: tuple[int, Word]) -> str:
    """What stands between two words; nothing between Chinese ones."""
    if is_ideograph(before[1].text[-1:]) and is_ideograph(after[1].text[:1]):
        return ""
    same_line = before[0] == after[0] and before[1].line == after[1].line
    return " " if same_line else "\n"


def _part(page: int, word: Word, start: int, end: int) -> Box:
    """The box of a word, or of the part of a run of Chinese between two characters."""
    length = len(word.text)
    start, end = max(0, start), min(length, end)
    width = word.right - word.left
    if not any(map(is_ideograph, word.text)) or not length:
        start, end = 0, length
    return Box(
        page,
        word.left + width * start / max(1, length),
        word.top,
        word.left + width * end / max(1, length),
        word.bottom,
    )


def _around(one: Box, other: Box) -> Box:
    return Box(
        one.page,
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )


def _from_a_word(text: str) -> str:
    """A text without the rest of a word that it may begin with."""
    space = text[:_LONGEST_WORD].find(" ")
    return text if space < 0 else text[space + 1 :]


def _abbreviates(text: str, found: re.Match[str]) -> bool:
    return found.group() == "." and _ABBREVIATION.search(text[: found.start()]) is not None
