"""Decides what is computed next. Touches no tensor; with its helpers, the only writer of sequences.

Order: every running answer gets its next token, then prompts are computed in chunks within a token
budget, people before jobs, fair between owners, first come first served within one. Chunks end at
fixed positions of the prompt, whatever else is in the batch and whatever was known before, and a
preempted answer is computed again in exactly the same pieces: so the numbers, and with them the
text, do not depend on the company a request had.
"""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as SequenceOf

from backend.prompt.picture import ImageSpan, Picture
from backend.prompt.prompt import FinishReason, Priority
from backend.scheduling.answers import recited, sampled
from backend.scheduling.batch import Advance as Advance
from backend.scheduling.batch import Batch as Batch
from backend.scheduling.batch import Slice as Slice
from backend.scheduling.blocks import BlockPool
from backend.scheduling.fairness import ANSWER_WEIGHT, PROMPT_WEIGHT, FairQueue
from backend.scheduling.pictures import note_encoded, wanted_pictures
from backend.scheduling.prefix import whole_images
from backend.scheduling.reuse import Reuse
from backend.scheduling.sequence import Sequence


def _order(sequence: Sequence) -> tuple[bool, int]:
    """People before jobs, then first come first served."""
    return sequence.priority is Priority.BATCH, sequence.arrival


