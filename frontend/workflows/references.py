"""Page references of sentences: read, held against the pages' words, dropped or mended.

A sentence belongs to a page that has its numbers, nearly all of its names and most of its telling
words; words that stand on few pages tell more, names and numbers most. A number counts only where
something else of the sentence stands beside it. What the model claims about pages counts only where
the words agree. Of the page, the sentence that agrees best is shown.
"""

from __future__ import annotations

import bisect
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from frontend.workflows.mentions import Mention
from frontend.workflows.paper import Box, Paper
from frontend.workflows.skeleton import is_ideograph

_ENOUGH: Final = 0.5  # of a sentence's weight must be on the page
_NAMES_ENOUGH: Final = 0.75  # of a sentence's words in capitals, its first one aside
_COMMON: Final = 1.0  # weight of a word that stands on every page
_STEM: Final = 6  # letters of a word that count, so that endings do not matter
_REFERENCE: Final = re.compile(
    r"\s*[\[(（【]\s*(?:pp?\.?|pages?|第)\s*(?P<pages>\d{1,4}(?:\s*(?:[,，、;&和–-]|and|to|至)\s*"
    r"(?:pp?\.?\s*|第\s*)?\d{1,4})*)\s*页?\s*[\])）】]",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\d+(?:[.,]\d+)*\s?[%％]?|[^\W\d_]+")
_NAME: Final = re.compile(r"(?<=[^\s.!?*:]\s)[^\W\d_a-z\u4e00-\u9fff][a-z]{2,}")
_SMALL: Final = frozenset(
    {
        "with", "that", "this", "from", "shall", "will", "have", "been", "must", "such", "their",
        "which", "upon", "into", "other", "each", "agreement", "contract", "party", "parties",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """A sentence without its references, and the pages whose words support it."""

    text: str
    pages: tuple[int, ...] = ()
    begins_point: bool = True  # whether it is the first of its line
    is_heading: bool = False  # says nothing that could be checked
    quote: str = ""  # of the first of its pages, the sentence that supports it best
    boxes: tuple[Box, ...] = ()  # where that stands
    is_quoted: bool = False  # whether it gives the contract's own words, found without the model

    @property
    def is_verified(self) -> bool:
        """Whether a page stands for it."""
        return bool(self.pages)


@dataclass(frozen=True)
class Tally:
    """What became of references."""

    kept: int = 0
    dropped: int = 0  # claimed, but the page does not support it
    added: int = 0  # found by the words, where none held
    unsupported: int = 0  # sentences that no page supports

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.kept + other.kept,
            self.dropped + other.dropped,
            self.added + other.added,
            self.unsupported + other.unsupported,
        )


def claimed_pages(text: str) -> tuple[str, tuple[int, ...]]:
    """A sentence without its references, and the pages that they name."""
    pages: list[int] = []
    for found in _REFERENCE.finditer(text):
        numbers = [int(number) for number in re.findall(r"\d+", found["pages"])]
        if len(numbers) == 2 and re.search(r"[–-]|to|至", found["pages"]):
            numbers = list(range(numbers[0], min(numbers[1], numbers[0] + 50) + 1))
        pages += [number for number in numbers if number not in pages]
    return _REFERENCE.sub("", text).strip(), tuple(pages)


class References:
    """Checks sentences against one document."""

    def __init__(self, paper: Paper) -> None:
        self._pages = {
            sheet.number: frozenset(_tokens(page.text)) | _numbers(page)
            for sheet in paper.sheets
            for page in [Paper([sheet])]
        }
        self._paper = paper
        self._places: list[tuple[int, int, frozenset[str]]] | None = None
        spread = Counter(token for tokens in self._pages.values() for token in tokens)
        count = max(1, len(self._pages))
        self._weights = {
            token: _COMMON + math.log(count / pages) for token, pages in spread.items()
        }
        self._unknown = _COMMON + math.log(count + 1)

    def check(
        self, text: str, *, begins_point: bool = True, also: Iterable[int] = ()
    ) -> tuple[Sentence, Tally]:
        """A sentence with the references that hold; `also` are pages claimed for its whole line."""
        plain, claimed = claimed_pages(text)
        claimed = tuple(dict.fromkeys([*claimed, *also]))
        if is_heading(plain):
            return Sentence(plain, (), begins_point, is_heading=True), Tally()
        scores = {page: self._support(plain, page) for page in self._pages}
        kept = tuple(page for page in claimed if scores.get(page, 0) >= _ENOUGH)
        dropped = len(claimed) - len(kept)
        if kept:
            supported = self._supported(plain, kept, begins_point=begins_point)
            return supported, Tally(kept=len(kept), dropped=dropped)
        best = max(scores, key=lambda page: (scores[page], -page), default=None)
        if best is None or scores[best] < _ENOUGH:
            return Sentence(plain, (), begins_point), Tally(dropped=dropped, unsupported=1)
        supported = self._supported(plain, (best,), begins_point=begins_point)
        return supported, Tally(dropped=dropped, added=1)

    def _supported(self, plain: str, pages: tuple[int, ...], *, begins_point: bool) -> Sentence:
        """A sentence with its pages, and the words on the first of them that say it."""
        tokens = frozenset(_tokens(plain))
        place = max(
            (one for one in self._sentences() if self._paper.page_at(one[0]) == pages[0]),
            key=lambda one: (self._weight(tokens & one[2]), -len(one[2])),
            default=None,
        )
        if place is None or not tokens & place[2]:
            return Sentence(plain, pages, begins_point)
        start, end, _ = place
        return Sentence(
            plain,
            pages,
            begins_point,
            quote=self._paper.sentence(start, end),
            boxes=self._paper.boxes(start, end),
        )

    def _sentences(self) -> list[tuple[int, int, frozenset[str]]]:
        """The document's sentences, each with what tells it from others."""
        if self._places is None:
            text = self._paper.text
            figures: dict[int, set[str]] = defaultdict(set)  # by the sentence's beginning
            starts = [start for start, _ in self._paper.sentences]
            for mention in _mentions(self._paper):
                at = bisect.bisect_right(starts, mention.start) - 1
                figures[starts[max(0, at)]] |= _figures(mention)
            self._places = [
                (start, end, frozenset(_tokens(text[start:end])) | figures[start])
                for start, end in self._paper.sentences
            ]
        return self._places

    def _support(self, sentence: str, page: int) -> float:
        """The share of the sentence's weight that the page has; 0 if numbers or names are not."""
        tokens = set(_tokens(sentence))
        words = self._pages[page]
        if any(token[0].isdigit() and token not in words for token in tokens):
            return 0.0
        if not self._stand_beside(tokens, page):
            return 0.0
        names = set(_tokens(" ".join(_NAME.findall(sentence))))
        if len(names & words) < _NAMES_ENOUGH * len(names):
            return 0.0
        telling = names | {token for token in tokens if token[0].isdigit()}
        whole = self._weight(tokens) + self._weight(telling)
        on_page = self._weight(tokens & words) + self._weight(telling & words)
        return on_page / whole if whole else 0.0

    def _stand_beside(self, tokens: set[str], page: int) -> bool:
        """Whether each number stands in a sentence of the page with a word that it came with."""
        numbers = {token for token in tokens if token[0].isdigit()}
        words = tokens - numbers
        if not words:
            return True
        beside = [there for start, there in self._on_page(page) if words & there]
        return all(any(number in there for there in beside) for number in numbers)

    def _on_page(self, page: int) -> Iterator[tuple[int, frozenset[str]]]:
        """What tells each sentence of a page, one that begins on the page before included."""
        for start, end, there in self._sentences():
            if page in (self._paper.page_at(start), self._paper.page_at(end - 1)):
                yield start, there

    def _weight(self, tokens: Iterable[str]) -> float:
        return sum(self._weights.get(token, self._unknown) for token in tokens)


def is_heading(text: str) -> bool:
    """Whether a line only announces what follows."""
    bare = text.strip("*_# ")
    return not bare or text.startswith("#") or (bare.endswith((":", "：")) and len(bare) < 60)


def _tokens(text: str) -> Iterable[str]:
    """What tells a text from others: numbers, beginnings of longer words, pairs of ideographs."""
    for found in _WORD.finditer(text.casefold()):
        token = found.group().strip()
        if token[0].isdigit():
            number = token.replace(",", "").rstrip("%％ .")
            number = str(int(number)) if number.isdecimal() else number
            yield f"{number}%" if token[-1] in "%％" else number
        elif is_ideograph(token[0]):
            run = "".join(filter(is_ideograph, token))
            yield from (run[at : at + 2] for at in range(len(run) - 1))
        elif len(token) > 3 and token not in _SMALL:
            yield token[:_STEM]


def _numbers(page: Paper) -> frozenset[str]:
    """The numbers that a page writes in words, in figures: `three years` has a 3."""
    return frozenset(figure for mention in _mentions(page) for figure in _figures(mention))


def _mentions(paper: Paper) -> tuple[Mention, ...]:
    return (*paper.dates, *paper.durations, *paper.money, *paper.percentages)


def _figures(mention: Mention) -> set[str]:
    """The figures of a date, a duration, or a sum in several scales."""
    figures: set[str] = set()
    for reading in mention.readings:
        before, _, amount = reading.rpartition(" ")
        if reading.endswith("%"):
            figures.add(reading)
        elif not before or not amount[0].isdigit():
            figures |= {str(int(number)) for number in re.findall(r"\d+", reading)}
        else:
            scales = (Decimal(amount) / scale for scale in (1, 10**3, 10**4, 10**6, 10**8))
            figures |= {f"{scaled.normalize():f}" for scaled in scales}
    return figures
