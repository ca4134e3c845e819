"""Locates what a model said in the words of the document: page, boxes, and how exactly.

Nothing that a model says about a place is believed. A value, or a quote, is searched in the pages'
own words: first as written, then in the other spellings that its normal form has, then tolerating
what text recognition gets wrong. Digits are never tolerated to differ, nor is a *not*.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from frontend.workflows.fields import Field, Kind
from frontend.workflows.mentions import Mention
from frontend.workflows.normal import FINDERS, normal
from frontend.workflows.paper import Box, Paper
from frontend.workflows.search import LOOKALIKE, OTHER_SPELLING, Hit, exactly, mended, spelled

_CUE_REACH: Final = 160  # characters around a value in which its field's cues count
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
        hits = _counted(value, paper) or spelled(
            value, paper.skeleton, names=field.kind is Kind.PARTIES
        )
    return _evidence(hits, field.cues, paper, near, among)


def locate_quote(quote: str, paper: Paper, *, among: Container[int] = ()) -> Evidence:
    """The evidence for a passage that the model quoted."""
    hits = spelled(quote.strip(" .…"), paper.skeleton, names=False)
    return _evidence(hits, (), paper, None, among)


def _evidence(
    hits: Sequence[Hit],
    cues: Sequence[str],
    paper: Paper,
    near: Place | None,
    among: Container[int],
) -> Evidence:
    if not hits:
        return ABSENT
    top = max(hit.score for hit in hits)
    hits = [hit for hit in hits if hit.score == top]

    def merit(hit: Hit) -> tuple[bool, bool, float, int]:
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


def _fit(hit: Hit, cues: Sequence[str], paper: Paper) -> tuple[float, int]:
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


def _is_close(hit: Hit, near: Place | None, paper: Paper) -> bool:
    """Whether a hit lies within the boxes of a quote's place."""
    if near is None or paper.page_at(hit.start) not in {box.page for box in near.boxes}:
        return False
    box = paper.boxes(hit.start, hit.end)[0]
    return any(
        other.page == box.page and other.top <= (box.top + box.bottom) / 2 <= other.bottom
        for other in near.boxes
    )


# Dates, durations and sums: every one in the text is known, so a value is looked up


def _measured(value: str, field: Field, paper: Paper) -> list[Hit]:
    wanted = normal(value, field)
    if wanted is None:
        return _counted(value, paper) or spelled(value, paper.skeleton, names=False)
    known = {Kind.DATE: paper.dates, Kind.DURATION: paper.durations, Kind.MONEY: paper.money}
    hits = _mentioning(wanted, known[field.kind])
    if hits:
        return hits
    text = mended(paper.text)
    if text != paper.text:
        hits = _mentioning(wanted, FINDERS[field.kind](text), at_most=LOOKALIKE)
        if hits:
            return hits
    spellings = _date_spellings(wanted) if field.kind is Kind.DATE else (value,)
    return [hit for one in spellings for hit in spelled(one, paper.skeleton, names=False)]


def _counted(value: str, paper: Paper) -> list[Hit]:
    """A bare number or percentage: the same number, however it is written, or a sum of it."""
    bare = re.fullmatch(r"(\d[\d,]*(?:\.\d+)?)\s?(%|％)?", value.strip())
    if not bare:
        return []
    number = Decimal(bare[1].replace(",", ""))
    if bare[2]:
        return _mentioning(f"{number.normalize():f}%", paper.percentages)
    spelled = (bare[1], f"{number:f}", f"{number:,f}")
    hits = [hit for one in dict.fromkeys(spelled) for hit in exactly(one, paper.skeleton)]
    amount = f"{number:.2f}"
    sums = [one for one in paper.money if (one.normal or "").endswith(f" {amount}")]
    return hits or [Hit(one.start, one.end, OTHER_SPELLING) for one in sums]


def _mentioning(wanted: str, mentions: Sequence[Mention], at_most: float = 1.0) -> list[Hit]:
    hits = []
    for mention in mentions:
        if mention.normal == wanted:
            hits.append(Hit(mention.start, mention.end, min(1.0, at_most)))
        elif wanted in mention.readings or mention.normal in _equals(wanted):
            hits.append(Hit(mention.start, mention.end, min(OTHER_SPELLING, at_most)))
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
