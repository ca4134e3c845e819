"""Forward passes of a fused text model: decode steps from graphs, all else packed in one row."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

import torch

from backend.model.cuda import products
from backend.model.cuda.attention import Decoding, Prompts
from backend.model.cuda.graphs import Decode, DecodeGraphs
from backend.model.cuda.layers import Attention, FusedText, Step
from backend.model.kv_cache import KVCache
from backend.prompt.positions import Positions
from backend.scheduling.scheduler import Slice

_IN_LINE = Positions()


class FusedHead(torch.nn.Module):
    """The output layer, which has no bias."""

    def __init__(self, original: torch.nn.Module) -> None:
        super().__init__()
        self._original = original

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[rows, hidden] -> logits [rows, vocabulary]."""
        if len(hidden) == 1:
            return products.times(self._original.get_parameter("weight"), hidden)
        logits: torch.Tensor = self._original(hidden)
        return logits


class FusedForward:
    """A text model, and the memory of its keys and values."""

    def __init__(
        self,
        text: FusedText,
        embed: torch.nn.Module,
        head: FusedHead,
        cache: KVCache,
        *,
        longest: int,
    ) -> None:
        """`longest` is the most tokens of a sequence."""
        self._text = text
        self._cache = cache
        self._memory = [cache.look(layer, 0, (cache.blocks, 1)) for layer in range(cache.layers)]
        self._graphs = DecodeGraphs(
            text, embed, head, self._memory, longest=longest, device=cache.device
        )

    def prepare(self, most: int) -> None:
        """Captures the decode steps of up to that many sequences ahead of their need."""
        self._graphs.prepare(most)

    def has_graph(self, slices: SequenceOf[Slice]) -> bool:
        """Whether `decode` can do it: one new token for each of not too many sequences."""
        return len(slices) <= self._graphs.most and all(_is_decode(part) for part in slices)

    def decode(self, slices: SequenceOf[Slice]) -> torch.Tensor:
        """Logits [slices, vocabulary], to be read before the next call."""
        return self._graphs.logits([_decode(part) for part in slices])

    def hidden(
        self, embedded: torch.Tensor, positions: torch.Tensor, slices: SequenceOf[Slice]
    ) -> torch.Tensor:
        """What the head reads [rows, hidden], from embedded rows [rows, hidden] and positions
        [3, rows]; decoding slices come first."""
        cache, size = self._cache, self._cache.block_size
        slots = [
            slot
            for part in slices
            for slot in cache.slots(part.sequence.blocks, part.start, part.end)
        ]
        tables = [part.sequence.blocks[: -(-part.end // size)] for part in slices]
        count = sum(_is_decode(part) for part in slices)
        parts: list[tuple[slice, Attention]] = []
        if count:
            width = max(map(len, tables[:count]))
            padded = [table + [0] * (width - len(table)) for table in tables[:count]]
            lengths = [part.end for part in slices[:count]]
            decoding = Decoding(self._numbers(padded), self._numbers(lengths), self._text.heads)
            parts.append((slice(0, count), decoding))
        if count < len(slices):
            spans, row = [], 0
            for part in slices[count:]:
                spans.append((row, part.start, part.end))
                row += part.end - part.start
            prompts = Prompts(tables[count:], spans, self._text.heads, cache.device)
            parts.append((slice(count, None), prompts))
        step = Step(positions, self._numbers(slots), self._memory, tuple(parts))
        return self._text(embedded, step)

    def _numbers(self, values: SequenceOf[object]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.int32, device=self._cache.device)


def _is_decode(part: Slice) -> bool:
    """Whether it is one token of an answer."""
    return part.start >= len(part.sequence.prompt_ids)


def _decode(part: Slice) -> Decode:
    sequence = part.sequence
    positions = sequence.positions or _IN_LINE
    time, height, width = positions.rows(part.start, part.end)
    return Decode(
        token=sequence.tokens(part.start, part.end)[0],
        place=part.start,
        position=(time[0], height[0], width[0]),
        blocks=sequence.blocks,
    )
