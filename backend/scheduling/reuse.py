"""What a sequence need not compute, because another has computed it or is just about to."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf
from itertools import islice

from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import Priority
from backend.scheduling.blocks import BlockPool
from backend.scheduling.prefix import block_keys, root_key
from backend.scheduling.sequence import Sequence

FRESH_TOKENS = 9  # a prompt's last tokens, always computed: fewer rows are computed another way


class Reuse:
    """Knows which blocks sequences may share, and which of them wait for each other.

    Blocks are offered and taken in units of `reuse_tokens`: a block where the numbers of a token
    do not depend on how many are computed with it, else a whole chunk.
    """

    def __init__(self, pool: BlockPool, reuse_tokens: int) -> None:
        assert reuse_tokens % pool.block_size == 0
        self._pool = pool
        self._unit_tokens = reuse_tokens
        self._unit = reuse_tokens // pool.block_size  # blocks
        self._authors: dict[bytes, Sequence] = {}  # by the key of the block that each is at
        self._readers: dict[int, list[tuple[int, int, Sequence]]] = {}  # heaps, by author's arrival

    def known_tokens(
        self,
        owner: str,
        prompt_ids: SequenceOf[int],
        images: SequenceOf[ImageSpan],
        *,
        adapted: bool = False,
    ) -> int:
        """Leading tokens of a prompt that would not be computed; any thread may ask."""
        size = self._pool.block_size
        limit = self._limit(len(prompt_ids))
        root = root_key(owner, adapted=adapted)
        keys = block_keys(root, prompt_ids[: limit * size], images, size)
        return self._whole(len(self._pool.match(keys))) * size

    def prepare(self, sequences: Iterable[Sequence]) -> None:
        """Finds the keys of new sequences' prompts, of several answers to one only once."""
        last: Sequence | None = None
        for sequence in sequences:
            if sequence.script is not None:
                continue
            if (
                last is not None
                and last.prompt_ids is sequence.prompt_ids
                and last.images is sequence.images
                and last.owner == sequence.owner
                and last.adapted == sequence.adapted
            ):
                sequence.keys = list(last.keys)
            else:
                self._extend(sequence, len(sequence.prompt_ids) // self._pool.block_size)
            last = sequence

    def match(self, sequence: Sequence) -> list[int]:
        """The blocks that a waiting sequence may take over; changes nothing."""
        limit = self._limit(len(sequence.prompt_ids))
        blocks = self._pool.match(islice(sequence.keys, limit))
        return blocks[: self._whole(len(blocks))]

    def waits(self, sequence: Sequence, matched: int) -> bool:
        """Lets a sequence wait where a running one is computing what it needs after the blocks
        that it matched; whether it does. It hears of the end by `publish`, `leave` or `seclude`.
        """
        if matched == self._limit(len(sequence.prompt_ids)):
            return False
        author = self._authors.get(sequence.keys[matched])
        if author is None or (
            author.priority is Priority.BATCH and sequence.priority is not Priority.BATCH
        ):
            return False  # a person does not wait for a job: it may stand still for long
        shared = self._whole(_shared(author, sequence))
        target = min(shared, self._limit(len(sequence.prompt_ids)), self._offers(author))
        if target <= matched:
            return False
        sequence.waits_for = author
        readers = self._readers.setdefault(author.arrival, [])
        heapq.heappush(readers, (target, sequence.arrival, sequence))
        return True

    def stop_waiting(self, sequence: Sequence) -> None:
        """Takes a sequence that has ended from those that wait for another."""
        assert sequence.waits_for is not None
        readers = self._readers[sequence.waits_for.arrival]
        readers[:] = [reader for reader in readers if reader[2] is not sequence]
        heapq.heapify(readers)
        sequence.waits_for = None

    def enter(self, sequence: Sequence) -> None:
        """A sequence begins to run, with the blocks that it took over."""
        sequence.published = sequence.computed // self._pool.block_size
        self._sign(sequence)

    def publish(self, sequence: Sequence) -> list[Sequence]:
        """Offers the blocks that a running sequence has completed; who need not wait any more."""
        complete = sequence.computed // self._unit_tokens * self._unit
        if complete <= sequence.published:
            return []
        self._unsign(sequence)
        self._extend(sequence, complete)
        if not sequence.is_private:
            for place in range(sequence.published, complete):
                parent = sequence.keys[place - 1] if place else b""
                if self._pool.register(
                    sequence.blocks[place], sequence.keys[place], parent, sequence.owner
                ):
                    sequence.offered.append(sequence.keys[place])
        sequence.published = complete
        self._sign(sequence)
        return self._wake(sequence, complete)

    def leave(self, sequence: Sequence) -> list[Sequence]:
        """A sequence runs no more; who need not wait for it any more."""
        self._unsign(sequence)
        return self._wake(sequence, None)

    def seclude(self, sequence: Sequence) -> list[Sequence]:
        """Offers nothing more of a sequence; who need not wait for it any more."""
        sequence.is_private = True
        return self.leave(sequence)

    def _limit(self, prompt_tokens: int) -> int:
        """The most blocks of a prompt that may be taken over."""
        return max(0, prompt_tokens - FRESH_TOKENS) // self._unit_tokens * self._unit

    def _offers(self, sequence: Sequence) -> int:
        """The blocks of a sequence's prompt that it will offer."""
        return len(sequence.prompt_ids) // self._unit_tokens * self._unit

    def _whole(self, blocks: int) -> int:
        return blocks // self._unit * self._unit

    def _extend(self, sequence: Sequence, blocks: int) -> None:
        known, size = len(sequence.keys), self._pool.block_size
        if known < blocks:
            root = root_key(sequence.owner, adapted=sequence.adapted)
            parent = sequence.keys[-1] if known else root
            tokens = sequence.tokens(known * size, blocks * size)
            sequence.keys += block_keys(parent, tokens, sequence.images, size, known * size)

    def _sign(self, sequence: Sequence) -> None:
        """Says who computes the next block of a prompt, unless somebody more urgent does."""
        if sequence.is_private or sequence.published >= self._offers(sequence):
            return
        key = sequence.keys[sequence.published]
        author = self._authors.get(key)
        if author is None or author.priority is Priority.BATCH:
            self._authors[key] = sequence

    def _unsign(self, sequence: Sequence) -> None:
        if sequence.published < len(sequence.keys):
            key = sequence.keys[sequence.published]
            if self._authors.get(key) is sequence:
                del self._authors[key]

    def _wake(self, author: Sequence, published: int | None) -> list[Sequence]:
        """Those that waited for that many of an author's blocks; None: all of them."""
        readers = self._readers.get(author.arrival)
        if readers is None:
            return []
        woken = []
        while readers and (published is None or readers[0][0] <= published):
            reader = heapq.heappop(readers)[2]
            reader.waits_for = None
            woken.append(reader)
        if not readers:
            del self._readers[author.arrival]
        return woken


def _shared(one: Sequence, other: Sequence) -> int:
    """How many leading keys two sequences share; where one key is the same, all before it are."""
    most = min(len(one.keys), len(other.keys))
    return bisect_left(range(most), True, key=lambda place: one.keys[place] != other.keys[place])
