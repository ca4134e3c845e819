"""A model without numbers: it remembers what every slot of its memory was computed from, and
refuses to read what does not belong to the sequence it computes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from backend.prompt.picture import Picture
from backend.scheduling.batch import Batch, Slice
from backend.scheduling.sequence import Sequence

SPOILT = b"spoilt"  # what NaN is to a real model: all that is made of it is spoilt too


def content(sequence: Sequence, before: bytes, place: int) -> bytes:
    """What a slot holds that was computed for a place, after another: all that decides it."""
    [token] = sequence.tokens(place, place + 1)
    seen = [
        (span.picture.key, place - span.start)
        for span in sequence.images
        if span.start <= place < span.end
    ]
    return hashlib.sha256(repr((before, sequence.owner, token, seen)).encode()).digest()


def next_token(last: bytes, vocabulary: int) -> int:
    """The token that follows a place with this content."""
    return last[0] % vocabulary


@dataclass
class Memory:
    """Computes batches, and checks each against what its blocks must hold."""

    block_size: int
    vocabulary: int = 7
    slots: dict[int, bytes] = field(default_factory=dict)
    embeddings: set[bytes] = field(default_factory=set)
    encoded: list[bytes] = field(default_factory=list)
    rows: int = 0  # tokens computed
    spoils: Callable[[Slice], bool] = lambda part: False
    _contents: dict[int, list[bytes]] = field(default_factory=dict)  # by arrival

    def see(self, pictures: tuple[Picture, ...]) -> None:
        """Encodes the pictures that it does not know."""
        assert len({picture.key for picture in pictures}) == len(pictures)
        for picture in pictures:
            if picture.key not in self.embeddings:
                assert picture.pixels is not None, "nobody has the picture any more"
                self.encoded.append(picture.key)
                self.embeddings.add(picture.key)
            picture.pixels = None

    def run(self, batch: Batch) -> tuple[list[int | None], list[Sequence]]:
        """The next tokens, and the sequences for which there is none because it is spoilt."""
        self.see(batch.images)
        tokens: list[int | None] = []
        failed: list[Sequence] = []
        for part in batch.slices:
            last = self._compute(part)
            token = None
            if part.samples and last == SPOILT:
                failed.append(part.sequence)
            elif part.samples:
                token = next_token(last, self.vocabulary)
            tokens.append(token)
        return tokens, failed

    def _compute(self, part: Slice) -> bytes:
        sequence = part.sequence
        assert part.end <= len(sequence.blocks) * self.block_size, "no room"
        for span in sequence.images:
            if span.start < part.end and span.end > part.start:
                assert span.picture.key in self.embeddings, "a picture was not encoded"
        contents = self._contents.setdefault(sequence.arrival, [])
        for place in range(len(contents), part.end):
            contents.append(content(sequence, contents[-1] if contents else b"", place))
        is_spoilt = self.spoils(part)
        for place in range(part.start):
            there = self.slots[self._slot(sequence, place)]
            is_spoilt = is_spoilt or there == SPOILT
            assert there in (contents[place], SPOILT), "reads another's memory"
        for place in range(part.start, part.end):
            self.slots[self._slot(sequence, place)] = SPOILT if is_spoilt else contents[place]
        self.rows += part.end - part.start
        return SPOILT if is_spoilt else contents[part.end - 1]

    def _slot(self, sequence: Sequence, place: int) -> int:
        return sequence.blocks[place // self.block_size] * self.block_size + place % self.block_size


def answer_alone(sequence: Sequence, vocabulary: int, eos: frozenset[int]) -> list[int]:
    """The answer that a sequence gets whoever else is there."""
    alone = Sequence(
        sequence.request_id,
        sequence.owner,
        0,
        sequence.prompt_ids,
        sequence.sampling,
        images=sequence.images,
    )
    last = b""
    for place in range(len(sequence.prompt_ids)):
        last = content(alone, last, place)
    while len(alone.output_ids) < alone.max_tokens:
        token = next_token(last, vocabulary)
        if token in eos:
            break
        alone.output_ids.append(token)
        last = content(alone, last, alone.length - 1)
    return alone.output_ids
