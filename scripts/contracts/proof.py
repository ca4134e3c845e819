"""Whether a value that was *found in the text* stands on its page: asked of the PDF itself.

Nothing of the product takes part: the page's words come from PDFium, and dates, durations and names
are read by the rules that made the training's labels.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pypdfium2

from frontend.workflows.fields import Kind
from frontend.workflows.findings import Value
from frontend.workflows.paper import Box
from scripts.reader import values
from scripts.reader.spotting import find_durations
from scripts.reader.values import plain_name

_MARGIN: Final = 2.0  # points around a box, for letters reach over their words' edges
_LEAST_PART: Final = 3  # letters of words that run from one page to the next, on each of the two
_FOOT: Final = 24  # letters below the text of a page
_HEAD: Final = 80  # letters above it
_MONTHS: Final = {"month": 1, "year": 12}
_DAYS: Final = {"day": 1, "week": 7}


class Pages:
    """A PDF's pages as PDFium reads them."""

    def __init__(self, path: Path) -> None:
        self._document = pypdfium2.PdfDocument(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._document.close()

    def text(self, number: int) -> str:
        """All that stands on a page; nothing if there is no such page."""
        if not 1 <= number <= len(self._document):
            return ""
        return str(self._document[number - 1].get_textpage().get_text_bounded())

    def within(self, box: Box) -> str:
        """What stands in a box."""
        page = self._document[box.page - 1]
        left, bottom, right, top = page.get_cropbox()
        width, height = right - left, top - bottom
        return str(
            page.get_textpage().get_text_bounded(
                left + box.left * width - _MARGIN,
                top - box.bottom * height - _MARGIN,
                left + box.right * width + _MARGIN,
                top - box.top * height + _MARGIN,
            )
        )


@dataclass(frozen=True)
class Doubt:
    """Something about a value that the PDF does not bear out."""

    why: str
    seen: str


def doubts(value: Value, kind: Kind, pages: Pages) -> Iterator[Doubt]:
    """What is wrong with a value's page, its words and its boxes; nothing if all of it holds."""
    if value.page is None:
        yield Doubt("no page", value.said)
        return
    written = letters(value.text)
    page, following = letters(pages.text(value.page)), letters(pages.text(value.page + 1))
    if not written or not _stands(written, page, following):
        yield Doubt("the page does not say it", value.text)
    if not _means(value, kind):
        yield Doubt("the words say something else", f"{value.said} / {value.shown}: {value.text}")
    boxed = "".join(letters(pages.within(box)) for box in value.boxes)
    if written not in boxed:
        yield Doubt("the boxes hold other words", f"{value.text}: {boxed}")


def letters(text: str) -> str:
    """Letters and digits alone, in small ones; ligatures taken apart."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _stands(written: str, page: str, following: str) -> bool:
    """Whether words stand on a page, or begin at its end and go on where the next one begins.

    A page's number or a running head may stand between the two parts.
    """
    if written in page:
        return True
    for cut in range(_LEAST_PART, len(written) - _LEAST_PART + 1):
        head, tail = written[:cut], written[cut:]
        if head in page[-cut - _FOOT :] and tail in following[: len(tail) + _HEAD]:
            return True
    return False


def _means(value: Value, kind: Kind) -> bool:
    """Whether the document's words mean the value that is shown."""
    meanings: dict[Kind, Callable[[Value], bool]] = {
        Kind.DATE: _means_date,
        Kind.DURATION: _means_duration,
    }
    return meanings.get(kind, _means_text)(value)


def _means_date(value: Value) -> bool:
    """Whether the words hold the year, the month by name or number, and the day."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", value.shown)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    numbers = [int(number) for number in re.findall(r"\d+", value.text)]
    named = re.search(rf"\b{values.MONTHS[month][:3]}", value.text, re.IGNORECASE)
    wanted = [day, *(() if named else (month,))]
    return (year in numbers or year % 100 in numbers) and all(one in numbers for one in wanted)


def _means_duration(value: Value) -> bool:
    wanted = _length(value.shown)
    return any(_length(found.normal) == wanted for found in find_durations(value.text))


def _means_text(value: Value) -> bool:
    return letters(plain_name(value.said)) == letters(plain_name(value.text))


def _length(duration: str) -> tuple[str, int]:
    """A duration in months or days, whichever it is made of; itself if it is none."""
    match = re.fullmatch(r"(\d+) (year|month|week|day)s?", duration)
    if match is None:
        return duration, 0
    number, unit = int(match[1]), match[2]
    return ("months", number * _MONTHS[unit]) if unit in _MONTHS else ("days", number * _DAYS[unit])
