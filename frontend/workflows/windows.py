"""Cuts a document into windows of whole pages that fit a budget of tokens.

A page that is larger than the budget alone is cut between lines. Every window but the first begins
with the last words of the page before, for sentences run across pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from frontend.workflows.paper import Paper, Sheet
from frontend.workflows.skeleton import is_ideograph

_LETTERS_PER_TOKEN: Final = 3.6  # of English contracts; an ideograph is about one token
_OVERLAP: Final = 0.08  # of the budget


@dataclass(frozen=True)
class Window:
    """Some pages, in order, and their text with a heading for each page."""

    pages: tuple[int, ...]
    text: str


def tokens(text: str) -> int:
    """About how many tokens a text has."""
    ideographs = sum(map(is_ideograph, text))
    return round(ideographs + (len(text) - ideographs) / _LETTERS_PER_TOKEN) + 1


def windows(paper: Paper, budget: int) -> list[Window]:
    """The whole document in windows of at most about `budget` tokens, every page in at least one.

    A document without words is one window without text.
    """
    pieces = [piece for sheet in paper.sheets for piece in _pieces(sheet, budget)]
    made: list[Window] = []
    current: list[tuple[int, str]] = []
    overlap = ""
    size = 0
    for number, text in pieces:
        cost = tokens(text) + 6  # its heading
        if current and size + cost > budget:
            made.append(_window(current, overlap))
            overlap = _tail(current[-1][1], round(budget * _OVERLAP))
            current, size = [], tokens(overlap)
        current.append((number, text))
        size += cost
    if current:
        made.append(_window(current, overlap))
    return made


def halves(window: Window) -> list[Window]:
    """A window cut in two, for a reader whose room was smaller than thought; one line stays one."""
    lines = window.text.splitlines()
    if len(lines) < 2:
        return [window]
    middle = len(lines) // 2
    heading = next((line for line in reversed(lines[:middle]) if _is_heading(line)), "")
    second = "\n".join([heading, *lines[middle:]]) if heading else "\n".join(lines[middle:])
    return [
        Window(_headed(part) or window.pages, part) for part in ("\n".join(lines[:middle]), second)
    ]


def _pieces(sheet: Sheet, budget: int) -> list[tuple[int, str]]:
    """The page's text, in pieces of at most the budget."""
    pieces: list[tuple[int, str]] = []
    lines: list[str] = []
    size = 0
    for line in _lines(sheet):
        cost = tokens(line)
        if lines and size + cost > budget:
            pieces.append((sheet.number, "\n".join(lines)))
            lines, size = [], 0
        lines.append(line)
        size += cost
    return [*pieces, (sheet.number, "\n".join(lines))]


def _lines(sheet: Sheet) -> list[str]:
    lines: list[list[str]] = []
    number = None
    for word in sheet.words:
        if word.line != number:
            lines.append([])
            number = word.line
        lines[-1].append(word.text)
    return [" ".join(line) for line in lines]


def _window(pieces: Sequence[tuple[int, str]], overlap: str) -> Window:
    texts = [f"[Page {number}]\n{text}" for number, text in pieces]
    if overlap:
        texts.insert(0, overlap)
    return Window(tuple(dict.fromkeys(number for number, _ in pieces)), "\n".join(texts))


def _tail(text: str, budget: int) -> str:
    """The last words of a text."""
    while text and tokens(text) > budget:
        text = text[max(1, len(text) // 8) :].partition(" ")[2]
    return text.strip()


def _is_heading(line: str) -> bool:
    return line.startswith("[Page ") and line.endswith("]") and line[6:-1].isdigit()


def _headed(text: str) -> tuple[int, ...]:
    return tuple(int(line[6:-1]) for line in text.splitlines() if _is_heading(line))
