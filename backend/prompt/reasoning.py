"""Reasoning told from the answer, as the text comes.

While thinking is on, text is reasoning until `</think>`; the opening mark may be missing, because
templates and models disagree on who writes it. An answer that stops without ever closing was no
reasoning but the answer: its text is then told once more, whole, as content, and marked as retold,
so that whoever collects it can drop the other copy. Holding everything back until that is known
would end streaming; leaving it would give clients that read `content` an empty answer, which is
what they complain of elsewhere. One that is cut off before it closes was reasoning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from backend.prompt.stops import overlap

OPEN = "<think>"
CLOSE = "</think>"
_ANSWER_OPEN, _ANSWER_CLOSE = "<answer>", "</answer>"  # around the answers of GLM-4.1V
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True)
class Said:
    """Text that has become certain."""

    text: str = ""
    reasoning: str = ""
    is_retold: bool = False  # the text was told as reasoning before


class _Place(Enum):
    START = "start"  # nothing but blanks came; an opening mark may follow
    REASONING = "reasoning"
    BEFORE_ANSWER = "before_answer"  # after the reasoning; blanks and a wrapper are dropped
    ANSWER = "answer"
    WRAPPED = "wrapped"  # inside the wrapper
    AFTER = "after"  # behind it


class ReasoningParser:
    """Splits one answer's text. Marks may come in any pieces."""

    def __init__(self, *, thinking: bool) -> None:
        """`thinking`: the answer begins with reasoning even where no mark opens it."""
        self._place = _Place.START
        self._thinking = thinking
        self._held = ""
        self._told: list[str] = []  # reasoning so far
        self._has_closed = False
        self._trims = False  # whether blanks behind a mark are still to be dropped

    @property
    def is_reasoning(self) -> bool:
        """Whether what comes next is reasoning, as far as is known."""
        return self._place is _Place.REASONING or (self._place is _Place.START and self._thinking)

    def push(self, text: str) -> Said:
        """More text; what it makes certain."""
        self._held += text
        content, reasoning = [], []
        place = None
        while place is not self._place:  # each turn may come to a mark
            place = self._place
            match place:
                case _Place.START:
                    self._skip(OPEN, _Place.REASONING, self._without_opening())
                case _Place.REASONING:
                    reasoning.append(self._until(CLOSE, _Place.BEFORE_ANSWER))
                case _Place.BEFORE_ANSWER:
                    self._has_closed = True
                    self._skip(_ANSWER_OPEN, _Place.WRAPPED, _Place.ANSWER)
                case _Place.WRAPPED:
                    content.append(self._until(_ANSWER_CLOSE, _Place.AFTER))
                case _Place.ANSWER | _Place.AFTER:
                    content.append(self._held)
                    self._held = ""
        self._told += reasoning
        return Said("".join(content), "".join(reasoning))

    def flush(self, *, is_stop: bool) -> Said:
        """The rest, when nothing follows. `is_stop`: the model was done, rather than cut off."""
        rest, self._held = self._held, ""
        if self.is_reasoning and not self._has_closed:
            self._told.append(rest)
            told = "".join(self._told)
            if is_stop and told:
                return Said(told.lstrip(), "", is_retold=True)
            return Said(reasoning=rest)
        return Said(text="" if self._place is _Place.BEFORE_ANSWER and not rest.strip() else rest)

    def _without_opening(self) -> _Place:
        return _Place.REASONING if self._thinking else _Place.ANSWER

    def _skip(self, mark: str, with_it: _Place, without: _Place) -> None:
        """Goes on behind a mark and the blanks around it, or where it cannot come any more."""
        blank = _BLANK.match(self._held)
        start = blank.end() if blank else 0
        ahead = self._held[start:]
        if ahead.startswith(mark):
            self._held = ahead[len(mark) :]
            self._place = with_it
            self._trims = True
        elif not mark.startswith(ahead):  # what came is no beginning of the mark
            keeps_blanks = without is _Place.ANSWER and not self._has_closed
            self._held = self._held if keeps_blanks else ahead
            self._place = without

    def _until(self, mark: str, behind: _Place) -> str:
        """What stands before a mark; a beginning of the mark is held."""
        if self._trims:
            self._held = self._held.lstrip()
            self._trims = not self._held
        before, found, after = self._held.partition(mark)
        if found:
            self._held, self._place = after, behind
            return before
        keep = overlap(self._held, mark)
        cut = len(self._held) - keep
        before, self._held = self._held[:cut], self._held[cut:]
        return before
