"""Answers being written: one thread each, so that no page has to stay open for them.

A job hears the backend's events, keeps what was said in a buffer that pages read, and writes it
to the history at intervals and at the end. What a lost connection interrupts is followed again
from the last event heard; a backend that knows nothing of it any more is asked again, once, if
no word of the answer came. An answer that cannot be kept, because the disk is full or the history
locked, is heard and shown all the same, and kept as soon as that is possible. Free of streamlit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from frontend.history.database import StorageUnavailable
from frontend.history.history import History
from frontend.history.records import Message, Receipt, State
from frontend.messages import (
    BackendError,
    Delta,
    Event,
    Finished,
    FinishReason,
    PageRead,
    Question,
    Queued,
    Started,
    was_answer,
)
from frontend.pace import Pace

log = logging.getLogger(__name__)

GATHER_MS = 250  # of text heard as one event: pages look no more often
SAVE_EVERY = 1.0  # seconds between two writes of one answer
SAVE_PATIENCE = 0.5  # seconds that new text waits for a history that is busy
KEEP_AGAIN = 0.5  # seconds between two attempts to keep an answer's end
PATIENCE = 30.0  # seconds to wait for a backend that went away in mid-answer
RESTART_PATIENCE = 300.0  # seconds to wait for the next one if nothing was said yet
MOST_JOBS = 32


class Backend(Protocol):
    """What a job needs of the client."""

    def generate(self, owner: str, question: Question) -> Iterator[Event]: ...

    def attach(
        self, owner: str, request_id: str, *, after: int = 0, gather_ms: int = 0
    ) -> Iterator[Event]: ...

    def cancel(self, owner: str, request_id: str) -> bool: ...


class Stage(Enum):
    """What an answer is waiting for, or doing."""

    SENT = "sent"
    QUEUED = "queued"
    READING = "reading"
    PREPARING = "preparing"  # the prompt is final; no token yet
    THINKING = "thinking"  # reasons, and has not begun to answer
    WRITING = "writing"
    RECONNECTING = "reconnecting"
    STOPPING = "stopping"
    UNSAVED = "unsaved"  # it has ended and cannot be kept yet


@dataclass(frozen=True)
class Progress:
    """How far an answer is; a value, safe to keep."""

    stage: Stage = Stage.SENT
    text: str = ""
    reasoning: str = ""
    ahead: int = 0  # requests in front, while queued
    sha256: str = ""  # the file being read
    page: int = 0
    pages: int = 0
    tokens: int = 0
    speed: float | None = None  # tokens a second, lately
    heard: int = 0  # number of the last event
    is_saved: bool = True  # whether the latest attempt to keep it went well


class Job:
    """One answer being written."""

    def __init__(
        self,
        backend: Backend,
        history: History,
        owner: str,
        answer: Message,
        question: Question | None,
    ) -> None:
        assert answer.request_id is not None
        self.answer = answer.id
        self._request_id = answer.request_id
        self._backend = backend
        self._history = history
        self._owner = owner
        self._question = question  # None: it was asked before, and is followed again
        self._asked_again = False
        self._progress = Progress(text=answer.text, reasoning=answer.reasoning, heard=answer.heard)
        self._receipt = answer.receipt or Receipt()
        self._stop = threading.Event()
        self._pace = Pace()
        self._saved_at = time.monotonic()
        self._began_at = time.monotonic()
        self.done = threading.Event()

    def progress(self) -> Progress:
        """The latest state; never waits."""
        progress = self._progress  # replaced whole, by the job's thread alone
        if self._stop.is_set() and progress.stage is not Stage.UNSAVED:
            return replace(progress, stage=Stage.STOPPING)
        return progress

    def seconds(self) -> int:
        """How long this has been going on."""
        return int(time.monotonic() - self._began_at)

    def stop(self) -> None:
        """Asks the backend to stop; the answer ends with what it has."""
        self._stop.set()
        self._cancel()

    def run(self) -> None:
        """Hears the answer to its end."""
        try:
            self._follow()
        except Exception:
            log.exception("answer %s broke", self.answer)
            self._close(State.FAILED, "internal_error")
        finally:
            self.done.set()

    def _follow(self) -> None:
        lost_at: float | None = None
        is_taken = self._question is None  # whether a backend has the request, as far as is known
        open_stream = self._open
        while True:
            try:
                for event in open_stream():
                    lost_at = None
                    if self._hear(event):
                        return
                error = BackendError("unavailable", "", code="backend_unavailable")
            except BackendError as refusal:
                error = refusal
            is_taken = is_taken or error.was_accepted or self._progress.heard > 0
            if error.kind == "not_found" and is_taken:
                if not self._may_ask_again:
                    return self._close(State.LOST)
                self._asked_again, is_taken = True, False
                self._progress = replace(self._progress, heard=0)
            elif error.kind == "already_exists" or (
                error.kind == "deadline" and error.code is None
            ):
                is_taken = True  # it was before, or this call alone ran out of time: follow it
            elif error.kind != "unavailable" or not (is_taken or self._asked_again):
                return self._close(State.FAILED, error.code or error.kind, error.message)
            now = time.monotonic()
            lost_at = lost_at or now
            if self._stop.is_set():
                self._receipt = replace(self._receipt, reason=FinishReason.CANCELLED.value)
                return self._close(State.FINISHED)
            if now - lost_at > (PATIENCE if self._has_said else RESTART_PATIENCE):
                return self._close(State.LOST)
            self._progress = replace(self._progress, stage=Stage.RECONNECTING)
            self._stop.wait(min(2.0, 0.2 + (now - lost_at) / 4))
            open_stream = self._attach if is_taken else self._open

    @property
    def _has_said(self) -> bool:
        return self._progress.tokens > 0 or bool(self._progress.text or self._progress.reasoning)

    @property
    def _may_ask_again(self) -> bool:
        """Whether a backend that does not know the answer may be asked for it: once, and only if
        no other one has begun to say it."""
        return self._question is not None and not (self._has_said or self._asked_again)

    def _open(self) -> Iterator[Event]:
        if self._question is None:
            return self._attach()
        return self._backend.generate(self._owner, replace(self._question, gather_ms=GATHER_MS))

    def _attach(self) -> Iterator[Event]:
        return self._backend.attach(
            self._owner, self._request_id, after=self._progress.heard, gather_ms=GATHER_MS
        )

    def _hear(self, event: Event) -> bool:
        """Takes in one event; True at the end."""
        now = replace(self._progress, heard=event.number)
        match event:
            case Queued(ahead=ahead):
                now = replace(now, stage=Stage.QUEUED, ahead=ahead)
            case PageRead(sha256=sha256, page=page, pages=pages):
                now = replace(now, stage=Stage.READING, sha256=sha256, page=page, pages=pages)
            case Started():
                now = replace(now, stage=Stage.PREPARING)
                self._receipt = _opened(event)
            case Delta():
                text, tokens = now.text + event.text, now.tokens + event.tokens
                now = replace(
                    now,
                    stage=Stage.WRITING if text or not event.reasoning else Stage.THINKING,
                    text=text,
                    reasoning=now.reasoning + event.reasoning,
                    tokens=tokens,
                    speed=self._pace.hear(time.monotonic(), tokens),
                )
            case Finished():
                self._progress = now
                self._finish(event)
                return True
        if self._stop.is_set() and self._progress.heard == 0:
            self._cancel()  # Stop came before the backend knew of the request
        self._progress = now
        self._save_now_and_then()
        return False

    def _finish(self, event: Finished) -> None:
        progress = self._progress
        if was_answer(progress.text, progress.reasoning):
            self._progress = replace(progress, reasoning="")
        reason = event.reasons[0] if event.reasons else FinishReason.ERROR
        self._receipt = _closed(self._receipt, event, reason)
        if reason is FinishReason.ERROR:
            self._close(State.FAILED, "internal_error", event.error)
        else:
            self._close(State.FINISHED)

    def _close(self, state: State, error_code: str = "", error: str = "") -> None:
        """Keeps the end of the answer, however long it takes until that is possible."""
        progress = self._progress
        receipt = self._receipt if self._receipt.model or state is State.FINISHED else None
        while True:
            try:
                self._history.close_answer(
                    self.answer,
                    state,
                    text=progress.text,
                    reasoning=progress.reasoning,
                    heard=progress.heard,
                    receipt=receipt,
                    error_code=error_code,
                    error=error,
                    patience=SAVE_PATIENCE,
                )
            except StorageUnavailable:
                self._progress = replace(progress, stage=Stage.UNSAVED, is_saved=False)
                time.sleep(KEEP_AGAIN)
            else:
                return

    def _save_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._saved_at < SAVE_EVERY:
            return
        self._saved_at = now
        progress = self._progress
        try:
            self._history.save(
                self.answer,
                text=progress.text,
                reasoning=progress.reasoning,
                heard=progress.heard,
                receipt=self._receipt if self._receipt.model else None,
                patience=SAVE_PATIENCE,
            )
        except StorageUnavailable:
            self._progress = replace(progress, is_saved=False)
        else:
            self._progress = replace(progress, is_saved=True)

    def _cancel(self) -> None:
        try:
            self._backend.cancel(self._owner, self._request_id)
        except BackendError as error:  # it is away: the job ends by itself
            log.info("could not stop %s: %s", self._request_id, error.message)


class Jobs:
    """All answers of one owner being written in this process."""

    def __init__(self, backend: Backend, history: History, owner: str) -> None:
        self._backend = backend
        self._history = history
        self._owner = owner
        self._running: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, answer: Message, question: Question) -> Job | None:
        """Begins to write an answer that was just asked for; None if there are too many."""
        job = self._launch(answer, question)
        if job is None:
            self._history.close_answer(
                answer.id, State.FAILED, text="", reasoning="", heard=0, error_code="queue_full"
            )
        return job

    def follow(self, answer: Message) -> Job | None:
        """The job of an unfinished answer: the one that runs, or a new one that attaches."""
        running = self.find(answer.id)
        if running is not None:
            return running
        latest = self._history.answer(answer.id)  # a job leaves after its answer is kept
        if latest is None or latest.state is not State.RUNNING:
            return None
        return self._launch(latest, None)

    def find(self, answer: str) -> Job | None:
        with self._lock:
            return self._running.get(answer)

    def recover(self) -> int:
        """Follows again what an earlier process left unfinished; returns how many."""
        return sum(
            self.follow(answer) is not None for answer in self._history.unfinished(self._owner)
        )

    def stop_conversation(self, messages: tuple[Message, ...]) -> None:
        """Stops whatever is being written in a conversation that goes away."""
        for message in messages:
            if (job := self.find(message.id)) is not None:
                job.stop()

    def _launch(self, answer: Message, question: Question | None) -> Job | None:
        with self._lock:
            running = self._running.get(answer.id)
            if running is not None and not running.done.is_set():
                return running
            if len(self._running) >= MOST_JOBS:
                return None
            job = Job(self._backend, self._history, self._owner, answer, question)
            self._running[answer.id] = job
        threading.Thread(
            target=self._run, args=(job,), name=f"answer-{answer.id[:8]}", daemon=True
        ).start()
        return job

    def _run(self, job: Job) -> None:
        try:
            job.run()
        finally:
            with self._lock:
                if self._running.get(job.answer) is job:
                    del self._running[job.answer]


def _opened(event: Started) -> Receipt:
    used = [page for page in event.pages if page.tokens > 0]
    return Receipt(
        model=event.model,
        route=event.route,
        route_reason=event.route_reason,
        prompt_tokens=event.prompt_tokens,
        cached_tokens=event.cached_tokens,
        pages=len(event.pages),
        pages_used=len(used),
        methods=dict(Counter(page.method.value for page in used if page.method is not None)),
        hidden=sum(page.hidden for page in event.pages),
        queue_seconds=event.queue_seconds,
        reading_seconds=event.reading_seconds,
        answer_cached=event.answer_cached,
        seed=event.seed,
    )


def _closed(receipt: Receipt, event: Finished, reason: FinishReason) -> Receipt:
    usage, timing = event.usage, event.timing
    return replace(
        receipt,
        reason=reason.value,
        warning=event.warning,
        prompt_tokens=usage.prompt_tokens or receipt.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens or receipt.cached_tokens,
        queue_seconds=timing.queue or receipt.queue_seconds,
        reading_seconds=timing.reading or receipt.reading_seconds,
        first_token_seconds=timing.first_token,
        total_seconds=timing.total,
        reasoning_tokens=usage.reasoning_tokens,
        image_tokens=usage.image_tokens,
        boxes=event.boxes[0] if event.boxes else (),
    )
