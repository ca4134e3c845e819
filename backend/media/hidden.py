"""Finds words of a text layer that the drawn page does not show: white, tiny, covered.

Such words are read by machines and by no person, so they must not reach a prompt. A word is shown
if its box holds ink, that is, if light and dark in it differ enough for an eye. Runs in a worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from backend.media.media import Because, HiddenWord, Word
from backend.media.wording import is_ideograph

SIDE: Final = (
    1100  # pixels of a page's longer side: enough to see whether the smallest print has ink
)
_LEAST_CONTRAST: Final = 24  # of 255, between the lightest and the darkest parts of a box
_LEAST_HEIGHT: Final = 0.0025  # of the page: two points on a letter page
_MARGIN: Final = 1  # pixels around a box, for ink that overlaps its edge
_DARKEST: Final = 2.0  # percentiles that count, so that single pixels do not
_LIGHTEST: Final = 98.0


def hidden_words(
    picture: Image.Image, words: Sequence[Word], *, draws_chinese: bool = True
) -> tuple[HiddenWord, ...]:
    """The words that the drawn page does not show, in their order.

    Words without letters or digits (rules, leaders, bullets) are not judged, nor is Chinese where
    this machine has no font to draw it with.
    """
    page = np.asarray(picture.convert("L"))
    found = []
    for word in words:
        if not any(map(str.isalnum, word.text)):
            continue
        if not draws_chinese and any(map(is_ideograph, word.text)):
            continue
        because = _why_hidden(page, word)
        if because is not None:
            found.append(HiddenWord(word, because))
    return tuple(found)


def _why_hidden(page: npt.NDArray[np.uint8], word: Word) -> Because | None:
    height, width = page.shape
    if word.right <= 0 or word.left >= 1 or word.bottom <= 0 or word.top >= 1:
        return Because.OFF_PAGE
    if _letter_height(word, width / height) < _LEAST_HEIGHT:
        return Because.TINY
    top, bottom = _pixels(word.top, word.bottom, height)
    left, right = _pixels(word.left, word.right, width)
    box = page[top:bottom, left:right]
    if box.size == 0:
        return Because.OFF_PAGE
    darkest, lightest = np.percentile(box, (_DARKEST, _LIGHTEST))
    return Because.NO_INK if lightest - darkest < _LEAST_CONTRAST else None


def _letter_height(word: Word, aspect: float) -> float:
    """How high its letters are, or how wide: a dash is not high, an `l` not wide."""
    share = (word.right - word.left) * aspect / len(word.text)
    return max(word.bottom - word.top, share)


def _pixels(low: float, high: float, size: int) -> tuple[int, int]:
    """The pixels of an interval of the page, and the margin."""
    return max(0, int(low * size) - _MARGIN), min(size, round(high * size) + _MARGIN)
