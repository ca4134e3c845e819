"""One answer in the making: its tokens, how far they are computed, the blocks they hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.prompt.guide import Guide
from backend.prompt.picture import ImageSpan
from backend.prompt.positions import Positions
from backend.prompt.prompt import FinishReason, Priority, Sampling


@dataclass(eq=False)
class Sequence:
    """A prompt and the tokens that follow it. Only the scheduler writes one."""

    request_id: str
    owner: str
    index: int  # which of the request's n answers
    prompt_ids: tuple[int, ...]
    sampling: Sampling  # seed and max_tokens are concrete
    priority: Priority = Priority.INTERACTIVE
    deadline: float | None = None  # on time.monotonic()'s clock
    script: tuple[int, ...] | None = None  # fixed answer tokens; such a sequence is never computed
    images: tuple[ImageSpan, ...] = ()  # in order, none overlapping
    positions: Positions | None = None  # None: every token at its own place
    guide: Guide | None = None
    adapted: bool = False  # computed with the model's adapter

    arrival: int = -1  # place in the order of acceptance, given by the scheduler
    output_ids: list[int] = field(default_factory=list)
    computed: int = 0  # leading tokens whose keys and values are in the blocks
    cached_tokens: int = 0  # of the prompt, that did not have to be computed when it was admitted
    encoded: int = 0  # leading pictures that need no (more) encoding
    blocks: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)  # of its full blocks, as far as needed yet
    published: int = 0  # leading blocks that are offered to others, or came from them
    offered: list[bytes] = field(default_factory=list)  # keys by which its own blocks are known
    is_private: bool = False  # nothing (more) of it is offered to others
    furthest: int = 0  # the most that `computed` ever was
    was_admitted: bool = False
    waits_for: Sequence | None = None  # a running one that computes what both need
    is_running: bool = False
    reason: FinishReason | None = None  # set once, at the end

    @property
    def length(self) -> int:
        """Tokens so far, prompt and answer."""
        return len(self.prompt_ids) + len(self.output_ids)

    @property
    def max_tokens(self) -> int:
        """The most answer tokens."""
        assert self.sampling.max_tokens is not None
        return self.sampling.max_tokens

    @property
    def is_prefilling(self) -> bool:
        """Whether part of the prompt is still to be computed."""
        return self.computed < len(self.prompt_ids)

    def tokens(self, start: int, end: int) -> list[int]:
        """The tokens at positions [start, end)."""
        prompt = len(self.prompt_ids)
        if end <= prompt:
            return list(self.prompt_ids[start:end])
        answer = self.output_ids[max(0, start - prompt) : end - prompt]
        return [*self.prompt_ids[start:prompt], *answer]
