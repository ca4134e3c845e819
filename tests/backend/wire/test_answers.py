"""Answers onto the wire: what only some answers have."""

from __future__ import annotations

from backend.generations import Numbered
from backend.prompt.events import Box, Finished, Timing, Usage
from backend.prompt.prompt import FinishReason
from backend.wire import answers

ENDED = Finished(
    reasons=(FinishReason.STOP, FinishReason.LENGTH),
    usage=Usage(3, 4, reasoning_tokens=2),
    timing=Timing(0, 0, 0, 0),
)


def test_places_stand_with_the_answer_that_names_them() -> None:
    box = Box("ab", 2, "seal", 1.5, 2, 30, 40)
    ended = Finished(ENDED.reasons, ENDED.usage, ENDED.timing, boxes=((), (box,)))
    first, second = answers.event(Numbered(7, ended)).finished.choices
    assert list(first.boxes) == []
    (told,) = second.boxes
    assert (told.sha256, told.page, told.label) == ("ab", 2, "seal")
    assert (told.left, told.top, told.right, told.bottom) == (1.5, 2, 30, 40)


def test_answers_without_places_have_none() -> None:
    finished = answers.event(Numbered(7, ENDED)).finished
    assert [list(choice.boxes) for choice in finished.choices] == [[], []]
    assert finished.usage.reasoning_tokens == 2
