"""Paragraphs laid out in lines and pages."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random

from scripts.reader.writing.frame import Frame
from scripts.reader.writing.paragraphs import Paragraph, Said


def laid_out(
    chance: Random, frame: Frame, paragraphs: Sequence[Paragraph]
) -> tuple[list[str], dict[str, Said]]:
    """The text of every page, and what is said by its key, with its page."""
    width = chance.randint(24, 44) if frame.zh else chance.randint(58, 105)
    height = chance.randint(22, 52)
    running = _Running(chance.randrange(6), frame)
    pages: list[list[str]] = [[]]
    said: dict[str, Said] = {}
    for paragraph in paragraphs:
        lines = _wrapped(paragraph.text, width, frame)
        ends = list(accumulate(len(line) + len(frame.joint) for line in lines))
        page_of: list[int] = []
        for line in lines:
            if len(pages[-1]) >= height:
                pages.append([])
            pages[-1].append(line)
            page_of.append(len(pages))
        for start, one in paragraph.facts:
            row = next((row for row, end in enumerate(ends) if start < end), len(lines) - 1)
            said[one.key] = replace(one, page=page_of[row] if page_of else 1)
    texts = []
    for number, lines in enumerate(pages, start=1):
        top, bottom = running(number, len(pages))
        texts.append("\n".join([*top, *lines, *bottom]))
    return texts, said


def _wrapped(text: str, width: int, frame: Frame) -> list[str]:
    if frame.zh:
        return [text[at : at + width] for at in range(0, len(text), width)]
    return [line for piece in text.splitlines() for line in textwrap.wrap(piece, width)]


@dataclass(frozen=True)
class _Running:
    """What stands at the top and the bottom of every page."""

    style: int
    frame: Frame

    def __call__(self, number: int, pages: int) -> tuple[list[str], list[str]]:
        """The lines above and below page `number`."""
        if self.style == 0:
            return [], [
                f"第{number}页 共{pages}页" if self.frame.zh else f"Page {number} of {pages}"
            ]
        if self.style == 1:
            return [], [f"- {number} -"]
        if self.style == 2:
            return [self.frame.title], []
        if self.style == 3:
            return [], [str(number)]
        return [], []
