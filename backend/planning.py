"""Tells what a request would cost: reads text layers, recognises, encodes and computes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from backend.errors import ContextLengthExceeded
from backend.kept_answers import KeptAnswers, answer_key
from backend.media.media import Media
from backend.prompt import proposals, reading, router, sizing
from backend.prompt.assembly import Assembled, assemble
from backend.prompt.choosing import room_for_whole
from backend.prompt.events import PageUse
from backend.prompt.material import Material
from backend.prompt.plan import PartUse, Plan
from backend.prompt.prompt import MediaPart, Prompt, ReadingMethod, TextPart
from backend.prompt.proposals import DoesNotFit
from backend.prompt.reading import Reader
from backend.readiness import Ready
from backend.showing import Hold
from backend.work import EngineStats

PAGE_TOKENS = 500  # of a page that OCR has yet to read; a page of print has 300 to 800
_BOUND = 8  # contexts of typed words after which they are no longer counted
_PIECE = 8192  # characters counted in one go


class Planner:
    """Plans requests. Lives on the event loop; what is slow happens in `threads`."""

    def __init__(self, library: Reader, kept: KeptAnswers, threads: ThreadPoolExecutor) -> None:
        self._library = library
        self._kept = kept
        self._threads = threads

    async def plan(self, prompt: Prompt, media: Mapping[str, Media], ready: Ready) -> Plan:
        """What the request would cost. Raises what would be wrong with it, but not its length."""
        materials = await reading.survey(
            self._library, prompt, dict(media), sees_images=ready.sight is not None
        )
        loop = asyncio.get_running_loop()
        try:
            assembled = await loop.run_in_executor(
                self._threads,
                assemble,
                prompt,
                materials,
                ready.info,
                ready.tokenizer,
                ready.template,
                ready.sight,
            )
        except ContextLengthExceeded as error:
            return await loop.run_in_executor(
                self._threads, _too_long, prompt, materials, ready, error
            )
        plan = await loop.run_in_executor(
            self._threads, _planned, prompt, materials, ready, assembled
        )
        return self._with_caches(plan, prompt, media, materials, ready, assembled)

    def _with_caches(
        self,
        plan: Plan,
        prompt: Prompt,
        media: Mapping[str, Media],
        materials: Mapping[str, Material],
        ready: Ready,
        assembled: Assembled,
    ) -> Plan:
        """The plan with what is known already, and how long the rest would take."""
        engine, images = ready.engine, assembled.images
        cached = engine.known_tokens(
            prompt.owner, assembled.prompt_ids, images, adapted=assembled.adapted
        )
        with Hold(engine, images) as hold:
            known = hold.known
        cached_images = sum(
            span.picture.tokens
            for span in images
            if span.picture.key in known or span.end <= cached
        )
        unread = sum(len(material.unread) for material in materials.values())
        answer_cached = not unread and self._knows(prompt, media, ready, assembled)
        seconds = unread * self._library.recognition_seconds
        if not answer_cached:
            seconds += _compute_seconds(
                engine.stats(),
                plan.prompt_tokens - cached,
                plan.image_tokens - cached_images,
            )
        return replace(
            plan,
            cached_tokens=cached,
            cached_image_tokens=cached_images,
            first_token_seconds=seconds,
            answer_cached=answer_cached,
        )

    def _knows(
        self, prompt: Prompt, media: Mapping[str, Media], ready: Ready, assembled: Assembled
    ) -> bool:
        if assembled.notice is not None and prompt.response_format is None:
            return False
        key = answer_key(
            prompt,
            ready.info,
            media,
            assembled.prompt_ids,
            assembled.images,
            assembled.max_tokens,
        )
        return key is not None and self._kept.knows(key)


def _planned(
    prompt: Prompt, materials: Mapping[str, Material], ready: Ready, assembled: Assembled
) -> Plan:
    """The plan of a request that fits, caches aside."""
    count = ready.tokenizer.count
    used = sum(excerpt.tokens for excerpt in assembled.excerpts.values())
    room = min(ready.info.reading_budget - used, assembled.max_tokens // 2)
    pages = _with_unread(assembled.pages, materials, max(0, room))
    expected = sum(page.tokens for page in pages) - sum(page.tokens for page in assembled.pages)
    partial = [sha256 for sha256, excerpt in assembled.excerpts.items() if not excerpt.whole]
    tokens = len(assembled.prompt_ids) + expected
    rest = len(assembled.prompt_ids) - used
    answer = 0 if prompt.sampling.max_tokens is None else assembled.max_tokens
    budget = min(ready.info.reading_budget, ready.info.context_length - answer - rest)
    return Plan(
        route=assembled.route,
        route_reason=assembled.reason,
        fits=True,
        context_length=ready.info.context_length,
        prompt_tokens=tokens,
        pages=pages,
        parts=_parts(prompt, ready, pages),
        max_tokens=max(1, assembled.max_tokens - expected),
        image_tokens=sum(span.picture.tokens for span in assembled.images),
        proposals=proposals.for_excerpts(
            list(materials.values()), partial, room_for_whole(ready.info, budget), rest, count
        ),
    )


def _too_long(
    prompt: Prompt,
    materials: Mapping[str, Material],
    ready: Ready,
    error: ContextLengthExceeded,
) -> Plan:
    """The plan of a request that does not fit at its least."""
    pages = tuple(_least_pages(materials, ready))
    parts = _parts(prompt, ready, pages)
    taken = router.route(prompt, materials)
    tokens = sum(part.tokens for part in parts)
    found: tuple[proposals.Proposal, ...] = ()
    if isinstance(error, DoesNotFit):
        found = error.proposals
        tokens = error.shortage.words + error.shortage.pictures
    return Plan(
        route=taken,
        route_reason=router.reason(taken, pages, (), sees_images=ready.sight is not None),
        fits=False,
        context_length=ready.info.context_length,
        prompt_tokens=tokens,
        pages=pages,
        parts=parts,
        image_tokens=sum(page.tokens for page in pages if page.is_shown),
        proposals=found,
    )


def _least_pages(materials: Mapping[str, Material], ready: Ready) -> Iterator[PageUse]:
    """Every page at the fewest tokens that it can have."""
    sees = ready.sight is not None
    for sha256, material in materials.items():
        uses: dict[int, PageUse] = {}
        for page in material.document.pages:
            why = router.page_reason(material, page.method, sees_images=sees)
            tokens = ready.tokenizer.count(page.text)
            uses[page.number] = PageUse(
                sha256, page.number, page.method, len(page.words), tokens, reason=why
            )
        if ready.sight is not None:
            why = router.page_reason(material, ReadingMethod.VISION, sees_images=True)
            sizes = sizing.lowest(material.views, ready.sight).sizes
            for view, size in zip(material.views, sizes, strict=True):
                uses[view.page] = PageUse(
                    sha256,
                    view.page,
                    ReadingMethod.VISION,
                    words=0,
                    tokens=size.tokens,
                    width=size.width,
                    height=size.height,
                    reason=f"{why} It cannot be seen with fewer tokens.",
                )
        for number in material.unread:
            uses[number] = _unread(material, number, PAGE_TOKENS)
        yield from (uses[number] for number in sorted(uses))


def _with_unread(
    pages: tuple[PageUse, ...], materials: Mapping[str, Material], room: int
) -> tuple[PageUse, ...]:
    """The pages, and those that OCR has yet to read, with the tokens to be expected of them."""
    number = sum(len(material.unread) for material in materials.values())
    if not number:
        return pages
    tokens = min(PAGE_TOKENS, room // number)
    found: list[PageUse] = []
    for sha256, material in materials.items():
        known = [page for page in pages if page.sha256 == sha256]
        unread = [_unread(material, page, tokens) for page in material.unread]
        found += sorted([*known, *unread], key=lambda page: page.page)
    return tuple(found)


def _unread(material: Material, number: int, tokens: int) -> PageUse:
    why = router.page_reason(material, ReadingMethod.OCR, sees_images=False)
    return PageUse(
        material.sha256,
        number,
        ReadingMethod.OCR,
        words=0,
        tokens=tokens,
        reason=f"{why} It is not read yet; its tokens are an estimate.",
    )


def _parts(prompt: Prompt, ready: Ready, pages: tuple[PageUse, ...]) -> tuple[PartUse, ...]:
    """What every part has in the prompt; a file has its tokens where it is shown first."""
    by_file: dict[str, int] = {}
    for page in pages:
        by_file[page.sha256] = by_file.get(page.sha256, 0) + page.tokens
    found: list[PartUse] = []
    bound = _BOUND * ready.info.context_length
    for place, message in enumerate(prompt.messages):
        for number, part in enumerate(message.parts):
            match part:
                case TextPart(text=text):
                    tokens = _count(text, ready, bound)
                    bound -= tokens
                case MediaPart(sha256=sha256):
                    tokens = by_file.pop(sha256, 0)
            found.append(PartUse(place, number, tokens))
    return tuple(found)


def _count(text: str, ready: Ready, bound: int) -> int:
    """Tokens of typed words; of those far beyond any context, about as many as the bound."""
    if len(text) <= max(_PIECE, bound):  # no token is less than a character, but for rare ones
        return ready.tokenizer.count(text)
    tokens = 0
    for start in range(0, len(text), _PIECE):
        if tokens > bound:
            break
        tokens += ready.tokenizer.count(text[start : start + _PIECE])
    return tokens


def _compute_seconds(stats: EngineStats, tokens: int, image_tokens: int) -> float:
    """Until the first token, at the rates measured lately; 0 where there is none yet.

    Whoever waits before is taken to need as long as this one.
    """
    if not stats.prefill_tokens_per_second:
        return 0.0
    own = tokens / stats.prefill_tokens_per_second
    if image_tokens and stats.encode_tokens_per_second:
        own += image_tokens / stats.encode_tokens_per_second
    return own * (1 + stats.queued)
