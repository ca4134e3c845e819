"""Finds words of the text layer that the rendered page does not show: white, tiny, covered.

Such words are read by machines and by no person, so they must not reach a prompt unseen. A word is
shown if its box holds ink, that is, if light and dark in it differ enough for an eye.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from frontend.messages import Word

_LEAST_CONTRAST: Final = 24  # of 255, between the lightest and the darkest parts of a box
_LEAST_HEIGHT: Final = 0.0025  # of the page: two points on a letter page
_MARGIN: Final = 1  # pixels around a box, for ink that overlaps its edge
_DARKEST: Final = 2.0  # percentiles that count, so that single pixels do not
_LIGHTEST: Final = 98.0


class Why(Enum):
    """Why a word is not seen."""

    NO_INK = "no_ink"  # of the paper's colour, or covered
    TINY = "tiny"
    OFF_PAGE = "off_page"


@dataclass(frozen=True)
class HiddenWord:
    """A word that the page does not show, by its place among the page's words."""

    index: int
    text: str
    why: Why


def hidden_words(picture: bytes, words: Sequence[Word]) -> tuple[HiddenWord, ...]:
    """The words that the rendered page (WebP or PNG) does not show.

    Words without letters or digits (rules, leaders, bullets) are not judged.
    """
    with Image.open(io.BytesIO(picture)) as opened:
        page = np.asarray(opened.convert("L"))
    found = []
    for index, word in enumerate(words):
        if any(map(str.isalnum, word.text)) and (why := _why_hidden(page, word)) is not None:
            found.append(HiddenWord(index, word.text, why))
    return tuple(found)


def _why_hidden(page: npt.NDArray[np.uint8], word: Word) -> Why | None:
    height, width = page.shape
    if word.right <= 0 or word.left >= 1 or word.bottom <= 0 or word.top >= 1:
        return Why.OFF_PAGE
    if _letter_height(word, width / height) < _LEAST_HEIGHT:
        return Why.TINY
    top, bottom = _pixels(word.top, word.bottom, height)
    left, right = _pixels(word.left, word.right, width)
    box = page[top:bottom, left:right]
    if box.size == 0:
        return Why.OFF_PAGE
    darkest, lightest = np.percentile(box, (_DARKEST, _LIGHTEST))
    return Why.NO_INK if lightest - darkest < _LEAST_CONTRAST else None


def _letter_height(word: Word, aspect: float) -> float:
    """How high its letters are, or how wide: a dash is not high, an `l` not wide."""
    share = (word.right - word.left) * aspect / len(word.text)
    return max(word.bottom - word.top, share)


def _pixels(low: float, high: float, size: int) -> tuple[int, int]:
    """The pixels of an interval of the page, and the margin."""
    return max(0, int(low * size) - _MARGIN), min(size, round(high * size) + _MARGIN)
