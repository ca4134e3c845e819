"""A prompt and its files made into the token ids that the model reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from backend.errors import ContextLengthExceeded, InvalidRequest
from backend.model.info import ModelInfo
from backend.prompt import layout, notices, router
from backend.prompt.choosing import LEAST_READING, Bounds, Chooser, Draft, views_of
from backend.prompt.events import PageUse
from backend.prompt.expansion import expand
from backend.prompt.layout import Chosen
from backend.prompt.material import Material, View
from backend.prompt.passages import Count
from backend.prompt.picture import ImageSpan, Picture
from backend.prompt.prompt import Detail, Priority, Prompt, ReadingMethod, Route, TextPart
from backend.prompt.proposals import DoesNotFit, Shortage
from backend.prompt.sight import Sight, Size
from backend.prompt.sizing import Sizing
from backend.prompt.template import ChatMessage, Renders
from backend.prompt.tokenizer import Counts
from backend.prompt.windows import Excerpt

ANSWER_SHARE = 0.25  # of the context, kept for an answer of open length
ANSWER_MOST = 1024

DECODING = "exif+white"  # how pictures are turned and laid on white; part of what identifies one

# A conversation that has outgrown the context loses tokens in steps of this share of it, so that
# the next turns begin with the same tokens again.
_STEP = 1 / 8
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
    adapted: bool = False  # computed with the model's adapter, which reads documents
    turns: tuple[ChatMessage, ...] = ()  # what the tokens were made of


def assemble(
    prompt: Prompt,
    materials: Mapping[str, Material],
    info: ModelInfo,
    tokenizer: Counts,
    template: Renders,
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


class _Assembly:
    """One prompt being laid out."""

    def __init__(
        self,
        prompt: Prompt,
        materials: Mapping[str, Material],
        info: ModelInfo,
        tokenizer: Counts,
        template: Renders,
        sight: Sight | None,
    ) -> None:
        self._prompt = prompt
        self._materials = materials
        self._info = info
        self._template = template
        self._sight = sight
        self._turns = layout.turns(prompt, materials, fills_fields=info.fills_fields)
        self._chooser = Chooser(self._turns, info, tokenizer.count, sight)

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
            adapted=self._info.fills_fields and bool(draft.chosen.excerpts),
            turns=tuple(layout.lay_out(self._turns, draft.chosen)),
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
            views=tuple(view for turn in self._turns for view in views_of(turn)),
            sight=self._sight,
            answer=answer,
            context=self._info.context_length,
        )
        if shortage.words + shortage.pictures + answer > shortage.context:
            raise DoesNotFit(shortage)

    def _fit(self, bare: int, answer: int) -> tuple[Draft, list[int]]:
        """What fits: as in every earlier turn, unless the conversation has outgrown the context."""
        context = self._info.context_length
        step = max(1, int(context * _STEP))
        first = draft = self._chooser.draft(answer, Bounds())
        level, shortage, can_give = 0, 0, True
        while True:
            ids = self._render(draft.chosen)
            excess = len(ids) + self._picture_tokens(draft) + answer - context
            lacking = max(excess, draft.lacking)
            starved = self._chooser.starved(draft, context - answer - bare)
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
            bounds, can_give = self._chooser.bounds(first, level * step, shortage)
            draft = self._chooser.draft(answer, bounds)

    # What comes of it.

    def _render(self, chosen: Chosen) -> list[int]:
        """Token ids, one for each picture."""
        messages = layout.lay_out(self._turns, chosen)
        return self._template.render(
            messages,
            thinking=self._prompt.thinking.enabled,
            tools=self._prompt.calling.tools,
        )

    @staticmethod
    def _picture_tokens(draft: Draft) -> int:
        """What expanding the pictures adds."""
        return sum(found.tokens - len(found.sizes) for found in draft.sizings.values())

    def _pictures(self, draft: Draft) -> tuple[list[Picture], dict[tuple[str, int], PageUse]]:
        """The pictures in the order of their marks, and what becomes of their pages."""
        pictures: list[Picture] = []
        uses: dict[tuple[str, int], PageUse] = {}
        for turn in self._turns:
            found = draft.sizings.get(turn.place)
            if found is None:
                continue
            for view, size in zip(views_of(turn), found.sizes, strict=True):
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
        self, draft: Draft, seen: Mapping[tuple[str, int], PageUse]
    ) -> Iterable[PageUse]:
        """Every page of every file, in order."""
        for sha256, material in self._materials.items():
            excerpt = draft.chosen.excerpts.get(sha256)
            uses = {view.page: seen[sha256, view.page] for view in material.views}
            for page in material.document.pages:
                uses[page.number] = PageUse(
                    sha256,
                    page.number,
                    page.method,
                    words=len(page.words),
                    tokens=0,
                    hidden=len(page.hidden),
                )
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


def _detail(detail: Detail, found: Sizing) -> str:
    """At what detail a picture is seen, and whether that was the choice or the context's."""
    if detail in found.lowered:
        return f"Seen at less than {detail.value} detail, so that all pictures fit."
    return f"Seen at {detail.value} detail."
