"""What could be changed about a request that does not fit, or does not take in all it brings."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from backend.errors import ContextLengthExceeded
from backend.prompt import sizing
from backend.prompt.material import Material, View
from backend.prompt.passages import Count
from backend.prompt.prompt import Detail
from backend.prompt.sight import Sight

LEAST_ANSWER = 64  # tokens below which proposing a shorter answer makes no sense
PAGE_FRAME = 8  # tokens of a page's marker among words, about
PICTURE_FRAME = 14  # tokens of a picture's marks and page number, at most


class Change(Enum):
    """What kind of change it is."""

    LOWER_DETAIL = "lower_detail"
    FEWER_PAGES = "fewer_pages"
    MAP_REDUCE = "map_reduce"
    SHORTER_ANSWER = "shorter_answer"


@dataclass(frozen=True)
class Proposal:
    """A way to make a request fit, or to have all of a document read."""

    change: Change
    sentence: str
    prompt_tokens: int  # of the prompt it would make; of the largest if it takes several
    detail: Detail | None = None
    pages: tuple[int, ...] = ()  # pages that fit; or how many a group has
    requests: int = 1
    max_tokens: int = 0


@dataclass(frozen=True)
class Shortage:
    """A request that does not fit: tokens of everything in it, at the least."""

    words: int  # the template's, typed ones, and the least of documents read as words
    views: tuple[View, ...]
    sight: Sight | None
    answer: int
    context: int

    @property
    def pictures(self) -> int:
        """Tokens of all pictures at the lowest detail that each allows."""
        if self.sight is None:
            return 0
        return sizing.least(self.views, self.sight) + PICTURE_FRAME * len(self.views)


class DoesNotFit(ContextLengthExceeded):
    """Even at its least the request is too long. Says by how much, and what would help."""

    def __init__(self, shortage: Shortage) -> None:
        self.shortage = shortage
        self.proposals = for_shortage(shortage)
        needed = shortage.words + shortage.pictures
        sentence = (
            f"The prompt has {needed:,} tokens and the answer may have {shortage.answer:,};"
            f" together they may have {shortage.context:,}."
        )
        if self.proposals:
            sentence += f" {self.proposals[0].sentence}"
        super().__init__(sentence, param="messages")


def for_shortage(shortage: Shortage) -> tuple[Proposal, ...]:
    """What would make it fit, the smallest change first."""
    found = [
        _lower_detail(shortage),
        _shorter_answer(shortage),
        *_fewer_at_a_time(shortage),
    ]
    return tuple(proposal for proposal in found if proposal is not None)


def for_excerpts(
    materials: Sequence[Material], partial: Sequence[str], budget: int, rest: int, count: Count
) -> tuple[Proposal, ...]:
    """How to have documents read whole of which only passages are in the prompt.

    `partial` are their hashes, `budget` the tokens that documents may have to be whole, `rest` the
    tokens of everything else in a prompt.
    """
    sizes = [
        count(page.text) + PAGE_FRAME
        for material in materials
        if material.sha256 in partial
        for page in material.document.pages
    ]
    number = _pages_together(sizes, budget)
    if number >= len(sizes):
        return ()
    groups = math.ceil(len(sizes) / number)
    longest = max(sum(sizes[start : start + number]) for start in range(0, len(sizes), number))
    extent = "all" if max(sizes) <= budget else "more of all"
    groups_of = f"groups of {number:,} pages one by one" if number > 1 else "them one by one"
    return (
        Proposal(
            Change.MAP_REDUCE,
            f"To have {extent} {len(sizes):,} pages read, ask about {groups_of}, then about the"
            f" {groups:,} answers.",
            prompt_tokens=rest + min(longest, budget),
            pages=(number,),
            requests=groups + 1,
        ),
    )


def _pages_together(sizes: Sequence[int], budget: int) -> int:
    """How many pages a group may have for every group of so many to stay within the budget."""
    ends = list(itertools.accumulate(sizes, initial=0))
    most = bisect_right(ends, budget) - 1  # of the first group
    for number in range(most, 1, -1):
        starts = range(0, len(sizes), number)
        if all(ends[min(start + number, len(sizes))] - ends[start] <= budget for start in starts):
            return number
    return 1


def _lower_detail(shortage: Shortage) -> Proposal | None:
    sight = shortage.sight
    if sight is None or all(view.detail is Detail.LOW for view in shortage.views):
        return None
    low = [
        View(view.sha256, view.page, view.width, view.height, Detail.LOW) for view in shortage.views
    ]
    prompt = shortage.words + sizing.least(low, sight) + PICTURE_FRAME * len(low)
    if prompt + shortage.answer > shortage.context:
        return None
    return Proposal(
        Change.LOWER_DETAIL,
        f"At low detail the pictures fit: the prompt would have {prompt:,} tokens.",
        prompt,
        detail=Detail.LOW,
    )


def _shorter_answer(shortage: Shortage) -> Proposal | None:
    prompt = shortage.words + shortage.pictures
    room = shortage.context - prompt
    if room < LEAST_ANSWER:
        return None
    return Proposal(
        Change.SHORTER_ANSWER,
        f"It fits if the answer may have {room:,} tokens at most.",
        prompt,
        max_tokens=room,
    )


def _fewer_at_a_time(shortage: Shortage) -> list[Proposal]:
    sight = shortage.sight
    if sight is None or not shortage.views:
        return []
    room = shortage.context - shortage.answer - shortage.words
    fitting: list[View] = []
    tokens = 0
    for view in shortage.views:
        size = sizing.least([view], sight) + PICTURE_FRAME
        if tokens + size > room:
            break
        fitting.append(view)
        tokens += size
    if not fitting:
        return []
    number, every = len(fitting), len(shortage.views)
    groups = math.ceil(every / number)
    one_file = len({view.sha256 for view in shortage.views}) == 1
    return [
        Proposal(
            Change.MAP_REDUCE,
            f"Ask about groups of {number:,} of the {every:,} pages one by one, then about the"
            f" {groups:,} answers.",
            shortage.words + tokens,
            pages=(number,),
            requests=groups + 1,
        ),
        Proposal(
            Change.FEWER_PAGES,
            f"Ask about {number:,} of the {every:,} pages only.",
            shortage.words + tokens,
            pages=tuple(view.page if one_file else place for place, view in enumerate(fitting, 1)),
        ),
    ]
