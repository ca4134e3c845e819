"""What each turn of a conversation takes of its files: excerpts, passages, sizes of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.model.info import ModelInfo
from backend.prompt import extraction, layout, sizing, windows
from backend.prompt.layout import AGAIN, Chosen, Turn
from backend.prompt.material import View
from backend.prompt.passages import Count, asked_topics
from backend.prompt.prompt import Role
from backend.prompt.proposals import PICTURE_FRAME
from backend.prompt.sight import Sight
from backend.prompt.sizing import Sizing
from backend.prompt.windows import Document

SMALL_MODEL = 1_000_000_000  # parameters; what such a model needs said again, see layout
AGAIN_SHARE = 0.25  # of the reading budget
AGAIN_MOST = 320  # tokens, for a small model
LEAST_READING = 64  # tokens of a document below which asking about it makes no sense
NEWEST_SHARE = 0.75  # of the reading budget for the newest turn's files, if older turns have some
SPARE_SHARE = 0.25  # of the room, left to later turns by pictures that can be seen less closely

_FRAME = 40  # tokens that a template writes besides the turns; an estimate, like the next one
_TURN = 10  # tokens that it writes around a turn


def is_small(info: ModelInfo) -> bool:
    """Whether a model needs passages said again; one on a server of its own is taken not to."""
    return info.parameters < SMALL_MODEL and not info.is_remote


def room_for_whole(info: ModelInfo, budget: int) -> int:
    """Tokens, of `budget` for words, within which new documents are in the prompt whole.

    A small model is told passages again out of the same budget.
    """
    if not is_small(info):
        return budget
    return budget - min(AGAIN_MOST, int(budget * AGAIN_SHARE))


@dataclass
class Bounds:
    """What turns have to make do with once a conversation has outgrown the context."""

    words: dict[int, int] = field(default_factory=dict)  # tokens that each turn has at most
    dimmed: set[int] = field(default_factory=set)  # turns that are seen at the lowest detail


@dataclass
class Draft:
    """What was chosen, and what each turn was granted and took."""

    chosen: Chosen = field(default_factory=Chosen)
    sizings: dict[int, Sizing] = field(default_factory=dict)  # by turn
    granted: dict[int, int] = field(default_factory=dict)  # tokens of words, by turn
    taken: dict[int, int] = field(default_factory=dict)
    lacking: int = 0  # tokens by which pictures did not fit at all


class Chooser:
    """Chooses for one conversation. What a turn takes depends on nothing after it.

    Bounds are for a conversation that has outgrown the context alone.
    """

    def __init__(
        self, turns: Sequence[Turn], info: ModelInfo, count: Count, sight: Sight | None
    ) -> None:
        self._turns = turns
        self._info = info
        self._sight = sight
        self._encode = count
        self._counts: dict[str, int] = {}

    def draft(self, answer: int, bounds: Bounds) -> Draft:
        """Goes through the turns, each choosing from what those before it left."""
        draft = Draft()
        used = _FRAME
        for turn in self._turns:
            used += self._count(layout.bare(turn)) + _TURN
            used += self._choose(turn, self._info.context_length - answer - used, bounds, draft)
        return draft

    def _choose(self, turn: Turn, room: int, bounds: Bounds, draft: Draft) -> int:
        """Fills one turn within `room` tokens; answers how many it took."""
        views, place = views_of(turn), turn.place
        frames = PICTURE_FRAME * len(views)
        least = sizing.least(views, self._sight) + frames if self._sight is not None else 0
        budget = max(0, min(self._most_words(turn), room - least))
        budget = min(budget, bounds.words.get(place, budget))
        draft.granted[place] = budget
        taken = self._choose_words(turn, budget, draft.chosen)
        draft.taken[place] = taken
        if not views or self._sight is None:
            return taken
        left = room - taken - frames
        found = None
        if place not in bounds.dimmed:
            spare = int(room * SPARE_SHARE)
            found = sizing.sized(views, self._sight, left, spare=spare)
        if found is None:
            found = sizing.lowest(views, self._sight)
            draft.lacking += max(0, found.tokens - left)
        draft.sizings[place] = found
        for material in turn.fresh:
            draft.chosen.views[material.sha256] = material.views
        return taken + found.tokens + frames

    def _most_words(self, turn: Turn) -> int:
        """Tokens of words worth reading at this model's speed; more where many fields are asked."""
        budget = self._info.reading_budget
        return max(budget, extraction.READING) if turn.fields else budget

    def _choose_words(self, turn: Turn, budget: int, chosen: Chosen) -> int:
        """The passages that stand before the question, and excerpts of the turn's documents."""
        again = self._again(turn, budget, chosen)
        if again:
            chosen.again[turn.place] = again
        taken = self._count(again)
        fresh = [material.document for material in turn.fresh if material.document.has_words]
        if not fresh:
            return taken
        asked = layout.asked(self._turns, turn)
        found = windows.excerpts(fresh, asked, budget - taken, self._count, turn.fields)
        for document, excerpt in zip(fresh, found, strict=True):
            chosen.excerpts[document.sha256] = excerpt
            taken += excerpt.tokens
        return taken

    def _again(self, turn: Turn, budget: int, chosen: Chosen) -> str:
        """The passages that this turn's question is about, if they have to be said again."""
        if turn.message.role is not Role.USER or turn.is_batch or (turn.fields and turn.fresh):
            return ""
        if is_small(self._info):
            passages = self._highlights(turn, budget)
        else:
            passages = self._left_out(turn, budget, chosen)
        return AGAIN.format(passages=passages) if passages else ""

    def _highlights(self, turn: Turn, budget: int) -> str:
        """For a small model; none of a text so short that its end is in sight anyway."""
        room = min(AGAIN_MOST, int(budget * AGAIN_SHARE) if turn.fresh else budget)
        readable = [material.document for material in turn.so_far if material.document.has_words]
        if self._length(readable, 2 * room) <= 2 * room:
            return ""
        return windows.highlights(
            readable, self._meant(turn), room - self._count(AGAIN), self._count
        )

    def _left_out(self, turn: Turn, budget: int, chosen: Chosen) -> str:
        """For a larger model: what the excerpts of earlier turns lack and this question needs."""
        partial = [
            material.document
            for material in turn.earlier
            if material.sha256 in chosen.excerpts and not chosen.excerpts[material.sha256].whole
        ]
        if not partial:
            return ""
        said = [chosen.excerpts[document.sha256].text for document in partial]
        return windows.further(
            partial,
            self._meant(turn),
            int(budget * AGAIN_SHARE) - self._count(AGAIN),
            self._count,
            besides="\n".join([*said, *chosen.again.values()]),
        )

    def _meant(self, turn: Turn) -> str:
        """What passages said again are about: a later question alone, if it names its topic.

        "And when does it end?" does; "Why?" is about what was asked before.
        """
        if turn.fields:
            return " ".join([turn.typed, *(field.query for field in turn.fields)])
        if not turn.fresh and asked_topics(turn.typed):
            return turn.typed
        return layout.asked(self._turns, turn)

    def starved(self, draft: Draft, room: int) -> int:
        """Tokens that the newest turn's documents lack because older turns have them."""
        newest = self._turns[-1]
        most = min(self._info.reading_budget, int(room * NEWEST_SHARE))
        fair = min(most, self._length([material.document for material in newest.fresh], most))
        return fair - draft.granted[newest.place]

    def bounds(self, first: Draft, tokens: int, shortage: int) -> tuple[Bounds, bool]:
        """Takes `tokens` from older turns, the oldest first: from their words, then their pictures.

        Passages for their questions go altogether, uncounted: with as many tokens taken, an older
        file looks the same in the next turn. What is lacking then of the `shortage` the newest
        turn's words give. `first` is the draft without bounds. Answers as well whether even more
        could be given.
        """
        *older, newest = self._turns
        bounds = Bounds({turn.place: 0 for turn in older if not turn.fresh})
        given = 0
        for turn in older:
            if turn.fresh:
                given += self._take_words(bounds, first, turn, tokens - given)
        for turn in older:
            if given < tokens and turn.place in first.sizings and self._sight is not None:
                bounds.dimmed.add(turn.place)
                lowest = sizing.lowest(views_of(turn), self._sight)
                given += first.sizings[turn.place].tokens - lowest.tokens
        if given >= tokens:
            return bounds, True
        wanted = max(0, shortage - given)
        return bounds, self._take_words(bounds, first, newest, wanted) >= wanted > 0

    def _take_words(self, bounds: Bounds, first: Draft, turn: Turn, wanted: int) -> int:
        floor = LEAST_READING * sum(material.document.has_words for material in turn.fresh)
        held = min(first.taken[turn.place], first.granted[turn.place])
        given = max(0, min(wanted, held - floor))
        if given:
            bounds.words[turn.place] = held - given
        return given

    def _length(self, documents: Sequence[Document], most: int) -> int:
        """Tokens of documents; some number over `most` where they have more words than that."""
        words = sum(document.words for document in documents)
        if words > most:
            return words
        return sum(self._count(page.text) for document in documents for page in document.pages)

    def _count(self, text: str) -> int:
        """Tokens of a text; the same passages are asked about for every turn."""
        if text not in self._counts:
            self._counts[text] = self._encode(text)
        return self._counts[text]


def views_of(turn: Turn) -> list[View]:
    """The pictures of a turn, in the order in which it shows them."""
    return [view for material in turn.fresh for view in material.views]
