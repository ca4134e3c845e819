"""Pages of two versions of a document that belong together, by what they say.

Runs of letters that two pages share are counted, so that pages are found wherever they moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from frontend.messages import Word
from frontend.workflows.paper import Paper
from frontend.workflows.skeleton import Skeleton

_RUN: Final = 24  # letters of a run: about four words, or a clause of Chinese
_STEP: Final = 4
_LEAST_SHARED: Final = 0.2  # of two pages' runs, to belong together


@dataclass(frozen=True)
class PagePair:
    """A page of each version that belong together; None where there is no counterpart."""

    old: int | None
    new: int | None
    is_same: bool  # letter by letter


def matched_pages(old: Paper, new: Paper) -> tuple[PagePair, ...]:
    """Every page of both versions: those of the new one in order, then those that went."""
    before = {sheet.number: _letters(sheet.words) for sheet in old.sheets}
    after = {sheet.number: _letters(sheet.words) for sheet in new.sheets}
    partner: dict[int, int] = {}  # old page by new page
    for number, letters in after.items():  # the same page first, the nearest if there are several
        same = [page for page, other in before.items() if other == letters]
        free = [page for page in same if page not in partner.values()]
        if free:
            partner[number] = min(free, key=lambda page: abs(page - number))
    for _, page, number in sorted(_alike(before, after), reverse=True):
        if number not in partner and page not in partner.values():
            partner[number] = page
    pairs = [
        PagePair(
            partner.get(number),
            number,
            number in partner and before[partner[number]] == letters,
        )
        for number, letters in after.items()
    ]
    gone = [page for page in before if page not in partner.values()]
    return (*pairs, *(PagePair(page, None, is_same=False) for page in gone))


def changed_pages(pairs: Sequence[PagePair]) -> tuple[int, ...]:
    """The pages of the new version that have to be read anew."""
    return tuple(pair.new for pair in pairs if pair.new is not None and not pair.is_same)


def _letters(words: Sequence[Word]) -> str:
    return Skeleton(" ".join(word.text for word in words)).letters


def _alike(before: dict[int, str], after: dict[int, str]) -> list[tuple[float, int, int]]:
    """Pages that share enough: share, old page, new page (only those with anything in common)."""
    known = {page: _runs(letters, 1) for page, letters in before.items()}
    holders: dict[int, list[int]] = defaultdict(list)
    for page, runs in known.items():
        for run in runs:
            holders[run].append(page)
    found = []
    for number, letters in after.items():
        runs = _runs(letters, _STEP)
        shared: dict[int, int] = defaultdict(int)
        for run in runs:
            for page in holders.get(run, ()):
                shared[page] += 1
        found += [
            (count / len(runs), page, number)
            for page, count in shared.items()
            if count / len(runs) >= _LEAST_SHARED
        ]
    return found


def _runs(letters: str, step: int) -> set[int]:
    """Hashes of the runs of letters that begin at every `step`-th letter."""
    last = max(1, len(letters) - _RUN + 1)
    return {hash(letters[at : at + _RUN]) for at in range(0, last, step)}
