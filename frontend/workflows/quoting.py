"""What a contract's own words say for a summary: quoted with their places, no model asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from frontend.workflows import matters
from frontend.workflows.clauses import NUMBER
from frontend.workflows.duties import duties
from frontend.workflows.fields import Language
from frontend.workflows.labels import label
from frontend.workflows.matters import Found
from frontend.workflows.paper import LONGEST_QUOTE, Paper
from frontend.workflows.references import Sentence
from frontend.workflows.summary import Summarised
from frontend.workflows.timeline import Moment, timeline

KEY_CLAUSES: Final = 3
_OVERVIEW: Final = 5  # sentences of an executive summary
_MOST_DUTIES: Final = 12  # of one party


def quoted(paper: Paper, about: Summarised, language: Language) -> tuple[Sentence, ...]:
    """All that the words say about it, headings included."""
    match about:
        case Summarised.DATES:
            return tuple(_dates(paper, language))
        case Summarised.OBLIGATIONS:
            return tuple(_obligations(paper, language))
        case Summarised.RISKS:
            return tuple(_points(paper, matters.risks(paper), language))
        case _:
            return tuple(_points(paper, matters.key_clauses(paper), language))


def supplement(
    told: Sequence[Sentence], paper: Paper, about: Summarised, language: Language
) -> tuple[Sentence, ...]:
    """What the words add to what the model told: nothing where that is enough.

    Enough are three key clauses, three duties, three risks, and a few sentences of an executive
    summary, all of them standing in the document; dates are always the words' business.
    """
    wanted = _OVERVIEW if about is Summarised.EXECUTIVE else KEY_CLAUSES
    good = [one for one in told if one.is_verified]
    if len(good) >= wanted and about is not Summarised.DATES:
        return ()
    known = [one.quote for one in good if one.quote]
    found = quoted(paper, about, language)
    if about in (Summarised.CLAUSES, Summarised.EXECUTIVE):
        found = tuple(_fresh(found, known))[: wanted - len(good)]
    if told and found and not found[0].is_heading:
        found = (_heading(label("quoted", language)), *found)
    return found


def _fresh(found: Sequence[Sentence], known: Sequence[str]) -> Iterator[Sentence]:
    """Those that say nothing that was told already."""
    for one in found:
        if not any(quote.strip("…") in one.quote or one.quote in quote for quote in known):
            yield one


def _dates(paper: Paper, language: Language) -> Iterator[Sentence]:
    moments = timeline(paper)
    for key, is_date in (("dates", True), ("periods", False)):
        several = [moment for moment in moments if moment.is_date is is_date]
        if several:
            yield _heading(label(key, language))
        yield from map(_moment, several)


def _moment(moment: Moment) -> Sentence:
    return Sentence(
        moment.normal, (moment.page,), quote=moment.quote, boxes=moment.boxes, is_quoted=True
    )


def _obligations(paper: Paper, language: Language) -> Iterator[Sentence]:
    for who, several in duties(paper).items():
        yield _heading(who)
        for duty in several[:_MOST_DUTIES]:
            yield _quote(paper, "", duty.start, duty.end)
        if len(several) > _MOST_DUTIES:
            pages = tuple(dict.fromkeys(paper.page_at(one.start) for one in several[_MOST_DUTIES:]))
            more = label("more", language).format(n=len(several) - _MOST_DUTIES)
            yield Sentence(more, pages, is_quoted=True)


def _points(paper: Paper, found: Iterator[Found], language: Language) -> Iterator[Sentence]:
    taken: set[int] = set()
    for one in found:
        if one.start not in taken:
            taken.add(one.start)
            title = one.heading or one.matter.named(language)
            yield _quote(paper, title, one.start, one.end)


def _quote(paper: Paper, text: str, start: int, end: int) -> Sentence:
    """A stretch of the contract, cut after the sentence that fills it."""
    raw = paper.text[start:end]
    number = NUMBER.match(raw)
    start += number.end() if number else 0
    if end - start > LONGEST_QUOTE:
        stops = [stop for first, stop in paper.sentences if start < stop <= start + LONGEST_QUOTE]
        end = max(stops, default=start + LONGEST_QUOTE)
    words = re.sub(r"\s+", " ", paper.text[start:end]).strip()
    cut = "" if end - start < LONGEST_QUOTE else "…"
    return Sentence(
        text,
        (paper.page_at(start),),
        quote=words + cut,
        boxes=paper.boxes(start, end),
        is_quoted=True,
    )


def _heading(text: str) -> Sentence:
    return Sentence(text, is_heading=True)
