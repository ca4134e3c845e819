"""Decides what is computed next. Touches no tensor; the only writer of a `Sequence`.

Order: every running answer gets its next token, then prompts are computed in chunks within a token
budget, people before jobs, first come first served. Chunks end at fixed positions of the prompt,
whatever else is in the batch, and a preempted answer is computed again in exactly the same pieces:
so the numbers, and with them the text, do not depend on the company a request had.
"""

from __future__ import annotations

import itertools
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass

from backend.prompt.prompt import FinishReason, Priority
from backend.scheduling.blocks import BlockPool
from backend.scheduling.repetition import is_looping
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
    token: int | None  # None: an end-of-text token, which is not part of the answer
    reason: FinishReason | None = None
    is_loop: bool = False


def _order(sequence: Sequence) -> tuple[bool, int]:
    """People before jobs, then first come first served."""
    return sequence.priority is Priority.BATCH, sequence.arrival


class Scheduler:
    """Owns the queue, the running set and the blocks."""

    def __init__(
        self,
        pool: BlockPool,
        *,
        max_running: int,
        eos_ids: frozenset[int],
        chunk_tokens: int = 256,
        step_tokens: int = 256,
    ) -> None:
        assert max_running > 0
        assert 0 < chunk_tokens <= step_tokens
        self.pool = pool
        self._max_running = max_running
        self._eos_ids = eos_ids
        self._chunk_tokens = chunk_tokens  # a chunk ends at each multiple of this
        self._step_tokens = step_tokens  # most prompt tokens in one step
        self._arrivals = itertools.count()
        self._waiting: list[Sequence] = []  # both lists sorted by _order
        self._running: list[Sequence] = []
        self.preemptions = 0

    @property
    def waiting(self) -> int:
        """Sequences in the queue."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Sequences that hold a place."""
        return len(self._running)

    @property
    def has_work(self) -> bool:
        """Whether any sequence has not ended."""
        return bool(self._waiting or self._running)

    def can_ever_run(self, tokens: int) -> bool:
        """Whether a sequence of that many tokens fits the pool when it is alone."""
        return self.pool.blocks_for(tokens) <= self.pool.total

    def add(self, sequences: Iterable[Sequence]) -> None:
        """Puts new sequences into the queue; each must be able to run alone."""
        for sequence in sequences:
            assert sequence.script is not None or self.can_ever_run(
                len(sequence.prompt_ids) + sequence.max_tokens
            )
            sequence.arrival = next(self._arrivals)
            insort(self._waiting, sequence, key=_order)

    def finish(self, sequence: Sequence, reason: FinishReason) -> None:
        """Ends a sequence at any stage and takes back all it holds."""
        if sequence.reason is not None:
            return
        sequence.reason = reason
        if sequence.is_running:
            self._leave(sequence)
        else:
            self._waiting.remove(sequence)

    def schedule(self, now: float) -> Batch:
        """The next step's work. Admits, gives blocks, and preempts where blocks run out."""
        expired = tuple(
            sequence
            for sequence in itertools.chain(self._waiting, self._running)
            if sequence.deadline is not None and sequence.deadline <= now
        )
        gone = set(map(id, expired))
        started = self._admit(gone)
        decodes = self._decodes(gone)
        prefills = self._prefills(gone)
        scripted = tuple(
            sequence
            for sequence in self._running
            if sequence.script is not None and id(sequence) not in gone
        )
        return Batch(decodes, prefills, scripted, expired, started)

    def commit(self, batch: Batch, tokens: Iterable[int | None]) -> list[Advance]:
        """Writes the step's tokens, one for each computed slice (None where there is none).

        A slice whose sequence has ended meanwhile is skipped. The caller ends the sequences
        whose advance has a reason.
        """
        advances = []
        for part, token in zip(batch.slices, tokens, strict=True):
            sequence = part.sequence
            if sequence.reason is not None:
                continue
            sequence.computed = part.end
            if token is not None:
                assert part.samples
                advances.append(self._advance(sequence, token))
        for sequence in batch.scripted:
            if sequence.reason is None:
                advances.append(self._recite(sequence))
        return advances

    def _advance(self, sequence: Sequence, token: int) -> Advance:
        if token in self._eos_ids:
            return Advance(sequence, None, FinishReason.STOP)
        sequence.output_ids.append(token)
        if len(sequence.output_ids) >= sequence.max_tokens:
            return Advance(sequence, token, FinishReason.LENGTH)
        if len(sequence.output_ids) >= sequence.sampling.min_tokens and is_looping(
            sequence.output_ids
        ):
            return Advance(sequence, token, FinishReason.LENGTH, is_loop=True)
        return Advance(sequence, token)

    def _recite(self, sequence: Sequence) -> Advance:
        assert sequence.script is not None
        spoken = len(sequence.output_ids)
        if spoken == len(sequence.script):
            return Advance(sequence, None, FinishReason.STOP)
        token = sequence.script[spoken]
        sequence.output_ids.append(token)
        if spoken + 1 == len(sequence.script):
            return Advance(sequence, token, FinishReason.STOP)
        is_full = spoken + 1 >= sequence.max_tokens
        return Advance(sequence, token, FinishReason.LENGTH if is_full else None)

    def _admit(self, gone: set[int]) -> tuple[Sequence, ...]:
        """Moves sequences from the queue to the running set while there is room, in order."""
        started = []
        for sequence in list(self._waiting):
            if id(sequence) in gone:
                continue
            blocks = 0 if sequence.script else self.pool.blocks_for(sequence.length)
            if not self._has_place(sequence) or not self.pool.can_allocate(blocks):
                break  # nobody overtakes: otherwise a long prompt might wait for ever
            self._waiting.remove(sequence)
            sequence.blocks.extend(self.pool.allocate(blocks))
            sequence.is_running = True
            insort(self._running, sequence, key=_order)
            started.append(sequence)
        return tuple(started)

    def _has_place(self, sequence: Sequence) -> bool:
        """Jobs leave one place free, so that a person never waits for a whole job."""
        is_job = sequence.priority is Priority.BATCH and self._max_running > 1
        return len(self._running) < self._max_running - (1 if is_job else 0)

    def _decodes(self, gone: set[int]) -> tuple[Slice, ...]:
        decodes: list[Slice] = []
        for sequence in list(self._running):
            if (
                not sequence.is_running  # preempted just now, for one before it
                or sequence.script is not None
                or sequence.is_prefilling
                or id(sequence) in gone
            ):
                continue
            if self._grow(sequence):
                decodes.append(Slice(sequence, sequence.computed, sequence.computed + 1))
        return tuple(decodes)

    def _grow(self, sequence: Sequence) -> bool:
        """Makes room for the next token, if need be by preempting the last in order."""
        if sequence.computed < len(sequence.blocks) * self.pool.block_size:
            return True
        while not self.pool.can_allocate(1):
            victim = next(s for s in reversed(self._running) if s.blocks)
            self._preempt(victim)
            if victim is sequence:
                return False
        sequence.blocks.extend(self.pool.allocate(1))
        return True

    def _prefills(self, gone: set[int]) -> tuple[Slice, ...]:
        prefills: list[Slice] = []
        budget = self._step_tokens
        for sequence in self._running:
            if sequence.script is not None or id(sequence) in gone:
                continue
            start = sequence.computed
            while start < len(sequence.prompt_ids):
                boundary = (start // self._chunk_tokens + 1) * self._chunk_tokens
                end = min(boundary, len(sequence.prompt_ids))
                if end - start > budget:
                    return tuple(prefills)
                prefills.append(Slice(sequence, start, end))
                budget -= end - start
                start = end
        return tuple(prefills)

    def _preempt(self, sequence: Sequence) -> None:
        """Sends a running sequence back to the queue; its tokens will be computed again."""
        self._leave(sequence)
        sequence.computed = 0
        self.preemptions += 1
        insort(self._waiting, sequence, key=_order)

    def _leave(self, sequence: Sequence) -> None:
        self._running.remove(sequence)
        sequence.is_running = False
        self.pool.release(sequence.blocks)
        sequence.blocks.clear()
