"""Which request every answer belongs to, and what its listener is told of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from backend.errors import Internal, RequestError, Unavailable
from backend.model.outcome import Failed, Outcome
from backend.outgoing import Outgoing
from backend.prompt.positions import Positions
from backend.prompt.prompt import FinishReason
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.scheduler import Advance
from backend.scheduling.sequence import Sequence
from backend.work import Listener, Work

log = logging.getLogger(__name__)

FAILURE = "The answer could not be computed."
RETRY_AFTER = 5  # seconds
_LOOP = "The answer was ended because it kept repeating itself."


@dataclass(eq=False)
class Request:
    """A request from submission to its end."""

    work: Work
    listener: Listener
    accepted: float  # on time.monotonic()'s clock
    answers: list[Outgoing] = field(default_factory=list)
    has_started: bool = False
    completion_tokens: int = 0
    warning: str = ""
    error: RequestError | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by."""
        return self.work.owner, self.work.request_id


class Dispatch:
    """Turns what became of sequences into what listeners hear. Lives on the engine's thread."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        end: Callable[[Sequence, FinishReason], None],
        ended: Callable[[Request], None],
    ) -> None:
        """`end` takes back what a sequence holds; `ended` hears of a request's last answer."""
        self._tokenizer = tokenizer
        self._end = end
        self._ended = ended
        self._owners: dict[int, tuple[Request, Outgoing]] = {}  # by id() of the sequence
        self.completion_tokens = 0

    def open(self, request: Request) -> list[Sequence]:
        """Makes the sequences of a request's answers."""
        work = request.work
        script = None
        if work.notice is not None:
            script = tuple(self._tokenizer.encode(work.notice))
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
                images=work.images,
                positions=Positions(work.images) if work.images else None,
                guide=None if work.guide is None else work.guide(),
                adapted=work.adapted,
            )
            answer = Outgoing(
                sequence, self._tokenizer, thinking=work.thinking, calling=work.calling
            )
            request.answers.append(answer)
            self._owners[id(sequence)] = request, answer
        return [answer.sequence for answer in request.answers]

    def start(self, sequence: Sequence) -> None:
        """A sequence has left the queue; the first of a request starts it."""
        request, _ = self._owners[id(sequence)]
        if not request.has_started:
            request.has_started = True
            waited = time.monotonic() - request.accepted
            self._tell(request, "started", sequence.cached_tokens, waited)

    def advance(self, advance: Advance, outcome: Outcome) -> None:
        """Sends out the text that a new token makes certain, and ends the answer if it is due."""
        request, answer = self._owners[id(advance.sequence)]
        reason = advance.reason
        if advance.token is not None:
            request.completion_tokens += 1
            self.completion_tokens += 1
            delta = answer.push(advance.token, outcome)
            if answer.is_stopped:
                reason = FinishReason.STOP
            if delta is not None:
                self._tell(request, "delta", delta)
        if advance.is_loop and reason is FinishReason.LENGTH:
            request.warning = _LOOP
        if reason is not None:
            self.finish(advance.sequence, reason)

    def fail(self, sequence: Sequence, failed: Failed) -> None:
        """Ends one answer that could not be computed, with a sentence for people."""
        if sequence.reason is not None:
            return
        request, _ = self._owners[id(sequence)]
        if failed.is_passing:
            request.error = Unavailable(failed.reason, retry_after=RETRY_AFTER)
        else:
            request.error = Internal(failed.reason or FAILURE)
        self.finish(sequence, FinishReason.ERROR)

    def finish(self, sequence: Sequence, reason: FinishReason) -> None:
        """Ends one answer with the text it still held, and the request with its last answer."""
        if sequence.reason is not None:
            return
        request, answer = self._owners.pop(id(sequence))
        if reason is FinishReason.ERROR:
            request.error = request.error or Internal(FAILURE)
        if sequence.guide is not None and reason is FinishReason.STOP:
            request.warning = request.warning or sequence.guide.warning
        delta = answer.flush(reason)
        if delta is not None:
            self._tell(request, "delta", delta)
        self._end(sequence, reason)
        reasons = tuple(answer.reason for answer in request.answers if answer.reason is not None)
        if len(reasons) < len(request.answers):
            return
        self._ended(request)
        self._tell(
            request,
            "finished",
            reasons,
            request.completion_tokens,
            request.warning,
            request.error,
        )

    def finish_all(
        self, request: Request, reason: FinishReason, error: RequestError | None = None
    ) -> None:
        """Ends whatever of a request has not ended."""
        request.error = request.error or error
        for answer in request.answers:
            self.finish(answer.sequence, reason)
        if not request.answers:  # it was never opened
            self._ended(request)
            self._tell(request, "finished", (reason,) * request.work.sampling.n, 0, "", error)

    def _tell(self, request: Request, what: str, *values: object) -> None:
        """Calls the listener; what breaks there stays there."""
        try:
            getattr(request.listener, what)(*values)
        except Exception:
            log.exception("a listener failed", extra={"request_id": request.work.request_id})
