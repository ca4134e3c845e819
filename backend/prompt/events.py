"""What happens to a request, in the order a caller hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from backend.prompt.prompt import FinishReason, ReadingMethod, Route, ToolCall

MOST_JOINED = 256  # pieces of text that are told as one


@dataclass(frozen=True)
class Queued:
    """It waits behind `ahead` others."""

    ahead: int


@dataclass(frozen=True)
class PageRead:
    """A page of one of its files was read."""

    sha256: str
    page: int  # from 1
    pages: int
    method: ReadingMethod
    cached: bool


@dataclass(frozen=True)
class PageUse:
    """What became of one page: how it was read and how much of it the prompt holds."""

    sha256: str
    page: int  # from 1
    method: ReadingMethod
    words: int
    tokens: int  # as words or as a picture; 0 if the selection left the page out
    width: int = 0  # pixels at which the model sees it; 0 if it is read as words
    height: int = 0
    reason: str = ""  # why it was read this way; one English sentence
    hidden: int = 0  # words of its text layer that people do not see, left out

    @property
    def is_shown(self) -> bool:
        """Whether the model sees it as a picture."""
        return self.method is ReadingMethod.VISION and self.tokens > 0


@dataclass(frozen=True)
class Started:
    """The prompt is final and its compute begins."""

    request_id: str
    model: str
    route: Route
    route_reason: str
    prompt_tokens: int
    cached_tokens: int
    pages: tuple[PageUse, ...]
    queue_seconds: float
    reading_seconds: float
    answer_cached: bool
    seed: int

    @property
    def image_tokens(self) -> int:
        """Of the prompt, pictures."""
        return sum(page.tokens for page in self.pages if page.is_shown)


@dataclass(frozen=True)
class Candidate:
    """A token that was, or might have been, chosen."""

    token: str
    bytes: bytes
    logprob: float  # natural logarithm


@dataclass(frozen=True)
class TokenLogprob:
    """A chosen token and the likeliest ones at its place, best first."""

    chosen: Candidate
    top: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A place in a picture as the model wrote it, its edges in thousandths of the sides."""

    label: str  # the words before it
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Delta:
    """New text of one answer."""

    index: int
    text: str
    tokens: int
    reasoning: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()  # of the answer's tokens, not of its reasoning's
    reasoning_tokens: int = 0  # of `tokens`
    is_retold: bool = False  # the text is what was told as reasoning, and turned out to be none
    marks: tuple[Mark, ...] = ()  # places in pictures that the answer has named since the last one
    calls: tuple[ToolCall, ...] = ()  # of functions, complete since the last one


@dataclass(frozen=True)
class Usage:
    """Tokens counted; the prompt once for all answers."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    image_tokens: int = 0


@dataclass(frozen=True)
class Box:
    """A place in a picture that an answer names, in pixels of the upright original.

    Of a document's page the edges are fractions of the page, 0-1.
    """

    sha256: str
    page: int  # from 1
    label: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Timing:
    """Seconds, counted from acceptance where not said otherwise."""

    queue: float
    reading: float
    first_token: float
    total: float


@dataclass(frozen=True)
class Finished:
    """The end, exactly once: the reason for each of the n answers, in order."""

    reasons: tuple[FinishReason, ...]
    usage: Usage
    timing: Timing
    warning: str = ""
    error: str = ""
    boxes: tuple[tuple[Box, ...], ...] = ()  # for each answer; empty: none has any


Event = Queued | PageRead | Started | Delta | Finished


def joined(events: Sequence[Event]) -> Iterator[tuple[Event, int]]:
    """The events with neighbouring text of one answer as one, and of how many each is made; of
    `MOST_JOINED` at most, so that no message grows beyond what can be sent."""
    together: list[Delta] = []
    for event in events:
        if together and not (isinstance(event, Delta) and _continues(together, event)):
            yield _one(together), len(together)
            together = []
        if isinstance(event, Delta):
            together.append(event)
        else:
            yield event, 1
    if together:
        yield _one(together), len(together)


def _continues(pieces: Sequence[Delta], then: Delta) -> bool:
    last = pieces[-1]
    is_text = not (last.is_retold or then.is_retold)
    return last.index == then.index and is_text and len(pieces) < MOST_JOINED


def _one(pieces: Sequence[Delta]) -> Delta:
    return replace(
        pieces[0],
        text="".join(piece.text for piece in pieces),
        tokens=sum(piece.tokens for piece in pieces),
        reasoning="".join(piece.reasoning for piece in pieces),
        logprobs=tuple(one for piece in pieces for one in piece.logprobs),
        reasoning_tokens=sum(piece.reasoning_tokens for piece in pieces),
        marks=tuple(mark for piece in pieces for mark in piece.marks),
        calls=tuple(call for piece in pieces for call in piece.calls),
    )