class Scheduler:
    """Owns the queues, the running set and the blocks. Lives on the engine's thread."""

    def __init__(
        self,
        pool: BlockPool,
        *,
        max_running: int,
        eos_ids: frozenset[int],
        chunk_tokens: int = 256,
        step_tokens: int = 256,
        beside_tokens: int | None = None,
        reuse_tokens: int | None = None,
        encode_tokens: int = 4096,
    ) -> None:
        """`chunk_tokens`: a chunk ends at each multiple of this. `step_tokens`: the most prompt
        tokens in one step; `beside_tokens`: in one that answers wait for, None for as many.
        `reuse_tokens`: computed prefixes are shared in pieces of this many,
        None for a block. `encode_tokens`: of pictures, to encode in one step if not needed yet.
        """
        assert max_running > 0
        assert 0 < chunk_tokens <= step_tokens
        self.pool = pool
        self._reuse = Reuse(pool, reuse_tokens or pool.block_size)
        self._max_running = max_running
        self._eos_ids = eos_ids
        self._chunk_tokens = chunk_tokens
        self._step_tokens = step_tokens
        self._beside_tokens = beside_tokens or step_tokens
        assert chunk_tokens <= self._beside_tokens <= step_tokens
        self._encode_tokens = encode_tokens
        self._arrivals = itertools.count()
        self._live: dict[int, Sequence] = {}  # those that have not ended, by arrival
        self._people = FairQueue()
        self._jobs = FairQueue()
        self._running: list[Sequence] = []  # sorted by _order
        self._is_unsettled = False  # whether somebody who waits might be let in
        self.preemptions = 0
        self.prefix_hits = 0  # prompt tokens, as each sequence was first admitted
        self.prefix_misses = 0

    @property
    def waiting(self) -> int:
        """Sequences in the queue."""
        return len(self._live) - len(self._running)

    @property
    def running(self) -> int:
        """Sequences that hold a place."""
        return len(self._running)

    @property
    def has_work(self) -> bool:
        """Whether any sequence has not ended."""
        return bool(self._live)

    def can_ever_run(self, tokens: int) -> bool:
        """Whether a sequence of that many tokens fits the pool when it is alone."""
        return self.pool.blocks_for(tokens) <= self.pool.total

    def known_tokens(
        self,
        owner: str,
        prompt_ids: SequenceOf[int],
        images: SequenceOf[ImageSpan],
        *,
        adapted: bool = False,
    ) -> int:
        """Leading tokens of a prompt that would not be computed. Any thread may ask."""
        return self._reuse.known_tokens(owner, prompt_ids, images, adapted=adapted)

    def forget(self, owner: str) -> int:
        """Makes all that was computed for an owner unknown; how many blocks. What her live
        sequences hold is known to nobody else from now on."""
        for sequence in self._live.values():
            if sequence.owner == owner:
                self._requeue(self._reuse.seclude(sequence))
        return self.pool.forget(owner)

    def add(self, sequences: Iterable[Sequence]) -> None:
        """Puts new sequences into the queue; each must be able to run alone."""
        new = list(sequences)
        self._reuse.prepare(new)
        for sequence in new:
            assert sequence.script is not None or self.can_ever_run(
                len(sequence.prompt_ids) + sequence.max_tokens
            )
            sequence.arrival = next(self._arrivals)
            self._live[sequence.arrival] = sequence
            self._queue(sequence).join(sequence.owner)
        self._requeue(new)

    def finish(self, sequence: Sequence, reason: FinishReason) -> None:
        """Ends a sequence at any stage and takes back all it holds.

        After an error what it offered to others is not offered any more, nor what it took over
        from one that ended before its first token, nor anything that was made of either.
        """
        if sequence.reason is not None:
            return
        sequence.reason = reason
        self._is_unsettled = True
        doubtful = self.pool.doubtful(sequence.blocks)
        queue = self._queue(sequence)
        if sequence.is_running:
            self._leave(sequence)
        elif sequence.waits_for is not None:
            self._reuse.stop_waiting(sequence)
        else:
            queue.take(sequence)
        queue.leave(sequence.owner)
        del self._live[sequence.arrival]
        if reason is FinishReason.ERROR:
            suspects = self.pool.distrust([*sequence.offered, *doubtful])
            for other in self._running:
                if not suspects.isdisjoint(other.blocks):
                    self._requeue(self._reuse.seclude(other))

    def schedule(self, now: float) -> Batch:
        """The next step's work. Admits, gives blocks, and preempts where blocks run out."""
        expired = tuple(
            sequence
            for sequence in self._live.values()
            if sequence.deadline is not None and sequence.deadline <= now
        )
        gone = {sequence.arrival for sequence in expired}
        self._is_unsettled = False
        started = self._admit(gone)
        decodes = self._decodes(gone)
        budget = self._beside_tokens if decodes else self._step_tokens
        prefills = self._prefills(gone, budget, {})
        scripted = tuple(
            sequence
            for sequence in self._running
            if sequence.script is not None and sequence.arrival not in gone
        )
        return Batch(decodes, prefills, self._images(prefills), scripted, expired, started)

    def ahead(self, flying: Batch, now: float) -> Batch | None:
        """The step after one that is still being computed, whatever the tokens are that come of it.
        Admits and gives blocks.

        None where that has to wait: a deadline has passed, blocks have run out, or there is nothing
        to do. A sequence that ends with its token of the flying batch is computed in vain, unless
        its length alone ends it.
        """
        if any(one.deadline is not None and one.deadline <= now for one in self._live.values()):
            return None
        ends = {part.sequence.arrival: part.end for part in flying.slices}
        decodes = self._decodes_ahead(ends)
        if decodes is None:
            return None
        started: tuple[Sequence, ...] = ()
        if self._is_unsettled and self.waiting:
            self._is_unsettled = False
            started = self._admit(set())
        budget = self._beside_tokens if decodes else self._step_tokens
        prefills = self._prefills(set(), budget, ends)
        scripted = tuple(sequence for sequence in self._running if sequence.script is not None)
        if not (decodes or prefills or scripted or started):
            return None
        return Batch(decodes, prefills, self._images(prefills), scripted, started=started)

    def _decodes_ahead(self, ends: Mapping[int, int]) -> tuple[Slice, ...] | None:
        """One more token for each sequence that is through with its prompt, those included of which
        the place at which the flying batch ends is known only; None for want of blocks."""
        decodes: list[Slice] = []
        needy: list[Sequence] = []
        for sequence in self._running:
            prompt, place = len(sequence.prompt_ids), ends.get(sequence.arrival, sequence.computed)
            if sequence.script is not None or place < prompt:
                continue
            if place >= sequence.length and place + 1 - prompt >= sequence.max_tokens:
                continue
            decodes.append(Slice(sequence, place, place + 1))
            if place >= len(sequence.blocks) * self.pool.block_size:
                needy.append(sequence)
        if not self.pool.can_allocate(len(needy)):
            return None
        for sequence in needy:
            sequence.blocks += self.pool.allocate(1, after=sequence.blocks[-1])
        return tuple(decodes)

    def commit(self, batch: Batch, tokens: Iterable[int | None]) -> list[Advance]:
        """Writes the step's tokens, one for each computed slice (None where there is none).

        A slice whose sequence has ended meanwhile is skipped. The caller ends the sequences
        whose advance has a reason.
        """
        if batch.images:
            note_encoded(self._running, batch.images)
        advances = []
        for part, token in zip(batch.slices, tokens, strict=True):
            sequence = part.sequence
            if sequence.reason is not None:
                continue
            self._account(sequence, part.end)
            self._requeue(self._reuse.publish(sequence))
            if token is not None:
                assert part.samples
                if not sequence.output_ids:
                    self.pool.trust(sequence.blocks)
                self._count_answer(sequence)
                advances.append(sampled(sequence, token, self._eos_ids))
        for sequence in batch.scripted:
            if sequence.reason is None:
                self._count_answer(sequence)
                advances.append(recited(sequence))
        return advances

    def _account(self, sequence: Sequence, end: int) -> None:
        """Notes how far a sequence is computed, and who was served what for the first time."""
        sequence.computed = end
        served = min(end, len(sequence.prompt_ids)) - sequence.furthest
        if served > 0:
            self._queue(sequence).serve(served * PROMPT_WEIGHT)
        sequence.furthest = max(sequence.furthest, end)

    def _count_answer(self, sequence: Sequence) -> None:
        queue = self._queue(sequence)
        queue.reserve(sequence.owner, ANSWER_WEIGHT)
        queue.serve(ANSWER_WEIGHT)

    def _admit(self, gone: set[int]) -> tuple[Sequence, ...]:
        """Moves sequences from the queue to the running set while there is room, in order."""
        started: list[Sequence] = []
        for queue, places in (
            (self._people, self._max_running),
            (self._jobs, max(1, self._max_running - 1)),  # a person never waits for a whole job
        ):
            if len(self._running) >= places:
                continue
            for sequence in queue.turns():
                if sequence.arrival in gone:
                    continue
                if not self._start(sequence):
                    # Nobody overtakes: otherwise a long prompt might wait for ever.
                    return tuple(started)
                if sequence.is_running:
                    started.append(sequence)
                if len(self._running) >= places:
                    break
        return tuple(started)

    def _start(self, sequence: Sequence) -> bool:
        """Lets a sequence run, or wait for one that computes the same; False if there is no room.

        Blocks that it takes over are held from here on.
        """
        queue = self._queue(sequence)
        if sequence.script is None:
            matched = self._reuse.match(sequence)
            if self._reuse.waits(sequence, len(matched)):
                queue.take(sequence)
                return True
            fresh = self.pool.blocks_for(sequence.length) - len(matched)
            if not self.pool.can_allocate(fresh, beside=matched):
                return False
            self.pool.hold(matched)
            last = matched[-1] if matched else None
            sequence.blocks = [*matched, *self.pool.allocate(fresh, after=last)]
            self._take_over(sequence, len(matched) * self.pool.block_size)
            queue.reserve(sequence.owner, self._ahead(sequence))
        queue.take(sequence)
        sequence.is_running = True
        insort(self._running, sequence, key=_order)
        return True

    def _take_over(self, sequence: Sequence, tokens: int) -> None:
        """Notes that the leading tokens need not be computed."""
        if not sequence.was_admitted:
            sequence.was_admitted = True
            sequence.cached_tokens = tokens
            self.prefix_hits += tokens
            self.prefix_misses += len(sequence.prompt_ids) - tokens
        sequence.computed = tokens
        sequence.furthest = max(sequence.furthest, tokens)
        sequence.encoded = whole_images(sequence.images, tokens)
        self._reuse.enter(sequence)

    def _ahead(self, sequence: Sequence) -> float:
        """The tokens of its prompt that are still to be served to its owner, weighted."""
        return PROMPT_WEIGHT * max(0, len(sequence.prompt_ids) - sequence.furthest)

    def _decodes(self, gone: set[int]) -> tuple[Slice, ...]:
        decodes: list[Slice] = []
        for sequence in list(self._running):
            if (
                not sequence.is_running  # preempted just now, for one before it
                or sequence.script is not None
                or sequence.is_prefilling
                or sequence.arrival in gone
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
        sequence.blocks += self.pool.allocate(1, after=sequence.blocks[-1])
        return True

    def _prefills(self, gone: set[int], budget: int, ends: Mapping[int, int]) -> tuple[Slice, ...]:
        """Chunks of prompts; `ends` tells how far those are, by arrival, that are under way."""
        prefills: list[Slice] = []
        turns = [
            (*self._urgency(sequence), sequence)
            for sequence in self._running
            if sequence.script is None
            and ends.get(sequence.arrival, sequence.computed) < len(sequence.prompt_ids)
            and sequence.arrival not in gone
        ]
        heapq.heapify(turns)
        while turns:
            sequence = heapq.heappop(turns)[-1]
            start = ends.get(sequence.arrival, sequence.computed)
            while start < len(sequence.prompt_ids):
                boundary = (start // self._chunk_tokens + 1) * self._chunk_tokens
                end = min(boundary, len(sequence.prompt_ids))
                if end - start > budget:
                    return tuple(prefills)
                prefills.append(Slice(sequence, start, end))
                budget -= end - start
                start = end
        return tuple(prefills)

    def _urgency(self, sequence: Sequence) -> tuple[bool, float, int]:
        """People before jobs, then who was served least, then first come first served."""
        is_job, arrival = _order(sequence)
        return is_job, self._queue(sequence).counter(sequence.owner), arrival

    def _images(self, prefills: SequenceOf[Slice]) -> tuple[Picture, ...]:
        """The pictures to encode before this step's slices."""
        needed = [(part.sequence, part.end) for part in prefills if part.sequence.images]
        if not needed:
            return ()
        ahead = sorted(
            (s for s in self._running if s.encoded < len(s.images) and s.script is None),
            key=self._urgency,
        )
        return wanted_pictures(needed, ahead, self._encode_tokens)

    def _preempt(self, sequence: Sequence) -> None:
        """Sends a running sequence back to the queue; its tokens will be computed again."""
        self._leave(sequence)
        sequence.computed = 0
        self.preemptions += 1
        self._requeue([sequence])

    def _leave(self, sequence: Sequence) -> None:
        place = bisect_left(self._running, _order(sequence), key=_order)
        assert self._running[place] is sequence
        del self._running[place]
        sequence.is_running = False
        if sequence.script is None:
            self._queue(sequence).reserve(sequence.owner, -self._ahead(sequence))
            self._requeue(self._reuse.leave(sequence))
            self.pool.release(sequence.blocks)
            sequence.blocks = []

    def _requeue(self, sequences: Iterable[Sequence]) -> None:
        for sequence in sequences:
            self._queue(sequence).put(sequence)
            self._is_unsettled = True

    def _queue(self, sequence: Sequence) -> FairQueue:
        return self._jobs if sequence.priority is Priority.BATCH else self._people
