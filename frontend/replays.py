"""Answers computed once more with the same parameters and seed, to see whether the text returns.

Each runs in a thread of its own and asks the backend to leave its cache of answers aside: what is
compared was computed. Free of streamlit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum
from typing import Final, Protocol

from frontend.history.database import StorageUnavailable
from frontend.history.history import History
from frontend.history.records import Attachment, Message, Replay, State, new_id
from frontend.history.replays import Replays
from frontend.messages import (
    BackendError,
    Delta,
    Event,
    Finished,
    FinishReason,
    Question,
    was_answer,
)
from frontend.presets import kept
from frontend.turns import question

log = logging.getLogger(__name__)

MOST: Final = 8  # at a time


class Backend(Protocol):
    """What a replay needs of the client."""

    def generate(self, owner: str, question: Question) -> Iterator[Event]: ...


class Hindrance(Enum):
    """Why an answer cannot be replayed."""

    UNFINISHED = "unfinished"  # it was stopped, refused or broken off
    UNKNOWN = "unknown"  # what it was asked with was not kept
    AWAY = "away"  # no model is loaded
    OTHER_MODEL = "other_model"
    FILE_GONE = "file_gone"


def hindrance(
    messages: Sequence[Message],
    attachments: Sequence[Attachment],
    answer: Message,
    model: str | None,
) -> Hindrance | None:
    """Why an answer of `messages` cannot be replayed; None if it can.

    `model` is the one that is loaded, None if none is.
    """
    receipt = answer.receipt
    ended = (FinishReason.STOP.value, FinishReason.LENGTH.value)
    if answer.state is not State.FINISHED or receipt is None or receipt.reason not in ended:
        return Hindrance.UNFINISHED
    if answer.parameters is None:
        return Hindrance.UNKNOWN
    if model is None:
        return Hindrance.AWAY
    if model != receipt.model:
        return Hindrance.OTHER_MODEL
    before = {message.id for message in messages if message.created_at <= answer.created_at}
    seen = (file.removed_at for file in attachments if file.message in before)
    if any(removed is not None and removed > answer.created_at for removed in seen):
        return Hindrance.FILE_GONE
    return None


def same_question(
    messages: Sequence[Message], attachments: Sequence[Attachment], answer: Message
) -> Question:
    """What `answer` was asked with, its seed fixed, under a name of its own."""
    assert answer.parameters is not None
    assert answer.receipt is not None
    asked = question(messages, attachments, answer, kept(answer.parameters))
    return replace(
        asked,
        request_id=new_id(),
        sampling=replace(asked.sampling, seed=answer.receipt.seed),
        detached=False,
        use_answer_cache=False,
    )


def parting(first: str, second: str) -> int:
    """How many characters two texts have in common before they part."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))


class Rerun:
    """One replay under way."""

    def __init__(self) -> None:
        self.tokens = 0
        self.failure: BackendError | None = None
        self.done = threading.Event()


class Reruns:
    """All replays of one owner in this process."""

    def __init__(self, backend: Backend, history: History, owner: str) -> None:
        self._backend = backend
        self._replays = Replays(history.database)
        self._owner = owner
        self._runs: dict[str, Rerun] = {}  # those that run or failed, by answer
        self._lock = threading.Lock()

    def find(self, answer: str) -> Rerun | None:
        """A replay that runs, or failed; None once its result is kept."""
        with self._lock:
            return self._runs.get(answer)

    def start(self, answer: Message, asked: Question) -> bool:
        """Begins a replay; False if too many run."""
        with self._lock:
            running = [run for run in self._runs.values() if not run.done.is_set()]
            known = self._runs.get(answer.id)
            if known is not None and not known.done.is_set():
                return True
            if len(running) >= MOST:
                return False
            run = self._runs[answer.id] = Rerun()
        name = f"replay-{answer.id[:8]}"
        threading.Thread(
            target=self._run, args=(run, answer, asked), name=name, daemon=True
        ).start()
        return True

    def _run(self, run: Rerun, answer: Message, asked: Question) -> None:
        try:
            self._replays.keep(answer.id, self._listen(run, answer, asked))
            with self._lock:
                del self._runs[answer.id]
        except BackendError as error:
            run.failure = error
        except StorageUnavailable:
            run.failure = BackendError("internal", "", code="not_kept")
        except Exception:
            log.exception("the replay of %s broke", answer.id)
            run.failure = BackendError("internal", "", code="internal_error")
        finally:
            run.done.set()

    def _listen(self, run: Rerun, answer: Message, asked: Question) -> Replay:
        began = time.monotonic()
        text = reasoning = ""
        reason = FinishReason.ERROR
        for event in self._backend.generate(self._owner, asked):
            if isinstance(event, Delta):
                text += event.text
                reasoning += event.reasoning
                run.tokens += event.tokens
            elif isinstance(event, Finished) and event.reasons:
                reason = event.reasons[0]
        if was_answer(text, reasoning):
            reasoning = ""
        if reason not in (FinishReason.STOP, FinishReason.LENGTH):
            raise BackendError("internal", "", code="internal_error")
        same = (text, reasoning) == (answer.text, answer.reasoning)
        return Replay(
            same=same,
            text="" if same else text,
            reasoning="" if same else reasoning,
            tokens=run.tokens,
            seconds=time.monotonic() - began,
            replayed_at=time.time(),
        )
