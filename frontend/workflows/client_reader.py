"""The reader that is the backend, through the front end's client."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from frontend.messages import (
    BackendError,
    Delta,
    Event,
    FilePart,
    FileRef,
    Finished,
    FinishReason,
    Page,
    Part,
    Plan,
    Question,
    Role,
    Sampling,
    Started,
    TextPart,
    Turn,
)
from frontend.workflows.halt import Halt, Halted
from frontend.workflows.reader import Answer

_ATTEMPTS: Final = 6  # while the backend is full or away
_LONGEST_PAUSE: Final = 20.0  # seconds between two of them
_CANCELS: Final = 50  # times at most that an answer is told to stop
_CANCEL_PAUSE: Final = 0.1  # seconds between two of them


class Backend(Protocol):
    """What is asked of the client."""

    def put(self, owner: str, data: bytes, filename: str) -> FileRef: ...

    def page(
        self, owner: str, sha256: str, number: int, *, words: bool = False, image: bool = True
    ) -> Page: ...

    def plan(self, owner: str, question: Question) -> Plan: ...

    def generate(self, owner: str, question: Question) -> Iterator[Event]: ...

    def cancel(self, owner: str, request_id: str) -> bool: ...


class ClientReader:
    """Asks as batch work, so that people's questions go first. Safe to share between threads."""

    def __init__(self, backend: Backend, *, batch: bool = True) -> None:
        self._backend = backend
        self._batch = batch

    def put(self, owner: str, data: bytes, filename: str) -> FileRef:
        """Hands over a file."""
        return self._backend.put(owner, data, filename)

    def page(self, owner: str, sha256: str, number: int) -> Page:
        """The words of one page."""
        return self._backend.page(owner, sha256, number, words=True, image=False)

    def pages_together(self, owner: str, file: FilePart, instruction: str) -> int | None:
        """How many pages of a file the backend's planner puts into one request; None: all."""
        turn = Turn(Role.USER, (file, TextPart(instruction)))
        plan = self._backend.plan(owner, Question(uuid.uuid4().hex, (turn,)))
        groups = (one.pages for one in plan.proposals if one.kind == "map_reduce")
        return next((pages[0] for pages in groups if pages), None)

    def ask(
        self,
        owner: str,
        files: Sequence[FilePart],
        instruction: str,
        schema: Mapping[str, Any] | None = None,
        *,
        max_tokens: int = 512,
        halt: Halt | None = None,
    ) -> Answer:
        """An answer at temperature 0; waits while the backend is full or away for a while."""
        halt = halt or Halt()
        parts: list[Part] = [*files, TextPart(instruction)]
        for attempt in range(1, _ATTEMPTS + 1):
            question = Question(
                request_id=uuid.uuid4().hex,
                turns=(Turn(Role.USER, tuple(parts)),),
                sampling=Sampling(temperature=0.0, max_tokens=max_tokens),
                batch=self._batch,
                json_schema=None if schema is None else json.dumps(schema),
            )
            over = threading.Event()
            try:
                with halt.ending(partial(self._cancel, owner, question.request_id, over)):
                    try:
                        return self._hear(owner, question, halt)
                    finally:
                        over.set()
            except BackendError as error:
                if error.kind not in ("queue_full", "unavailable") or attempt == _ATTEMPTS:
                    raise
                halt.wait(min(_LONGEST_PAUSE, max(error.retry_after or 1, 2.0 ** (attempt - 1))))
        raise AssertionError("the last attempt returns or raises")

    def _hear(self, owner: str, question: Question, halt: Halt) -> Answer:
        text: list[str] = []
        model = ""
        for event in self._backend.generate(owner, question):
            match event:
                case Started():
                    model = event.model
                case Delta():
                    text.append(event.text)
                case Finished(reasons=reasons):
                    reason = reasons[0] if reasons else FinishReason.ERROR
                    if reason is FinishReason.CANCELLED:
                        raise Halted
                    if reason is FinishReason.ERROR:
                        raise BackendError("internal", event.error or "The answer broke off.")
                    return Answer("".join(text), reason is FinishReason.STOP, model)
            halt.check()
        raise BackendError("unavailable", "The answer broke off.", retry_after=1)

    def _cancel(self, owner: str, request_id: str, over: threading.Event) -> None:
        """Stops an answer; asks again where the question has not come to the backend yet."""
        for _ in range(_CANCELS):
            try:
                is_stopped = self._backend.cancel(owner, request_id)
            except BackendError:  # it is away, and the answer with it
                return
            if is_stopped or over.wait(_CANCEL_PAUSE):
                return
