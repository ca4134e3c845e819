"""One accepted request on its way: its files read, its prompt laid out, its answer computed."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from backend.errors import InvalidRequest
from backend.generations import Generation, Generations, full
from backend.kept_answers import KeptAnswer, KeptAnswers, answer_key, pieces
from backend.media.media import Media
from backend.metrics import Metrics
from backend.prompt import reading
from backend.prompt.assembly import Assembled, assemble
from backend.prompt.boxes import targets
from backend.prompt.events import Finished, PageRead, Queued, Started, Timing, Usage
from backend.prompt.guide import Guide
from backend.prompt.prompt import FinishReason, Prompt
from backend.prompt.reading import Reader
from backend.quarantine import Suspect
from backend.readiness import Ready
from backend.relay import Relay, too_late
from backend.showing import Hold, draw
from backend.work import Asked, Work

FORM_SECONDS = 10.0  # for a form to be compiled, the wait for a thread included
SPARE_SECONDS = 2.0  # for one that has no place, to find out that its answer is known

GuideFactory = Callable[[Prompt, int], Callable[[], Guide] | None]


class Journey:
    """One request on its way."""

    def __init__(
        self,
        prompt: Prompt,
        media: dict[str, Media],
        ready: Ready,
        library: Reader,
        threads: ThreadPoolExecutor,
        metrics: Metrics,
        suspect: Suspect,
        kept: KeptAnswers,
        generations: Generations,
        generation: Generation,
    ) -> None:
        self._prompt = prompt
        self._media = media
        self._ready = ready
        self._library = library
        self._threads = threads
        self._metrics = metrics
        self._suspect = suspect
        self._kept = kept
        self._forgettings = kept.forgettings(prompt.owner)
        self._generations = generations
        self._generation = generation
        self._accepted = time.monotonic()
        self._page_ready = self._accepted  # moment of the latest page
        self._reading_seconds = 0.0
        self._has_submitted = False

    async def run(self) -> Finished:
        """Writes everything but the end to the log. Raises RequestError if there is no answer."""
        task = asyncio.current_task()
        assert task is not None, "a journey is a task"
        # Set here and not by who made the task: a task that is cancelled before it began never
        # runs at all, and the log would never end.
        self._generation.stop_with(task.cancel)
        try:
            assembled = await self._prepare_if_there_is_room()
            guide = await self._guide(assembled)
            if self._generation.stop_requested:
                return self._stopped_early()
            if self._prompt.response_format is not None:  # a fixed text would not have that form
                assembled = replace(assembled, notice=None)
            return await self._compute(assembled, guide)
        except asyncio.CancelledError:
            if self._has_submitted or not self._generation.stop_requested:
                raise
            return self._stopped_early()

    async def _prepare_if_there_is_room(self) -> Assembled:
        """Without a place among those that compute it may only be quick: an answer that is known
        needs no place, and whatever takes longer has to make way."""
        if self._generation.has_place:
            return await self._prepare()
        try:
            async with asyncio.timeout(SPARE_SECONDS):
                return await self._prepare()
        except TimeoutError:
            raise full() from None

    async def _prepare(self) -> Assembled:
        """Reads what is read as words, and lays the prompt out; no picture is opened yet."""
        ready = self._ready
        try:
            async with asyncio.timeout_at(self._prompt.deadline):
                materials = await reading.read(
                    self._library,
                    self._prompt,
                    self._media,
                    self._page_read,
                    sees_images=ready.sight is not None,
                )
                self._reading_seconds = self._since_acceptance() if materials else 0.0
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads,
                    assemble,
                    self._prompt,
                    materials,
                    ready.info,
                    ready.tokenizer,
                    ready.template,
                    ready.sight,
                )
        except TimeoutError:
            raise too_late() from None

    async def _draw(self, assembled: Assembled, known: frozenset[bytes]) -> None:
        """Opens the pictures that the engine does not know yet."""
        sight = self._ready.sight
        if not assembled.images or sight is None:
            return
        try:
            async with asyncio.timeout_at(self._prompt.deadline):
                await draw(
                    self._library,
                    self._prompt.owner,
                    self._media,
                    assembled.images,
                    known,
                    sight.side,
                    self._page_read,
                    any_size=self._ready.engine.resizes_pictures,
                )
        except TimeoutError:
            raise too_late() from None
        self._reading_seconds = self._since_acceptance()

    async def _guide(self, assembled: Assembled) -> Callable[[], Guide] | None:
        """What the answers are held to, compiled in a thread."""
        if self._ready.guides is None:
            if self._prompt.is_held:
                raise InvalidRequest("This model takes no form.", param=self._form_field)
            return None
        make = self._ready.guides.factory
        if not self._prompt.is_held:  # nothing slow about that
            return make(self._prompt, assembled.max_tokens)
        try:
            async with asyncio.timeout_at(self._prompt.deadline), asyncio.timeout(FORM_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._made, make, assembled.max_tokens
                )
        except TimeoutError:
            if self._prompt.deadline is not None and time.monotonic() >= self._prompt.deadline:
                raise too_late() from None
            raise InvalidRequest(
                "The form is too complex to be enforced.", param=self._form_field
            ) from None

    def _made(self, make: GuideFactory, max_tokens: int) -> Callable[[], Guide] | None:
        """In a thread: a form can be as deadly as a prompt."""
        with self._suspect.at_work():
            return make(self._prompt, max_tokens)

    async def _compute(self, assembled: Assembled, guide: Callable[[], Guide] | None) -> Finished:
        prompt, engine = self._prompt, self._ready.engine
        given = prompt.sampling.seed
        seed = secrets.randbelow(2**31) if given is None else given
        planned = Started(
            request_id=prompt.request_id,
            model=self._ready.info.id,
            route=assembled.route,
            route_reason=assembled.reason,
            prompt_tokens=len(assembled.prompt_ids),
            cached_tokens=0,
            pages=assembled.pages,
            queue_seconds=0.0,
            reading_seconds=self._reading_seconds,
            answer_cached=False,
            seed=seed,
        )
        key = self._key(assembled)
        known = self._kept.find(key) if key is not None else None
        if known is not None:
            return self._tell_again(known, planned)
        self._generations.settle(self._generation)
        work = Work(
            request_id=prompt.request_id,
            owner=prompt.owner,
            prompt_ids=assembled.prompt_ids,
            sampling=replace(prompt.sampling, seed=seed, max_tokens=assembled.max_tokens),
            priority=assembled.priority,
            deadline=prompt.deadline,
            notice=assembled.notice,
            images=assembled.images,
            guide=guide,
            thinking=prompt.thinking.enabled and self._ready.info.thinks,
            adapted=assembled.adapted,
            calling=prompt.calling,
            asked=Asked(
                assembled.turns,
                prompt.sampling.max_tokens,
                prompt.response_format,
                prompt.thinking,
            ),
        )
        with Hold(engine, assembled.images) as hold:
            await self._draw(assembled, hold.known)
            if self._generation.stop_requested:
                return self._stopped_early()
            relay = Relay(
                asyncio.get_running_loop(),
                self._generation,
                replace(planned, reading_seconds=self._reading_seconds),
                self._metrics,
                self._suspect,
                self._accepted,
                targets(assembled.images, self._media, prompt),
            )
            ahead = engine.submit(work, relay)
            hold.hand_over()
        self._has_submitted = True
        self._generation.stop_with(lambda: engine.cancel(prompt.owner, prompt.request_id))
        if ahead:
            self._generation.append(Queued(ahead))
        try:
            finished = await relay.end
        except asyncio.CancelledError:  # the loop is being torn down
            engine.cancel(prompt.owner, prompt.request_id)
            raise
        if key is not None:
            self._keep(key, finished)
        return finished

    @property
    def _form_field(self) -> str:
        return "tools" if self._prompt.calling.is_required else "response_format"

    def _key(self, assembled: Assembled) -> bytes | None:
        """What identifies the answer; None where none is to be looked for or kept."""
        if assembled.notice is not None:  # said faster than looked for
            return None
        return answer_key(
            self._prompt,
            self._ready.info,
            self._media,
            assembled.prompt_ids,
            assembled.images,
            assembled.max_tokens,
        )

    def _tell_again(self, known: KeptAnswer, planned: Started) -> Finished:
        """Writes a known answer to the log, as if it had been computed this instant."""
        started = replace(planned, cached_tokens=planned.prompt_tokens, answer_cached=True)
        self._generation.append(started)
        self._metrics.started(started)
        for delta in known.deltas:
            self._generation.append(delta)
        now = self._since_acceptance()
        return replace(
            known.finished,
            usage=replace(known.finished.usage, cached_tokens=started.prompt_tokens),
            timing=Timing(queue=0.0, reading=self._reading_seconds, first_token=now, total=now),
        )

    def _keep(self, key: bytes, finished: Finished) -> None:
        timing = finished.timing
        answer = KeptAnswer(
            owner=self._prompt.owner,
            files=frozenset(self._media),
            deltas=pieces(self._generation.events),
            finished=finished,
            seconds=timing.total - timing.queue - timing.reading,
        )
        self._kept.keep(key, answer, since=self._forgettings)

    def _page_read(self, page: PageRead) -> None:
        now = time.monotonic()
        self._generation.append(page)
        self._metrics.page_read(page, now - self._page_ready)
        self._page_ready = now

    def _stopped_early(self) -> Finished:
        timing = Timing(0.0, self._reading_seconds, 0.0, self._since_acceptance())
        reasons = (FinishReason.CANCELLED,) * self._prompt.sampling.n
        return Finished(reasons, Usage(0, 0), timing)

    def _since_acceptance(self) -> float:
        return time.monotonic() - self._accepted
