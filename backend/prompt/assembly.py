"""A prompt and its files made into the token ids that the model reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from backend.errors import ContextLengthExceeded, InvalidRequest
from backend.model.info import ModelInfo
from backend.prompt import layout, notices, router, sizing, windows
from backend.prompt.events import PageUse
from backend.prompt.expansion import expand
from backend.prompt.layout import AGAIN, Chosen, Turn
from backend.prompt.material import Material, View
from backend.prompt.passages import Count, asked_topics
from backend.prompt.picture import ImageSpan, Picture
from backend.prompt.prompt import Detail, Priority, Prompt, ReadingMethod, Role, Route, TextPart
from backend.prompt.proposals import PICTURE_FRAME, DoesNotFit, Shortage
from backend.prompt.sight import Sight, Size
from backend.prompt.sizing import Sizing
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from backend.prompt.windows import Document, Excerpt

SMALL_MODEL = 1_000_000_000  # parameters; what such a model needs said again, see layout
AGAIN_SHARE = 0.25  # of the reading budget
AGAIN_MOST = 320  # tokens, for a small model

ANSWER_SHARE = 0.25  # of the context, kept for an answer of open length
ANSWER_MOST = 1024
LEAST_READING = 64  # tokens of a document below which asking about it makes no sense
NEWEST_SHARE = 0.75  # of the reading budget for the newest turn's files, if older turns have some
SPARE_SHARE = 0.25  # of the room, left to later turns by pictures that can be seen less closely

DECODING = "exif+white"  # how pictures are turned and laid on white; part of what identifies one

# A conversation that has outgrown the context loses tokens in steps of this share of it, so that
# the next turns begin with the same tokens again.
_STEP = 1 / 8
_FRAME = 40  # tokens that a template writes besides the turns; an estimate, like the next one
_TURN = 10  # tokens that it writes around a turn
_PIECE = 8192  # characters tokenised in one go while only a bound is wanted


@dataclass(frozen=True)
class Assembled:
    """What goes into the model."""

    prompt_ids: tuple[int, ...]
    images: tuple[ImageSpan, ...]
    max_tokens: int  # of each answer
    pages: tuple[PageUse, ...]
    excerpts: Mapping[str, Excerpt]  # by file
    notice: str | None  # answer with this text instead
    route: Route
    reason: str
    priority: Priority


def assemble(
    prompt: Prompt,
    materials: Mapping[str, Material],
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: Template,
    sight: Sight | None = None,
) -> Assembled:
    """Lays the prompt out within the model's context. Slow for long texts; runs in a thread.

    Raises ContextLengthExceeded when typed words, pictures at their least and the answer are too
    long; the words of files give way first, the oldest turn's before the newest's.
    """
    check_length(prompt, info.context_length, tokenizer.count)
    if any(token >= tokenizer.vocabulary_size for token in prompt.sampling.logit_bias):
        raise InvalidRequest(
            "sampling.logit_bias names a token that the model does not have.",
            param="sampling.logit_bias",
        )
    return _Assembly(prompt, materials, info, tokenizer, template, sight).result()


def check_length(prompt: Prompt, context: int, count: Count) -> None:
    """Refuses typed words that cannot fit, without tokenising more of them than is needed."""
    tokens = 0
    pieces = 0
    for message in prompt.messages:
        for part in message.parts:
            if not isinstance(part, TextPart):
                continue
            for start in range(0, len(part.text), _PIECE):
                tokens += count(part.text[start : start + _PIECE])
                pieces += 1
                # A cut can break a token in two, so each piece may be counted a little too high.
                if tokens - 2 * pieces > context:
                    raise ContextLengthExceeded(
                        f"The text alone has more than {context:,} tokens, which is what prompt and"
                        " answer may have together.",
                        param="messages",
                    )


@dataclass
class _Bounds:
    """What turns have to make do with once a conversation has outgrown the context."""

    words: dict[int, int]  # tokens of documents and passages, by turn
    dimmed: set[int]  # turns whose pictures are seen at the lowest detail


@dataclass
class _Draft:
    """What was chosen, and what each turn was granted and took."""

    chosen: Chosen
    sizings: dict[int, Sizing]  # by turn
    granted: dict[int, int]  # tokens of words, by turn
    taken: dict[int, int]
    lacking: int = 0  # tokens by which pictures did not fit at all


class _Assembly:
    """One prompt being laid out."""

    def __init__(
        self,
        prompt: Prompt,
        materials: Mapping[str, Material],
        info: ModelInfo,
        tokenizer: Tokenizer,
        template: Template,
        sight: Sight | None,
    ) -> None:
        self._prompt = prompt
        self._materials = materials
        self._info = info
        self._template = template
        self._sight = sight
        self._turns = layout.turns(prompt, materials)
        self._encode = tokenizer.count
        self._counts: dict[str, int] = {}

    def result(self) -> Assembled:
        """Chooses, and renders what was chosen."""
        prompt, context = self._prompt, self._info.context_length
        bare = len(self._render(Chosen()))
        answer = self._answer(context - bare)
        self._check_least(bare, answer)
        draft, ids = self._fit(bare, answer)
        pictures, uses = self._pictures(draft)
        images: tuple[ImageSpan, ...] = ()
        if pictures:
            assert self._sight is not None, "only a model that sees is shown pictures"
            ids, images = expand(ids, self._sight.image_id, pictures)
        wanted = prompt.sampling.max_tokens
        taken = router.route(prompt, self._materials)
        pages = tuple(self._page_uses(draft, uses))
        return Assembled(
            prompt_ids=tuple(ids),
            images=images,
            max_tokens=context - len(ids) if wanted is None else min(wanted, context - len(ids)),
            pages=pages,
            excerpts=draft.chosen.excerpts,
            notice=self._notice(),
            route=taken,
            reason=router.reason(
                taken,
                pages,
                draft.chosen.excerpts.values(),
                sees_images=self._sight is not None,
            ),
            priority=router.priority(prompt, taken),
        )

    # How much of everything.

    def _answer(self, room: int) -> int:
        """Tokens kept for the answer."""
        wanted = self._prompt.sampling.max_tokens
        if wanted is None:
            wanted = min(ANSWER_MOST, int(self._info.context_length * ANSWER_SHARE))
        elif wanted != self._info.defaults.max_tokens:
            return wanted
        return max(1, min(wanted, room))  # nobody insists on that many

    def _check_least(self, bare: int, answer: int) -> None:
        readable = sum(material.document.has_words for material in self._materials.values())
        shortage = Shortage(
            words=bare + LEAST_READING * readable,
            views=tuple(view for turn in self._turns for view in _views(turn)),
            sight=self._sight,
            answer=answer,
            context=self._info.context_length,
        )
        if shortage.words + shortage.pictures + answer > shortage.context:
            raise DoesNotFit(shortage)

    def _fit(self, bare: int, answer: int) -> tuple[_Draft, list[int]]:
        """What fits: as in every earlier turn, unless the conversation has outgrown the context."""
        context = self._info.context_length
        step = max(1, int(context * _STEP))
        first = draft = self._draft(answer, _Bounds({}, set()))
        level, shortage, can_give = 0, 0, True
        while True:
            ids = self._render(draft.chosen)
            excess = len(ids) + self._picture_tokens(draft) + answer - context
            lacking = max(excess, draft.lacking)
            starved = self._starved(draft, context - answer - bare)
            if excess <= 0 and (not can_give or max(lacking, starved) <= 0):
                return draft, ids
            if not can_give:
                raise ContextLengthExceeded(
                    f"The conversation and its files have outgrown the {context:,} tokens that"
                    " prompt and answer may have together.",
                    param="messages",
                )
            shortage += max(0, lacking)
            level = max(level + 1, -(-max(lacking, starved) // step) if draft is first else 0)
            bounds, can_give = self._bounds(first, level * step, shortage)
            draft = self._draft(answer, bounds)

    def _draft(self, answer: int, bounds: _Bounds) -> _Draft:
        """Goes through the turns, each choosing from what those before it left."""
        draft = _Draft(Chosen(), {}, {}, {})
        used = _FRAME
        for turn in self._turns:
            used += self._count(layout.bare(turn)) + _TURN
            used += self._choose(turn, self._info.context_length - answer - used, bounds, draft)
        return draft

    def _choose(self, turn: Turn, room: int, bounds: _Bounds, draft: _Draft) -> int:
        """Fills one turn within `room` tokens; answers how many it took."""
        views, place = _views(turn), turn.place
        frames = PICTURE_FRAME * len(views)
        least = sizing.least(views, self._sight) + frames if self._sight is not None else 0
        budget = max(0, min(self._info.reading_budget, room - least))
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

    def _choose_words(self, turn: Turn, budget: int, chosen: Chosen) -> int:
        """The passages that stand before the question, and excerpts of the turn's documents."""
        again = self._again(turn, budget, chosen)
        if again:
            chosen.again[turn.place] = again
        taken = self._count(again)
        fresh = [material.document for material in turn.fresh if material.document.has_words]
        asked = layout.asked(self._turns, turn)
        found = windows.excerpts(fresh, asked, budget - taken, self._count)
        for document, excerpt in zip(fresh, found, strict=True):
            chosen.excerpts[document.sha256] = excerpt
            taken += excerpt.tokens
        return taken

    def _again(self, turn: Turn, budget: int, chosen: Chosen) -> str:
        """The passages that this turn's question is about, if they have to be said again."""
        if turn.message.role is not Role.USER or turn.is_batch:
            return ""
        if self._info.parameters < SMALL_MODEL:
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
        if not turn.fresh and asked_topics(turn.typed):
            return turn.typed
        return layout.asked(self._turns, turn)

    def _starved(self, draft: _Draft, room: int) -> int:
        """Tokens that the newest turn's documents lack because older turns have them."""
        newest = self._turns[-1]
        most = min(self._info.reading_budget, int(room * NEWEST_SHARE))
        fair = min(most, self._length([material.document for material in newest.fresh], most))
        return fair - draft.granted[newest.place]

    def _bounds(self, first: _Draft, tokens: int, shortage: int) -> tuple[_Bounds, bool]:
        """Takes `tokens` from older turns, the oldest first: from their words, then their pictures.

        Passages for their questions go altogether, uncounted: with as many tokens taken, an older
        file looks the same in the next turn. What is lacking then of the `shortage` the newest
        turn's words give. `first` is the draft without bounds. Answers as well whether even more
        could be given.
        """
        *older, newest = self._turns
        bounds = _Bounds({turn.place: 0 for turn in older if not turn.fresh}, set())
        given = 0
        for turn in older:
            if turn.fresh:
                given += self._take_words(bounds, first, turn, tokens - given)
        for turn in older:
            if given < tokens and turn.place in first.sizings and self._sight is not None:
                bounds.dimmed.add(turn.place)
                lowest = sizing.lowest(_views(turn), self._sight)
                given += first.sizings[turn.place].tokens - lowest.tokens
        if given >= tokens:
            return bounds, True
        wanted = max(0, shortage - given)
        return bounds, self._take_words(bounds, first, newest, wanted) >= wanted > 0

    def _take_words(self, bounds: _Bounds, first: _Draft, turn: Turn, wanted: int) -> int:
        floor = LEAST_READING * sum(material.document.has_words for material in turn.fresh)
        held = min(first.taken[turn.place], first.granted[turn.place])
        given = max(0, min(wanted, held - floor))
        if given:
            bounds.words[turn.place] = held - given
        return given

    # What comes of it.

    def _render(self, chosen: Chosen) -> list[int]:
        """Token ids, one for each picture."""
        messages = layout.lay_out(self._turns, chosen)
        return self._template.render(messages, thinking=self._prompt.thinking.enabled)

    @staticmethod
    def _picture_tokens(draft: _Draft) -> int:
        """What expanding the pictures adds."""
        return sum(found.tokens - len(found.sizes) for found in draft.sizings.values())

    def _pictures(self, draft: _Draft) -> tuple[list[Picture], dict[tuple[str, int], PageUse]]:
        """The pictures in the order of their marks, and what becomes of their pages."""
        pictures: list[Picture] = []
        uses: dict[tuple[str, int], PageUse] = {}
        for turn in self._turns:
            found = draft.sizings.get(turn.place)
            if found is None:
                continue
            for view, size in zip(_views(turn), found.sizes, strict=True):
                pictures.append(self._picture(view, size))
                uses[view.sha256, view.page] = self._seen(view, size, found)
        return pictures, uses

    def _picture(self, view: View, size: Size) -> Picture:
        assert self._sight is not None, "only a model that sees is shown pictures"
        owner = self._prompt.owner
        return Picture(
            key=self._sight.key(owner, view.sha256, view.page, DECODING, size),
            owner=owner,
            sha256=view.sha256,
            page=view.page,
            rows=size.rows,
            columns=size.columns,
        )

    def _seen(self, view: View, size: Size, found: Sizing) -> PageUse:
        material = self._materials[view.sha256]
        why = router.page_reason(material, ReadingMethod.VISION, sees_images=True)
        return PageUse(
            sha256=view.sha256,
            page=view.page,
            method=ReadingMethod.VISION,
            words=0,
            tokens=size.tokens,
            width=size.width,
            height=size.height,
            reason=f"{why} {_detail(view.detail, found)}",
        )

    def _page_uses(
        self, draft: _Draft, seen: Mapping[tuple[str, int], PageUse]
    ) -> Iterable[PageUse]:
        """Every page of every file, in order."""
        for sha256, material in self._materials.items():
            excerpt = draft.chosen.excerpts.get(sha256)
            uses = {view.page: seen[sha256, view.page] for view in material.views}
            for page in material.document.pages:
                uses[page.number] = PageUse(sha256, page.number, page.method, len(page.words), 0)
            for use in excerpt.pages if excerpt is not None else ():
                uses[use.page] = use
            for number in sorted(uses):
                use = uses[number]
                yield (
                    use
                    if use.reason
                    else replace(
                        use,
                        reason=router.page_reason(
                            material, use.method, sees_images=self._sight is not None
                        ),
                    )
                )

    def _notice(self) -> str | None:
        if self._sight is not None:
            return None
        return notices.notice(
            self._prompt.messages,
            {sha256: material.document for sha256, material in self._materials.items()},
            {sha256: material.media for sha256, material in self._materials.items()},
        )

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


def _views(turn: Turn) -> list[View]:
    """The pictures of a turn, in the order in which it shows them."""
    return [view for material in turn.fresh for view in material.views]


def _detail(detail: Detail, found: Sizing) -> str:
    """At what detail a picture is seen, and whether that was the choice or the context's."""
    if detail in found.lowered:
        return f"Seen at less than {detail.value} detail, so that all pictures fit."
    return f"Seen at {detail.value} detail."
