"""What one step does, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.prompt.picture import Picture
from backend.prompt.prompt import FinishReason
from backend.scheduling.sequence import Sequence


@dataclass(frozen=True)
class Slice:
    """The tokens [start, end) of one sequence, to be computed in one piece."""

    sequence: Sequence
    start: int
    end: int

    @property
    def samples(self) -> bool:
        """Whether the next token is chosen after this slice; not inside a prompt, nor on replay."""
        return self.end == self.sequence.length


@dataclass(frozen=True)
class Batch:
    """What one step does."""

    decodes: tuple[Slice, ...] = ()  # one token each
    prefills: tuple[Slice, ...] = ()  # chunks of prompts
    images: tuple[Picture, ...] = ()  # whose embeddings are to be had before, in one go
    scripted: tuple[Sequence, ...] = ()  # their next token is known without computing
    expired: tuple[Sequence, ...] = ()  # their deadline has passed
    started: tuple[Sequence, ...] = ()  # left the queue in this step

    @property
    def slices(self) -> tuple[Slice, ...]:
        """Everything that is computed, in order."""
        return self.decodes + self.prefills


@dataclass(frozen=True)
class Advance:
    """A sequence's new token, and why it ends with it, if it does."""

    sequence: Sequence
    token: int | None  # None: no part of the answer, as an end-of-text token is
    reason: FinishReason | None = None
    is_loop: bool = False
