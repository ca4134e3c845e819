"""Locates what a model said in the words of the document: page, boxes, and how exactly.

Nothing that a model says about a place is believed. A value, or a quote, is searched in the pages'
own words: first as written, then in the other spellings that its normal form has, then tolerating
what text recognition gets wrong. Digits are never tolerated to differ, nor is a *not*.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Final

from frontend.workflows import alignment, parties
from frontend.workflows.fields import Field, Kind
from frontend.workflows.mentions import Mention
from frontend.workflows.normal import FINDERS, normal
from frontend.workflows.paper import Box, Paper
from frontend.workflows.skeleton import Skeleton

_TOLERANCE: Final = 0.18  # edits per letter of a passage
_SHORTEST: Final = 5  # letters; what is shorter must be there as it is
_OTHER_SPELLING: Final = 0.95  # the score of the same value, spelled otherwise than usual
_LOOKALIKE: Final = 0.9  # the score of what differs by look-alikes alone
_CUE_REACH: Final = 160  # characters around a value in which its field's cues count
_DENIALS: Final = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|except)\b|[不无非未勿]", re.I
)
_MISREAD_DIGITS: Final = str.maketrans("OoIl|", "00111")
_MISREAD: Final = re.compile(r"(?<![A-Za-z])(?=[\dOoIl|]*\d)[\dOoIl|]{2,}(?![A-KM-NP-Za-km-np-z])")
_SAYS_NOTHING: Final = frozenset({"yes", "no", "true", "false"})  # wherever it may stand
_MONTHS: Final = {"year": 12, "month": 1}
_DAYS: Final = {"week": 7, "day": 1}


class Exactness(Enum):
    """How a value stands in the document."""

    VERBATIM = "verbatim"  # letter by letter, or as another spelling of the same normal form
    NEAR = "near"  # almost: see the score
    ABSENT = "absent"


@dataclass(frozen=True)
class Place:
    """One place of a document: its first page, a box for each line, its words, its sentence."""

    page: int
    boxes: tuple[Box, ...]
    text: str
    quote: str


@dataclass(frozen=True)
class Evidence:
    """Where a value stands: the place that fits best, and the pages of the others."""

    exactness: Exactness
    score: float  # 1 for verbatim, 0 for absent
    place: Place | None = None
    pages: tuple[int, ...] = ()  # every page with the value


ABSENT: Final = Evidence(Exactness.ABSENT, 0.0)


@dataclass(frozen=True)
class _Hit:
    """Characters `start` to before `end` of the text."""

    start: int
    end: int
    score: float = 1.0


def locate(
    value: str,
    field: Field,
    paper: Paper,
    *,
    near: Place | None = None,
    among: Container[int] = (),
) -> Evidence:
    """The evidence for one value of a field, as the model said it or in normal form.

    Of several places the one at `near` (where a quote was found) wins, then one on the pages
    `among` (that were asked about), then the one with most of the field's cues around it, then the
    first.
    """
    if field.kind in FINDERS:
        hits = _measured(value, field, paper)
    elif field.kind is Kind.YES_NO:
        hits = []  # a yes stands nowhere in the text; its quote does
    else:
        hits = _counted(value, paper) or _spelled(
            value, paper.skeleton, names=field.kind is Kind.PARTIES
        )
    return _evidence(hits, field.cues, paper, near, among)


def locate_quote(quote: str, paper: Paper, *, among: Container[int] = ()) -> Evidence:
    """The evidence for a passage that the model quoted."""
    hits = _spelled(quote.strip(" .…"), paper.skeleton, names=False)
    return _evidence(hits, (), paper, None, among)


def _evidence(
    hits: Sequence[_Hit],
    cues: Sequence[str],
    paper: Paper,
    near: Place | None,
    among: Container[int],
) -> Evidence:
    if not hits:
        return ABSENT
    top = max(hit.score for hit in hits)
    hits = [hit for hit in hits if hit.score == top]

    def merit(hit: _Hit) -> tuple[bool, bool, float, int]:
        asked_about = paper.page_at(hit.start) in among
        return _is_close(hit, near, paper), asked_about, *_fit(hit, cues, paper)

    best = max(hits, key=merit)
    text = " ".join(paper.text[best.start : best.end].split())
    place = Place(
        page=paper.page_at(best.start),
        boxes=paper.boxes(best.start, best.end),
        text=text,
        quote=paper.sentence(best.start, best.end),
    )
    pages = tuple(sorted({paper.page_at(hit.start) for hit in hits}))
    return Evidence(Exactness.VERBATIM if top == 1 else Exactness.NEAR, top, place, pages)


def _fit(hit: _Hit, cues: Sequence[str], paper: Paper) -> tuple[float, int]:
    """How many cues stand around a hit, nearer ones counting more; then how early it stands."""
    before = paper.text[max(0, hit.start - _CUE_REACH) : hit.start].casefold()
    after = paper.text[hit.end : hit.end + _CUE_REACH].casefold()
    fit = 0.0
    for cue in cues:
        distances = []
        if (at := before.rfind(cue.casefold())) >= 0:
            distances.append(len(before) - at - len(cue))
        if (at := after.find(cue.casefold())) >= 0:
            distances.append(at)
        if distances:
            fit += 1 - min(distances) / (2 * _CUE_REACH)
    return fit, -hit.start


def _is_close(hit: _Hit, near: Place | None, paper: Paper) -> bool:
    """Whether a hit lies within the boxes of a quote's place."""
    if near is None or paper.page_at(hit.start) not in {box.page for box in near.boxes}:
        return False
    box = paper.boxes(hit.start, hit.end)[0]
    return any(
        other.page == box.page and other.top <= (box.top + box.bottom) / 2 <= other.bottom
        for other in near.boxes
    )


