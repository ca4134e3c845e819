"""Every date and every period of a contract with its sentence, read from the words alone."""

from __future__ import annotations

from dataclasses import dataclass

from frontend.workflows.mentions import Mention
from frontend.workflows.paper import Box, Paper


@dataclass(frozen=True)
class Moment:
    """A date or a period, where it stands, and the sentence that says what it is for."""

    normal: str  # `2019-03-14`, `30 days`; readings parted by / where it is ambiguous
    is_date: bool
    page: int
    boxes: tuple[Box, ...]
    quote: str


def timeline(paper: Paper) -> tuple[Moment, ...]:
    """Dates in order of time, then periods in order of the text; the same sentence tells once."""
    dates = sorted(
        (_moment(paper, mention, is_date=True) for mention in paper.dates),
        key=lambda moment: moment.normal,
    )
    periods = [_moment(paper, mention, is_date=False) for mention in paper.durations]
    told: set[tuple[str, str]] = set()
    kept = []
    for moment in [*dates, *periods]:
        if (moment.normal, moment.quote) not in told:
            told.add((moment.normal, moment.quote))
            kept.append(moment)
    return tuple(kept)


def _moment(paper: Paper, mention: Mention, *, is_date: bool) -> Moment:
    return Moment(
        normal="/".join(mention.readings),
        is_date=is_date,
        page=paper.page_at(mention.start),
        boxes=paper.boxes(mention.start, mention.end),
        quote=paper.sentence(mention.start, mention.end),
    )
