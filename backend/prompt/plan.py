"""What a request would cost, told before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass

from backend.prompt.events import PageUse
from backend.prompt.prompt import Route
from backend.prompt.proposals import Proposal


@dataclass(frozen=True)
class PartUse:
    """What one part of the request has in the prompt."""

    message: int  # index of the turn
    part: int  # index of the part in it
    tokens: int


@dataclass(frozen=True)
class Plan:
    """How a request would run. Of one that does not fit: the least that it would need."""

    route: Route
    route_reason: str
    fits: bool
    context_length: int
    prompt_tokens: int
    pages: tuple[PageUse, ...]
    parts: tuple[PartUse, ...]
    max_tokens: int = 0  # room for the answer
    cached_tokens: int = 0
    image_tokens: int = 0
    cached_image_tokens: int = 0  # of pictures that need not be encoded again
    first_token_seconds: float = 0.0  # estimated from measured rates; 0: nothing was measured yet
    answer_cached: bool = False
    proposals: tuple[Proposal, ...] = ()  # the best first
