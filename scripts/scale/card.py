"""One card with continuous batching, moved from event to event."""

from __future__ import annotations

import heapq
import itertools
from collections import OrderedDict, deque
from dataclasses import dataclass

from scripts.scale.rates import Rates

# What is left of something that ends, because times are rounded: seconds, and tokens.
_SECONDS = 1e-8
_TOKENS = 1e-5


@dataclass(eq=False)
class Job:
    """One question and what became of it. Times are seconds of the simulation."""

    analyst: int
    subject: str  # what it is about: where it is sent
    cached_as: str  # under which name a card may know its beginning
    document_tokens: int
    pictures: int
    question_tokens: int
    answer_tokens: float
    arrived: float
    first_token: float = 0.0
    ended: float = 0.0
    found: int = 0  # document tokens that were known
    card: int = -1


class Card:
    """Prompts are computed one after the other, answers all together, both in the same steps.

    While a prompt is computed, every answer gets one token for each step of the prompt, and a step
    takes both their times: this is how they get into each other's way.
    """

    def __init__(self, rates: Rates) -> None:
        self.version = 0  # changes with everything that moves the next event
        self.busy_seconds = 0.0
        self._rates = rates
        self._now = 0.0
        self._waiting: deque[Job] = deque()
        self._prompts: deque[Job] = deque()
        self._prompt_left = 0.0  # seconds of its own that the first prompt still needs
        self._prompt_whole = 0.0
        self._prompt_steps = 0
        self._written = 0.0  # tokens that an answer which was there all the time would have
        self._answers: list[tuple[float, int, Job]] = []  # ends at so many written; a heap
        self._order = itertools.count()
        self._known: OrderedDict[str, int] = OrderedDict()  # tokens of it; oldest use first
        self._known_tokens = 0

    @property
    def load(self) -> int:
        """Questions here, waiting ones included."""
        return len(self._waiting) + len(self._prompts) + len(self._answers)

    @property
    def has_room(self) -> bool:
        """Whether a question would be taken in at once."""
        return len(self._prompts) + len(self._answers) < self._rates.places

    def add(self, job: Job) -> None:
        """A question arrives now; `advance` was called."""
        self.version += 1
        if self.has_room:
            self._admit(job)
        else:
            self._waiting.append(job)

    def advance(self, now: float) -> None:
        """Time passes, up to the next event at most."""
        elapsed = now - self._now
        self._now = now
        if elapsed <= 0 or not (self._prompts or self._answers):
            return
        self.busy_seconds += elapsed
        prompt_rate, token_rate = self._speeds()
        self._prompt_left -= elapsed * prompt_rate
        self._written += elapsed * token_rate

    def next_event(self) -> float | None:
        """When something ends here if nothing arrives; None: never."""
        prompt_rate, token_rate = self._speeds()
        ends = []
        if self._prompts:
            ends.append(max(0.0, self._prompt_left) / prompt_rate)
        if self._answers and token_rate > 0:
            ends.append(max(0.0, self._answers[0][0] - self._written) / token_rate)
        return self._now + min(ends) if ends else None

    def finish(self) -> list[Job]:
        """What ends now; `advance` was called. Answers that ended, their places given on."""
        self.version += 1
        if self._prompts and self._prompt_left <= _SECONDS:
            job = self._prompts.popleft()
            job.first_token = self._now
            until = self._written + max(0.0, job.answer_tokens - 1)
            heapq.heappush(self._answers, (until, next(self._order), job))
            self._begin_prompt()
        ended = []
        while self._answers and self._answers[0][0] <= self._written + _TOKENS:
            job = heapq.heappop(self._answers)[2]
            job.ended = self._now
            ended.append(job)
        while self._waiting and self.has_room:
            self._admit(self._waiting.popleft())
        return ended

    def _speeds(self) -> tuple[float, float]:
        """Seconds of the prompt's own time, and tokens of each answer, a second."""
        step = self._rates.step_seconds(len(self._answers)) if self._answers else 0.0
        if not self._prompts:
            return 0.0, (1 / step if step else 0.0)
        whole = self._prompt_whole + self._prompt_steps * step
        return self._prompt_whole / whole, (self._prompt_steps / whole if step else 0.0)

    def _admit(self, job: Job) -> None:
        job.found = self._look_up(job)
        self._prompts.append(job)
        if len(self._prompts) == 1:
            self._begin_prompt()

    def _begin_prompt(self) -> None:
        self._prompt_left = self._prompt_whole = 0.0
        if not self._prompts:
            return
        job = self._prompts[0]
        fresh = job.document_tokens - job.found + job.question_tokens
        pictures = 0 if job.found else job.pictures
        self._prompt_whole = self._prompt_left = self._rates.prompt_seconds(fresh, pictures)
        self._prompt_steps = self._rates.prompt_steps(fresh)

    def _look_up(self, job: Job) -> int:
        """Document tokens that are known. From now on all are; the least recently used go."""
        if not job.document_tokens:
            return 0
        found = self._known.pop(job.cached_as, 0)
        self._known_tokens += job.document_tokens - found
        self._known[job.cached_as] = job.document_tokens
        while self._known_tokens > self._rates.cache_tokens and len(self._known) > 1:
            self._known_tokens -= self._known.popitem(last=False)[1]
        return found
