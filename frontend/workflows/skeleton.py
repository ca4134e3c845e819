"""A text reduced to its letters and digits, so that spelling differences that mean nothing vanish.

Spaces, line breaks, hyphenation, quotes, ligatures and letter case do not reach the skeleton; every
character of it knows the place in the text that it came from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final

_KEPT_IN_NUMBERS: Final = frozenset(".,/:")
_NUMBER_PART: Final = re.compile(r"\d[.,]\d")
_KEPT: Final = frozenset("%|")
# What recognition takes for each other; each becomes one of them.
_LOOKALIKES: Final = str.maketrans("01i|58z2", "olllsbzz")
_LOOKALIKE_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))


class Skeleton:
    """The letters of a text, casefolded. `begins[i]` and `ends[i]` are letter i's place in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        letters: list[str] = []
        self.begins: list[int] = []
        self.ends: list[int] = []
        last = len(text) - 1
        for place, character in enumerate(text):
            folded = _fold(character)
            if not folded:
                within_number = (
                    character in _KEPT_IN_NUMBERS
                    and 0 < place < last
                    and text[place - 1].isdigit()
                    and text[place + 1].isdigit()
                )
                if not within_number:
                    continue
                folded = character
            for letter in folded:
                letters.append(letter)
                self.begins.append(place)
                self.ends.append(place + 1)
        self.letters = "".join(letters)

    @cached_property
    def blurred(self) -> Blurred:
        """The letters as a careless eye sees them."""
        return Blurred(self)

    def find(self, letters: str, most: int = 200) -> Iterator[tuple[int, int]]:
        """Places in the text (start, end) where these letters stand as whole words."""
        at = -1
        while most and letters:
            at = self.letters.find(letters, at + 1)
            if at < 0:
                return
            start, end = self.begins[at], self.ends[at + len(letters) - 1]
            if not self.cuts(start) and not self.cuts(end):
                most -= 1
                yield start, end

    def cuts(self, place: int) -> bool:
        """Whether a place lies inside a word or number, between two of its letters or digits."""
        if not 0 < place < len(self.text):
            return False
        if _joined(self.text[place - 1], self.text[place]):
            return True
        before, after = self.text[max(0, place - 2) : place + 1], self.text[place - 1 : place + 2]
        return any(map(_NUMBER_PART.fullmatch, (before, after)))


class Blurred:
    """A skeleton with look-alikes made alike: 0 and O, 1, l and I, rn and m."""

    def __init__(self, skeleton: Skeleton) -> None:
        letters = skeleton.letters.translate(_LOOKALIKES)
        begins, ends = skeleton.begins, skeleton.ends
        for pair, single in _LOOKALIKE_PAIRS:
            pieces: list[str] = []
            kept_begins: list[int] = []
            kept_ends: list[int] = []
            at = 0
            while (found := letters.find(pair, at)) >= 0:
                pieces += [letters[at:found], single]
                kept_begins += begins[at : found + 1]
                kept_ends += [*ends[at:found], ends[found + 1]]
                at = found + 2
            if pieces:
                letters = "".join(pieces) + letters[at:]
                begins, ends = kept_begins + begins[at:], kept_ends + ends[at:]
        self.letters, self.begins, self.ends = letters, begins, ends


def is_ideograph(character: str) -> bool:
    """Whether the character is written without spaces around: Chinese, Japanese kana."""
    return (
        "\u3040" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U000323af"
    )


@lru_cache(maxsize=8192)
def _fold(character: str) -> str:
    """A character's letters; none for what is not written into the skeleton."""
    if character == "&":
        return "and"
    if character in _KEPT:
        return character
    return "".join(
        letter for letter in unicodedata.normalize("NFKC", character).casefold() if letter.isalnum()
    )


def _joined(before: str, after: str) -> bool:
    """Whether two neighbours are inside one word."""
    return (
        before.isalnum()
        and after.isalnum()
        and not is_ideograph(before)
        and not is_ideograph(after)
    )
