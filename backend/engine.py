"""The engine: one thread that owns the device and answers whatever is in its queue.

Free of torch; the loaded model brings the runner.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backend.errors import (
    AlreadyExists,
    ContextLengthExceeded,
    InvalidRequest,
    QueueFull,
    Unavailable,
)
from backend.model.outcome import Failed, Outcome, Sampled
from backend.outgoing import Outgoing
from backend.prompt.prompt import FinishReason
from backend.scheduling.blocks import BlockPool
from backend.scheduling.scheduler import Advance, Batch, Scheduler
from backend.scheduling.sequence import Sequence
from backend.work import EngineStats, Listener, Work

if TYPE_CHECKING:
    from backend.model.loader import LoadedModel

log = logging.getLogger(__name__)

_FAILURE = "The answer could not be computed."
_LOOP = "The answer was ended because it kept repeating itself."
_RATE_SECONDS = 5.0  # over which tokens_per_second is taken


@dataclass(eq=False)
class _Request:
    """A request from submission to its end."""

    work: Work
    listener: Listener
    accepted: float
    answers: list[Outgoing] = field(default_factory=list)
    has_started: bool = False
    completion_tokens: int = 0
    warning: str = ""
    error: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.work.owner, self.work.request_id


class Engine:
    """Takes work from any thread and computes it on its own."""

    def __init__(self, model: LoadedModel, *, max_running: int, max_queue: int) -> None:
        self._model = model
        self._limit = max_running + max_queue
        self._scheduler = Scheduler(
            BlockPool(model.blocks, model.block_size),
            max_running=max_running,
            eos_ids=model.eos_ids,
        )
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        # Shared between threads, guarded by the condition:
        self._changed = threading.Condition()
        self._live: dict[tuple[str, str], _Request] = {}
        self._submitted: deque[_Request] = deque()
        self._cancelled: deque[_Request] = deque()
        self._stop_at: float | None = None  # on time.monotonic()'s clock
        # The engine thread's own:
        self._owners: dict[int, tuple[_Request, Outgoing]] = {}  # by id() of the sequence
        self._rate: deque[tuple[float, int]] = deque()
        self._prompt_tokens = 0
        self._completion_tokens = 0

    def start(self) -> None:
        """Starts the engine's thread."""
        self._thread.start()

    def submit(self, work: Work, listener: Listener) -> int:
        """Accepts work, or raises a RequestError; answers how many requests wait before it."""
        self._check(work)
        request = _Request(work, listener, time.monotonic())
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

    def stats(self) -> EngineStats:
        """The engine's figures now."""
        with self._changed:
            live = list(self._live.values())
        now = time.monotonic()
        recent = [count for at, count in list(self._rate) if at > now - _RATE_SECONDS]
        return EngineStats(
            queued=sum(not request.has_started for request in live),
            running=sum(request.has_started for request in live),
            blocks_used=self._scheduler.pool.used,
            blocks_total=self._scheduler.pool.total,
            tokens_per_second=sum(recent) / _RATE_SECONDS,
            prompt_tokens_total=self._prompt_tokens,
            completion_tokens_total=self._completion_tokens,
            preemptions_total=self._scheduler.preemptions,
        )

    def stop(self, grace: float) -> None:
        """Refuses new work, lets the accepted finish within `grace` seconds, then ends the rest."""
        with self._changed:
            self._stop_at = time.monotonic() + grace
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

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
            while self._take_mail():
                try:
                    self.step()
                except Exception:  # an error of ours: nobody's answer can be trusted any more
                    log.exception("a step broke")
                    self._end_all(FinishReason.ERROR)
        finally:
            with self._changed:
                self._stop_at = self._stop_at or time.monotonic()  # nothing is accepted from now
            self._end_all(FinishReason.CANCELLED)

    def step(self) -> None:
        """One turn: decide, compute, write down, deliver."""
        batch = self._scheduler.schedule(time.monotonic())
        self._announce(batch)
        outcomes = self._compute(batch)
        advances = self._scheduler.commit(batch, self._tokens(batch, outcomes))
        sampled = {
            id(part.sequence): outcome for part, outcome in zip(batch.slices, outcomes, strict=True)
        }
        for advance in advances:
            self._deliver(advance, sampled.get(id(advance.sequence)))

    def _compute(self, batch: Batch) -> list[Outcome]:
        """The runner's outcomes; if it breaks as a whole, every slice has failed."""
        try:
            return self._model.runner.run(batch) if batch.slices else []
        except Exception:
            log.exception("the runner broke")
            return [Failed() for _ in batch.slices]

    def _take_mail(self) -> bool:
        """Takes in new and cancelled requests, waiting for some if idle; False at the end."""
        with self._changed:
            while not (self._submitted or self._cancelled or self._scheduler.has_work):
                if self._stop_at is not None:
                    return False
                self._changed.wait()
            if self._stop_at is not None and time.monotonic() >= self._stop_at:
                return False
            submitted, cancelled = list(self._submitted), list(self._cancelled)
            self._submitted.clear()
            self._cancelled.clear()
        for request in submitted:
            self._accept(request)
        for request in cancelled:
            self._end(request, FinishReason.CANCELLED)
        return True

    def _accept(self, request: _Request) -> None:
        work = request.work
        script = None
        if work.notice is not None:
            script = tuple(self._model.tokenizer.encode(work.notice))
        for index in range(work.sampling.n):
            sequence = Sequence(
                request_id=work.request_id,
                owner=work.owner,
                index=index,
                prompt_ids=work.prompt_ids,
                sampling=work.sampling,
                priority=work.priority,
                deadline=work.deadline,
                script=script,
            )
            answer = Outgoing(sequence, self._model.tokenizer)
            request.answers.append(answer)
            self._owners[id(sequence)] = request, answer
        self._scheduler.add(answer.sequence for answer in request.answers)
        self._prompt_tokens += len(work.prompt_ids)

    def _announce(self, batch: Batch) -> None:
        """Tells of deadlines that have passed and of requests that leave the queue."""
        for sequence in batch.expired:
            self._finish(sequence, FinishReason.DEADLINE)
        for sequence in batch.started:
            request, _ = self._owners[id(sequence)]
            if not request.has_started:
                request.has_started = True
                self._tell(request, "started", 0, time.monotonic() - request.accepted)

    def _tokens(self, batch: Batch, outcomes: list[Outcome]) -> list[int | None]:
        """What the scheduler is to write down; failed sequences end here."""
        tokens: list[int | None] = []
        for part, outcome in zip(batch.slices, outcomes, strict=True):
            if isinstance(outcome, Failed):
                self._fail(part.sequence)
            tokens.append(outcome.token if isinstance(outcome, Sampled) else None)
        return tokens

    def _fail(self, sequence: Sequence) -> None:
        request, _ = self._owners[id(sequence)]
        request.error = _FAILURE
        self._finish(sequence, FinishReason.ERROR)

    def _deliver(self, advance: Advance, outcome: Outcome) -> None:
        """Sends out the text that a new token makes certain, and ends the answer if it is due."""
        request, answer = self._owners[id(advance.sequence)]
        reason, text = advance.reason, ""
        if advance.token is not None:
            request.completion_tokens += 1
            self._completion_tokens += 1
            self._count_rate()
            text = answer.push(advance.token, outcome)
            if answer.is_stopped:
                reason = FinishReason.STOP
        if advance.is_loop and reason is FinishReason.LENGTH:
            request.warning = _LOOP
        if text:
            self._tell(request, "delta", answer.delta(text))
        if reason is not None:
            self._finish(advance.sequence, reason)

    def _end(self, request: _Request, reason: FinishReason) -> None:
        for answer in request.answers:
            self._finish(answer.sequence, reason)

    def _finish(self, sequence: Sequence, reason: FinishReason) -> None:
        """Ends one answer with the text it still held, and the request with its last answer."""
        if sequence.reason is not None:
            return
        request, answer = self._owners.pop(id(sequence))
        text = answer.flush()
        if text or answer.held_tokens:
            self._tell(request, "delta", answer.delta(text))
        self._scheduler.finish(sequence, reason)
        reasons = [answer.sequence.reason for answer in request.answers]
        if None in reasons:
            return
        with self._changed:
            del self._live[request.key]
        self._tell(
            request,
            "finished",
            tuple(reasons),
            request.completion_tokens,
            request.warning,
            request.error,
        )

    def _end_all(self, reason: FinishReason) -> None:
        """Ends every request there is, so that nobody waits for ever."""
        with self._changed:
            submitted = list(self._submitted)
            self._submitted.clear()
            left = list(self._live.values())
        for request in submitted:
            self._accept(request)
        for request in left:
            if reason is FinishReason.ERROR:
                request.error = _FAILURE
            self._end(request, reason)

    def _tell(self, request: _Request, what: str, *values: object) -> None:
        """Calls the listener; what breaks there stays there."""
        try:
            getattr(request.listener, what)(*values)
        except Exception:
            log.exception("a listener failed", extra={"request_id": request.work.request_id})

    def _count_rate(self) -> None:
        now = time.monotonic()
        self._rate.append((now, 1))
        while self._rate[0][0] <= now - _RATE_SECONDS:
            self._rate.popleft()
