"""Two versions of a contract: which clauses came, went and changed, and how.

Clauses are compared without their numbers, so that one that only moved down has not changed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from frontend.workflows.clauses import NUMBER, Clause, clauses
from frontend.workflows.paper import Box, Paper
from frontend.workflows.skeleton import Skeleton

_LEAST_ALIKE: Final = 0.45  # of two clauses' words, to be versions of one
_PIECE: Final = re.compile(r"[㐀-鿿]|[^\s㐀-鿿]+")


class Change(Enum):
    """What became of a clause."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Passage:
    """A clause of one version."""

    text: str
    page: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Edit:
    """Words that were replaced; one side is empty where words were only added or removed."""

    old: str
    new: str


@dataclass(frozen=True)
class ClauseChange:
    """A clause that changed, with both quotes and the words that differ."""

    change: Change
    old: Passage | None
    new: Passage | None
    edits: tuple[Edit, ...] = ()


def changed_clauses(old: Paper, new: Paper) -> tuple[ClauseChange, ...]:
    """What was added, removed and changed, in the order of the new version."""
    before, after = clauses(old), clauses(new)
    matcher = difflib.SequenceMatcher(
        None, [clause.letters for clause in before], [clause.letters for clause in after], False
    )
    changes: list[ClauseChange] = []
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind != "equal":
            changes += _changes(old, new, before[old_from:old_to], after[new_from:new_to])
    return tuple(_without_moves(changes))


def _changes(
    old: Paper, new: Paper, before: Sequence[Clause], after: Sequence[Clause]
) -> list[ClauseChange]:
    """The changes of a stretch that differs: likeliest partners first, the rest came or went."""
    likeness = [
        (_alike_clauses(one, other), -abs(index - place), index, place)
        for index, one in enumerate(before)
        for place, other in enumerate(after)
    ]
    partner: dict[int, int] = {}
    for share, _, index, place in sorted(likeness, reverse=True):
        if share >= _LEAST_ALIKE and place not in partner and index not in partner.values():
            partner[place] = index
    changes = [
        ClauseChange(Change.REMOVED, _passage(old, one), None)
        for index, one in enumerate(before)
        if index not in partner.values()
    ]
    for place, clause in enumerate(after):
        if place not in partner:
            changes.append(ClauseChange(Change.ADDED, None, _passage(new, clause)))
        elif before[partner[place]].letters != clause.letters:
            one = before[partner[place]]
            changes.append(
                ClauseChange(
                    Change.CHANGED,
                    _passage(old, one),
                    _passage(new, clause),
                    _edits(one.text, clause.text),
                )
            )
    return changes


def _without_moves(changes: Sequence[ClauseChange]) -> list[ClauseChange]:
    """The changes without clauses that went from one place to another unchanged."""

    def letters(passage: Passage | None) -> str:
        return Skeleton(NUMBER.sub("", passage.text, count=1)).letters if passage else ""

    gone = {letters(one.old) for one in changes if one.change is Change.REMOVED}
    come = {letters(one.new) for one in changes if one.change is Change.ADDED}
    moved = gone & come
    return [
        one
        for one in changes
        if one.change is Change.CHANGED or letters(one.old or one.new) not in moved
    ]


def _passage(paper: Paper, clause: Clause) -> Passage:
    return Passage(
        " ".join(paper.text[clause.start : clause.end].split()),
        paper.page_at(clause.start),
        paper.boxes(clause.start, clause.end),
    )


def _edits(old: str, new: str) -> tuple[Edit, ...]:
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return tuple(
        Edit(_joined(before[a:b]), _joined(after[c:d]))
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    )


def marked(old: str, new: str) -> tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]:
    """Both texts in stretches, each with whether it differs from the other text."""
    before, after = list(_PIECE.finditer(old)), list(_PIECE.finditer(new))
    matcher = difflib.SequenceMatcher(
        None, [one.group() for one in before], [one.group() for one in after], autojunk=False
    )
    codes = matcher.get_opcodes()
    return (
        _stretches(old, before, [(kind, a, b) for kind, a, b, _, _ in codes]),
        _stretches(new, after, [(kind, c, d) for kind, _, _, c, d in codes]),
    )


def _stretches(
    text: str, pieces: Sequence[re.Match[str]], codes: Sequence[tuple[str, int, int]]
) -> tuple[tuple[str, bool], ...]:
    made, at = [], 0
    for kind, first, last in codes:
        if first == last:
            continue
        start, end = pieces[first].start(), pieces[last - 1].end()
        if kind != "equal" and at < start:  # the space before it belongs to neither
            made.append((text[at:start], False))
            at = start
        made.append((text[at:end], kind != "equal"))
        at = end
    return (*made, (text[at:], False)) if at < len(text) else tuple(made)


def _joined(pieces: Sequence[str]) -> str:
    return re.sub(r"(?<=[㐀-鿿]) (?=[㐀-鿿])", "", " ".join(pieces))


def _alike_clauses(one: Clause, other: Clause) -> float:
    """The share of words that two clauses have in common, in order."""
    matcher = difflib.SequenceMatcher(
        None, _PIECE.findall(one.text), _PIECE.findall(other.text), autojunk=False
    )
    return matcher.ratio() if matcher.quick_ratio() >= _LEAST_ALIKE else 0.0
