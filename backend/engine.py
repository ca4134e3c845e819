"""The engine: one thread that owns the device and answers whatever is in its queue.

Free of torch; the loaded model brings the runner and its sight.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backend.dispatch import RETRY_AFTER, Dispatch, Request
from backend.errors import (
    AlreadyExists,
    ContextLengthExceeded,
    EngineLost,
    InvalidRequest,
    QueueFull,
    RequestError,
    Unavailable,
)
from backend.model.flight import Flight, Landed
from backend.model.outcome import NO_MEMORY, NOT_SEEN, DeviceLost, Failed, Outcome, Sampled
from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import FinishReason
from backend.rates import Flow, Rate
from backend.scheduling.blocks import BlockPool
from backend.scheduling.scheduler import Batch, Scheduler
from backend.scheduling.sequence import Sequence as Sequence_
from backend.work import EngineStats, Listener, Work

if TYPE_CHECKING:
    from backend.model.loader import LoadedModel

log = logging.getLogger(__name__)

BROKEN = "The engine has ended by an error; the backend is started again."


class Engine:
    """Takes work from any thread and computes it on its own."""

    def __init__(
        self,
        model: LoadedModel,
        *,
        max_running: int,
        max_queue: int,
        on_lost: Callable[[str], None] = lambda reason: None,
    ) -> None:
        """`on_lost` hears, on the engine's thread, that nothing can be computed any more in this
        process, and why; by then every request has ended."""
        self._model = model
        self._on_lost = on_lost
        self._limit = max_running + max_queue
        self._scheduler = Scheduler(
            BlockPool(model.blocks, model.block_size),
            max_running=max_running,
            eos_ids=model.eos_ids,
            chunk_tokens=model.chunk_tokens,
            step_tokens=model.step_tokens,
            beside_tokens=model.beside_tokens,
            reuse_tokens=model.reuse_tokens,
            encode_tokens=model.encode_tokens,
        )
        self._dispatch = Dispatch(model.tokenizer, self._scheduler.finish, self._let_go)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        # Shared between threads, guarded by the condition:
        self._changed = threading.Condition()
        self._live: dict[tuple[str, str], Request] = {}
        self._submitted: deque[Request] = deque()
        self._cancelled: deque[Request] = deque()
        self._forgotten: deque[str] = deque()  # owners
        self._stop_at: float | None = None  # on time.monotonic()'s clock
        self.is_prepared = threading.Event()  # nothing is left to be made ready in idle moments
        self._flight: Flight | None = None  # a step that was begun ahead; the engine's thread's own
        # Written by the engine's thread, read by any:
        self._busy_since: float | None = None
        self._flow = Flow()
        self._prefill = Rate()
        self._prompt_tokens = 0

    def start(self) -> None:
        """Starts the engine's thread."""
        self._thread.start()

    def submit(self, work: Work, listener: Listener) -> int:
        """Accepts work, or raises a RequestError; answers how many requests wait before it.

        The pictures of accepted work are released when it ends.
        """
        self._check(work)
        request = Request(work, listener, time.monotonic())
        with self._changed:
            if self._stop_at is not None or not self._thread.is_alive():
                raise Unavailable("The backend is shutting down.", retry_after=5)
            if request.key in self._live:
                raise AlreadyExists("This request id is in use.", param="request_id")
            if len(self._live) >= self._limit:
                raise QueueFull("Too many requests are waiting; try again soon.", retry_after=5)
            ahead = sum(not other.has_started for other in self._live.values())
            self._live[request.key] = request
            self._submitted.append(request)
            self._changed.notify()
        return ahead

    def cancel(self, owner: str, request_id: str) -> bool:
        """Ends a request within one step; whether it was live. `finished` still comes."""
        with self._changed:
            request = self._live.get((owner, request_id))
            if request is None:
                return False
            self._cancelled.append(request)
            self._changed.notify()
            return True

    @property
    def resizes_pictures(self) -> bool:
        """Whether pixels may be of another size than their picture is looked at in."""
        vision = self._model.vision
        return vision is not None and vision.resizes

    def hold_pictures(self, keys: Iterable[bytes]) -> frozenset[bytes]:
        """Keeps the embeddings of these pictures from now on; answers which are known already.

        Whoever holds and never submits has to release.
        """
        vision = self._model.vision
        if vision is None:
            return frozenset()
        return frozenset(key for key in keys if vision.cache.hold(key))

    def release_pictures(self, keys: Iterable[bytes]) -> None:
        """Ends a hold, once for each time it was taken."""
        vision = self._model.vision
        if vision is not None:
            for key in keys:
                vision.cache.release(key)

    def known_tokens(
        self,
        owner: str,
        prompt_ids: Sequence[int],
        images: Sequence[ImageSpan],
        *,
        adapted: bool = False,
    ) -> int:
        """Leading tokens of a prompt that would not be computed again. Changes nothing."""
        return self._scheduler.known_tokens(owner, prompt_ids, images, adapted=adapted)

    def forget(self, owner: str, sha256: str) -> int:
        """Drops what was computed from a file; answers how many of its pictures were kept.

        Words of a file may stand in any prompt of its owner, so all of their prefixes go.
        """
        with self._changed:
            self._forgotten.append(owner)
            self._changed.notify()
        vision = self._model.vision
        return 0 if vision is None else vision.cache.forget(owner, sha256)

    @property
    def busy_since(self) -> float | None:
        """When its thread began what it is at, on time.monotonic()'s clock; None: it waits."""
        return self._busy_since

    def stats(self) -> EngineStats:
        """The engine's figures now."""
        with self._changed:
            live = list(self._live.values())
        scheduler, vision = self._scheduler, self._model.vision
        cache = None if vision is None else vision.cache
        device_bytes, device_bytes_limit = self._model.device_bytes()
        return EngineStats(
            queued=sum(not request.has_started for request in live),
            running=sum(request.has_started for request in live),
            blocks_used=scheduler.pool.used,
            blocks_total=scheduler.pool.total,
            blocks_cached=scheduler.pool.cached,
            tokens_per_second=self._flow.per_second,
            prompt_tokens_total=self._prompt_tokens,
            completion_tokens_total=self._dispatch.completion_tokens,
            preemptions_total=scheduler.preemptions,
            prefix_hits_total=scheduler.prefix_hits,
            prefix_misses_total=scheduler.prefix_misses,
            prefix_evictions_total=scheduler.pool.evictions,
            embedding_hits_total=0 if cache is None else cache.hits,
            embedding_misses_total=0 if cache is None else cache.misses,
            embedding_evictions_total=0 if cache is None else cache.evictions,
            embedding_bytes=0 if cache is None else cache.bytes,
            prefill_tokens_per_second=self._prefill.per_second,
            encode_tokens_per_second=0.0 if vision is None else vision.tokens_per_second,
            device_bytes=device_bytes,
            device_bytes_limit=device_bytes_limit,
            threads=self._model.threads,
        )

    def stop(self, grace: float) -> None:
        """Refuses new work, lets the accepted finish within `grace` seconds, then ends the rest."""
        with self._changed:
            self._stop_at = time.monotonic() + grace
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._model.close()

    def _check(self, work: Work) -> None:
        sampling = work.sampling
        assert sampling.max_tokens is not None
        assert sampling.seed is not None
        if not work.prompt_ids:
            raise InvalidRequest("The prompt is empty.", param="messages")
        needed = len(work.prompt_ids) + sampling.max_tokens
        limit = self._model.info.context_length
        if needed > limit:
            raise ContextLengthExceeded(
                f"Prompt ({len(work.prompt_ids)} tokens) and answer ({sampling.max_tokens}) need "
                f"{needed} tokens; the limit is {limit}.",
                param="messages",
            )
        size = self._model.vocabulary_size
        if any(not 0 <= token < size for token in sampling.logit_bias):
            raise InvalidRequest(
                f"A token id is outside the vocabulary (0-{size - 1}).",
                param="sampling.logit_bias",
            )

    # Everything below runs on the engine's thread.

    def _run(self) -> None:
        try:
            self._model.runner.attach()
            while self._take_mail():
                self._busy_since = time.monotonic()
                self._turn()
                self._busy_since = None
        except DeviceLost as lost:
            log.critical("%s", lost, exc_info=lost)
            self._end_for_good(str(lost))
        except Exception:
            log.critical("the engine's thread broke", exc_info=True)
            self._end_for_good(BROKEN)
        finally:
            self._busy_since = None
            with self._changed:
                self._stop_at = self._stop_at or time.monotonic()  # nothing is accepted from now
            self._end_all(FinishReason.CANCELLED)

    def _turn(self) -> None:
        """A step; if it breaks by an error of ours, nobody's answer can be trusted any more."""
        try:
            self.step()
        except DeviceLost:
            raise
        except Exception:
            log.exception("a step broke")
            self._flight = None
            self._end_all(FinishReason.ERROR)

    def step(self) -> None:
        """One turn: decide, see, compute, write down, deliver.

        Where the next turn is certain already, it is begun before this one's tokens are known, so
        that the device goes on while they are written down and delivered.
        """
        began = time.monotonic()
        flight = self._flight or self._begin(began)
        self._flight = self._ahead(flight)
        outcomes = flight.land()
        batch = flight.batch
        advances = self._scheduler.commit(batch, self._tokens(batch, outcomes))
        sampled = {
            id(part.sequence): outcome for part, outcome in zip(batch.slices, outcomes, strict=True)
        }
        for advance in advances:
            self._dispatch.advance(advance, sampled.get(id(advance.sequence)))
        self._measure(batch, len(advances), time.monotonic() - began)

    def _begin(self, now: float) -> Flight:
        """Decides what is computed next, and begins it."""
        batch = self._scheduler.schedule(now)
        self._announce(batch)
        return self._compute(batch, self._see(batch))

    def _ahead(self, flight: Flight) -> Flight | None:
        """The step after a flight, begun; None where that has to wait for the flight's tokens."""
        if not flight.leaves_tokens:
            return None
        batch = self._scheduler.ahead(flight.batch, time.monotonic())
        if batch is None:
            return None
        self._announce(batch)
        if not batch.slices:
            return Landed(batch, [])
        return self._model.runner.go_on(flight, batch, self._see(batch))

    def _announce(self, batch: Batch) -> None:
        """Tells of deadlines that have passed and of requests that leave the queue."""
        for sequence in batch.expired:
            self._dispatch.finish(sequence, FinishReason.DEADLINE)
        for sequence in batch.started:
            self._dispatch.start(sequence)

    def _see(self, batch: Batch) -> Mapping[bytes, Any]:
        """The embeddings of the step's pictures, by key; one that cannot be had is left out."""
        vision = self._model.vision
        if vision is None:
            return {}
        if batch.images:
            self.is_prepared.clear()  # they may be of a size that can be made ready for
        return vision.embeddings(batch.images)

    def _compute(self, batch: Batch, embeddings: Mapping[bytes, Any]) -> Flight:
        """Begins a batch; if the runner breaks as a whole, every slice has failed."""
        if not batch.slices:
            return Landed(batch, [])
        try:
            return self._model.runner.launch(batch, embeddings)
        except DeviceLost:
            raise
        except Exception:
            log.exception("the runner broke")
            return Landed(batch, [Failed() for _ in batch.slices])

    def _tokens(self, batch: Batch, outcomes: list[Outcome]) -> list[int | None]:
        """What the scheduler is to write down; failed sequences end here."""
        tokens: list[int | None] = []
        for part, outcome in zip(batch.slices, self._without_blind(batch, outcomes), strict=True):
            if isinstance(outcome, Failed):
                self._dispatch.fail(part.sequence, outcome)
            tokens.append(outcome.token if isinstance(outcome, Sampled) else None)
        return tokens

    def _without_blind(self, batch: Batch, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes, but those of sequences whose pictures came to nothing have failed."""
        vision = self._model.vision
        if vision is None:
            return outcomes
        keys = {picture.key for picture in batch.images}
        failed = dict.fromkeys(vision.unusable(keys), Failed(NOT_SEEN))
        failed |= dict.fromkeys(vision.starved(keys), Failed(NO_MEMORY, is_passing=True))
        if not failed:
            return outcomes
        return [
            next(
                (failed[key] for key in _keys(part.sequence) if key in failed),
                outcome,
            )
            for part, outcome in zip(batch.slices, outcomes, strict=True)
        ]

    def _measure(self, batch: Batch, advanced: int, seconds: float) -> None:
        self._flow.add(advanced)
        if not batch.decodes and not batch.images:
            self._prefill.add(sum(part.end - part.start for part in batch.prefills), seconds)

    def _take_mail(self) -> bool:
        """Takes in new and cancelled requests, waiting for some if idle; False at the end."""
        while self._may_prepare() and not self._has_mail():
            self._prepare_more()
        with self._changed:
            while not self._has_mail():
                if self._stop_at is not None:
                    return False
                self._changed.wait()
            if self._stop_at is not None and time.monotonic() >= self._stop_at:
                return False
            submitted, cancelled = _taken(self._submitted), _taken(self._cancelled)
            forgotten = _taken(self._forgotten)
        for owner in dict.fromkeys(forgotten):
            self._scheduler.forget(owner)
        for request in submitted:
            self._accept(request)
        for request in cancelled:
            self._dispatch.finish_all(request, FinishReason.CANCELLED)
        return True

    def _may_prepare(self) -> bool:
        """Whether idle moments are to be used: from the first answer on, which must come soon."""
        is_warm = self._dispatch.completion_tokens > 0
        return is_warm and not self.is_prepared.is_set() and self._stop_at is None

    def _has_mail(self) -> bool:
        """Whether there is anything to do."""
        return bool(
            self._submitted or self._cancelled or self._forgotten or self._scheduler.has_work
        )

    def _prepare_more(self) -> None:
        """Uses an idle moment after the start."""
        self._busy_since = time.monotonic()
        vision = self._model.vision
        try:
            has_more = vision is not None and vision.prepare_more()
            has_more = has_more or self._model.runner.prepare_more()
        except DeviceLost:
            raise
        except Exception:  # it will be made when it is needed, or its lack be told then
            log.exception("a step could not be made ready")
            has_more = False
        if not has_more:
            self.is_prepared.set()
        self._busy_since = None

    def _accept(self, request: Request) -> None:
        self._scheduler.add(self._dispatch.open(request))
        self._prompt_tokens += len(request.work.prompt_ids)

    def _let_go(self, request: Request) -> None:
        """A request has ended: its id is free again, and so are its pictures."""
        with self._changed:
            del self._live[request.key]
        self.release_pictures(span.picture.key for span in request.work.images)

    def _end_for_good(self, reason: str) -> None:
        """Ends every request and accepts none any more: nothing can be computed here."""
        with self._changed:
            self._stop_at = time.monotonic()
        try:
            self._end_all(FinishReason.ERROR, EngineLost(reason, retry_after=RETRY_AFTER))
        finally:
            self._on_lost(reason)

    def _end_all(self, reason: FinishReason, error: RequestError | None = None) -> None:
        """Ends every request there is, so that nobody waits for ever."""
        with self._changed:
            submitted = _taken(self._submitted)
            left = list(self._live.values())
        for request in submitted:
            self._accept(request)
        for request in left:
            self._dispatch.finish_all(request, reason, error)


def _keys(sequence: Sequence_) -> Iterable[bytes]:
    """Of the pictures in a sequence's prompt."""
    return (span.picture.key for span in sequence.images)


def _taken(box: deque[Any]) -> Collection[Any]:
    """Everything in the box, which is empty afterwards."""
    letters = tuple(box)
    box.clear()
    return letters
