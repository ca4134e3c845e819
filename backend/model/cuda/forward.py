"""Forward passes of a fused text model: decode steps from graphs, all else packed in one row."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from functools import partial

import torch

from backend.model.cuda import products
from backend.model.cuda.attention import Decoding, Prompts, tiles
from backend.model.cuda.decode_steps import Decode, DecodeSteps
from backend.model.cuda.layers import Attention, FusedText, Step
from backend.model.cuda.prompt_steps import PromptSteps, Stretch
from backend.model.cuda.recording import Recorder
from backend.model.cuda.sampling import DeviceSampler
from backend.model.kv_cache import KVCache
from backend.model.parallel import team
from backend.model.parallel.modules import Joined
from backend.prompt.positions import Positions
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence

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
        head: torch.nn.Module,
        cache: KVCache,
        eos_ids: frozenset[int],
        *,
        longest: int,
    ) -> None:
        """`longest` is the most tokens of a sequence. Where there are no graphs, as in Triton's
        interpreter, every step is launched kernel by kernel."""
        fused_head = FusedHead(head)
        self.head = fused_head if text.team.size == 1 else Joined(fused_head, text.team)
        self._text = text
        self._cache = cache
        self._sampler = DeviceSampler(eos_ids, cache.device)
        self._has_graphs = cache.device.type == "cuda"
        self._memory = [cache.look(layer, 0, (cache.blocks, 1)) for layer in range(cache.layers)]
        recorder = Recorder()
        width = -(-longest // cache.block_size)
        hidden = embed.get_parameter("weight").shape[1]
        self._decodes = DecodeSteps(text, embed, self.head, self._memory, recorder, width=width)
        self._prompts = PromptSteps(text, hidden, self._memory, recorder, width=width)

    @torch.inference_mode()
    def prepare(self, most: int) -> None:
        """Records the steps of short prompts, and of up to that many sequences that decode."""
        if not self._has_graphs:
            return
        self._prompts.prepare()
        self._decodes.prepare(most)

    def can_decode(self, slices: SequenceOf[Slice]) -> bool:
        """Whether `decode` can do it: one new token for each of not too many sequences."""
        return (
            self._has_graphs
            and len(slices) <= self._decodes.most
            and all(_is_decode(part) for part in slices)
        )

    def decode(self, slices: SequenceOf[Slice]) -> torch.Tensor:
        """Logits [slices, vocabulary], overwritten by the next step."""
        with self._text.team.doing(partial(team.Decode, len(slices))):
            return self._decodes.run([_decode(part) for part in slices])

    def follow_decode(self, count: int) -> None:
        """Takes part in a step of so many sequences; the leader's `decode` knows them."""
        self._decodes.follow(count)

    def hidden(
        self, embedded: torch.Tensor, positions: torch.Tensor, slices: SequenceOf[Slice]
    ) -> torch.Tensor:
        """What the head reads [rows, hidden], overwritten by the next step, from embedded rows
        [rows, hidden] and positions [3, rows]; decoding slices come first."""
        if self._has_graphs and self._prompts.has(len(embedded), len(slices)):
            stretches = [Stretch(part.start, part.end, self._blocks(part)) for part in slices]
            return self._prompts.run(embedded, positions, stretches)
        slots = [
            slot
            for part in slices
            for slot in self._cache.slots(part.sequence.blocks, part.start, part.end)
        ]
        count = sum(_is_decode(part) for part in slices)
        parts: list[tuple[slice, Attention]] = []
        if count:
            parts.append((slice(0, count), self._decoding(slices[:count])))
        if count < len(slices):
            parts.append((slice(count, None), self._reading(slices[count:])))
        step = Step(positions, self._numbers(slots), self._memory, tuple(parts))
        return self._text(embedded, step)

    def tokens(self, logits: torch.Tensor, sequences: SequenceOf[Sequence]) -> list[int | None]:
        """As `DeviceSampler.tokens`."""
        return self._sampler.tokens(logits, sequences)

    def _decoding(self, slices: SequenceOf[Slice]) -> Decoding:
        lengths = [part.end for part in slices]
        return Decoding(self._tables(slices), self._numbers(lengths), self._text.heads)

    def _reading(self, slices: SequenceOf[Slice]) -> Prompts:
        spans, row = [], 0
        for part in slices:
            spans.append((row, part.start, part.end))
            row += part.end - part.start
        heads, cache = self._text.heads, self._cache
        cut = self._numbers(tiles(spans, heads, cache.dtype, cache.device))
        return Prompts(self._tables(slices), cut, heads)

    def _tables(self, slices: SequenceOf[Slice]) -> torch.Tensor:
        tables = [self._blocks(part) for part in slices]
        width = max(map(len, tables))
        return self._numbers([table + [0] * (width - len(table)) for table in tables])

    def _blocks(self, part: Slice) -> list[int]:
        return part.sequence.blocks[: -(-part.end // self._cache.block_size)]

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
        blocks=list(sequence.blocks),
    )
