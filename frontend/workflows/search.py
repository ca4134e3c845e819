"""Searches a document letter by letter: as written, in a name's other spellings, or nearly.

Digits are never tolerated to differ, nor is a *not*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from frontend.workflows import alignment, parties
from frontend.workflows.skeleton import Skeleton

OTHER_SPELLING: Final = 0.95  # the score of the same value, spelled otherwise than usual
_TOLERANCE: Final = 0.18  # edits per letter of a passage
_SHORTEST: Final = 5  # letters; what is shorter must be there as it is
LOOKALIKE: Final = 0.9  # the score of what differs by look-alikes alone
_DENIALS: Final = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|except)\b|[不无非未勿]", re.IGNORECASE
)
_SAYS_NOTHING: Final = frozenset({"yes", "no", "true", "false"})  # wherever it may stand
_MISREAD_DIGITS: Final = str.maketrans("OoIl|", "00111")
_MISREAD: Final = re.compile(r"(?<![A-Za-z])(?=[\dOoIl|]*\d)[\dOoIl|]{2,}(?![A-KM-NP-Za-km-np-z])")


@dataclass(frozen=True)
class Hit:
    """Characters `start` to before `end` of a text, and how well they fit; 1 is verbatim."""

    start: int
    end: int
    score: float = 1.0


def spelled(value: str, skeleton: Skeleton, *, names: bool) -> list[Hit]:
    """Where a value stands, the best spelling first found; `names` are tried with other kinds."""
    letters = Skeleton(value).letters
    if letters in _SAYS_NOTHING:
        return []
    hits = exactly(value, skeleton)
    if hits:
        return hits
    for spelling in parties.spellings(letters) if names else ():
        hits = [Hit(*place) for place in skeleton.find(spelling)]
        if hits:
            same = Skeleton(parties.party(skeleton.text[hits[0].start : hits[0].end])).letters
            meant = Skeleton(parties.party(value)).letters
            return hits if same == meant else [replace(hit, score=OTHER_SPELLING) for hit in hits]
    return _almost(value, skeleton)


def exactly(value: str, skeleton: Skeleton) -> list[Hit]:
    """Where a value stands letter by letter, as whole words."""
    return [Hit(*place) for place in skeleton.find(Skeleton(value).letters)]


def _almost(value: str, skeleton: Skeleton) -> list[Hit]:
    """Places that differ from the value by what text recognition gets wrong."""
    passage, text = Skeleton(value).blurred.letters, skeleton.blurred
    if len(passage) < _SHORTEST:
        return []
    hits = []
    for found in alignment.nearest(passage, text.letters, int(len(passage) * _TOLERANCE)):
        hit = _whole_words(text.begins[found.start], text.ends[found.end - 1], skeleton)
        seen = skeleton.text[hit.start : hit.end]
        if _numbers(seen) == _numbers(value) and _denials(seen) == _denials(value):
            score = LOOKALIKE if not found.distance else 1 - found.distance / len(passage)
            hits.append(replace(hit, score=min(LOOKALIKE, round(score, 3))))
    return hits


def _whole_words(start: int, end: int, skeleton: Skeleton) -> Hit:
    """A stretch of the text, widened by the rest of the words that it cuts."""
    while skeleton.cuts(start):
        start -= 1
    while skeleton.cuts(end):
        end += 1
    return Hit(start, end)


def _numbers(text: str) -> list[str]:
    """The runs of digits, what was misread for one set right."""
    return re.findall(r"\d+", mended(text))


def _denials(text: str) -> int:
    return len(_DENIALS.findall(text))


def mended(text: str) -> str:
    """A text of the same length whose digits that were read as letters are digits again."""
    return _MISREAD.sub(lambda found: found.group().translate(_MISREAD_DIGITS), text)