# Dates, durations and sums: every one in the text is known, so a value is looked up


def _measured(value: str, field: Field, paper: Paper) -> list[_Hit]:
    wanted = normal(value, field)
    if wanted is None:
        return _counted(value, paper) or _spelled(value, paper.skeleton, names=False)
    known = {Kind.DATE: paper.dates, Kind.DURATION: paper.durations, Kind.MONEY: paper.money}
    hits = _mentioning(wanted, known[field.kind])
    if hits:
        return hits
    mended = _MISREAD.sub(lambda found: found.group().translate(_MISREAD_DIGITS), paper.text)
    if mended != paper.text:
        hits = _mentioning(wanted, FINDERS[field.kind](mended), at_most=_LOOKALIKE)
        if hits:
            return hits
    spellings = _date_spellings(wanted) if field.kind is Kind.DATE else (value,)
    return [hit for one in spellings for hit in _spelled(one, paper.skeleton, names=False)]


def _counted(value: str, paper: Paper) -> list[_Hit]:
    """A bare number or percentage: the same number, however it is written, or a sum of it."""
    bare = re.fullmatch(r"(\d[\d,]*(?:\.\d+)?)\s?(%|％)?", value.strip())
    if not bare:
        return []
    number = Decimal(bare[1].replace(",", ""))
    if bare[2]:
        return _mentioning(f"{number.normalize():f}%", paper.percentages)
    spelled = (bare[1], f"{number:f}", f"{number:,f}")
    hits = [hit for one in dict.fromkeys(spelled) for hit in _exactly(one, paper.skeleton)]
    amount = f"{number:.2f}"
    sums = [one for one in paper.money if (one.normal or "").endswith(f" {amount}")]
    return hits or [_Hit(one.start, one.end, _OTHER_SPELLING) for one in sums]


def _mentioning(wanted: str, mentions: Sequence[Mention], at_most: float = 1.0) -> list[_Hit]:
    hits = []
    for mention in mentions:
        if mention.normal == wanted:
            hits.append(_Hit(mention.start, mention.end, min(1.0, at_most)))
        elif wanted in mention.readings or mention.normal in _equals(wanted):
            hits.append(_Hit(mention.start, mention.end, min(_OTHER_SPELLING, at_most)))
    return hits


def _equals(wanted: str) -> set[str]:
    """Other normal forms of the same duration: `12 months` for `1 year`."""
    count, _, unit = wanted.partition(" ")
    unit = unit.removesuffix("s")
    for scale in (_MONTHS, _DAYS):
        if unit in scale:
            least = Decimal(count) * scale[unit]
            others = {name: least / size for name, size in scale.items() if name != unit}
            return {
                f"{amount.normalize():f} {name}{'' if amount == 1 else 's'}"
                for name, amount in others.items()
            }
    return set()


def _date_spellings(iso: str) -> Iterator[str]:
    date = datetime.date.fromisoformat(iso)
    month = f"{date:%B}"
    yield f"{month} {date.day}, {date.year}"
    yield f"{date.day} {month} {date.year}"
    yield f"{date.year}年{date.month}月{date.day}日"


# Everything else is searched letter by letter


def _spelled(value: str, skeleton: Skeleton, *, names: bool) -> list[_Hit]:
    letters = Skeleton(value).letters
    if letters in _SAYS_NOTHING:
        return []
    hits = _exactly(value, skeleton)
    if hits:
        return hits
    for spelling in parties.spellings(letters) if names else ():
        hits = [_Hit(*place) for place in skeleton.find(spelling)]
        if hits:
            same = Skeleton(parties.party(skeleton.text[hits[0].start : hits[0].end])).letters
            meant = Skeleton(parties.party(value)).letters
            return hits if same == meant else [replace(hit, score=_OTHER_SPELLING) for hit in hits]
    return _almost(value, skeleton)


def _exactly(value: str, skeleton: Skeleton) -> list[_Hit]:
    return [_Hit(*place) for place in skeleton.find(Skeleton(value).letters)]


def _almost(value: str, skeleton: Skeleton) -> list[_Hit]:
    """Places that differ from the value by what text recognition gets wrong."""
    passage, text = Skeleton(value).blurred.letters, skeleton.blurred
    if len(passage) < _SHORTEST:
        return []
    hits = []
    for found in alignment.nearest(passage, text.letters, int(len(passage) * _TOLERANCE)):
        hit = _whole_words(text.begins[found.start], text.ends[found.end - 1], skeleton)
        seen = skeleton.text[hit.start : hit.end]
        if _numbers(seen) == _numbers(value) and _denials(seen) == _denials(value):
            score = _LOOKALIKE if not found.distance else 1 - found.distance / len(passage)
            hits.append(replace(hit, score=min(_LOOKALIKE, round(score, 3))))
    return hits


def _whole_words(start: int, end: int, skeleton: Skeleton) -> _Hit:
    """A stretch of the text, widened by the rest of the words that it cuts."""
    while skeleton.cuts(start):
        start -= 1
    while skeleton.cuts(end):
        end += 1
    return _Hit(start, end)


def _numbers(text: str) -> list[str]:
    """The runs of digits, what was misread for one set right."""
    mended = _MISREAD.sub(lambda found: found.group().translate(_MISREAD_DIGITS), text)
    return re.findall(r"\d+", mended)


def _denials(text: str) -> int:
    return len(_DENIALS.findall(text))
