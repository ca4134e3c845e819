"""Forward passes of a fused text model: decode steps from graphs, all else packed in one row."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as SequenceOf
from functools import partial
from itertools import count
from typing import Any

import torch

from backend.model.cuda.attention import Decoding, Prompts, tiles
from backend.model.cuda.decode_steps import Decode, DecodeSteps
from backend.model.cuda.flight import DeviceFlight, Sample
from backend.model.cuda.layers import Attention, FusedText, Step, times
from backend.model.cuda.prompt_steps import PromptSteps, Stretch
from backend.model.cuda.quantised import weight_of
from backend.model.cuda.recording import Recorder, Recordings
from backend.model.cuda.sampling import Choice, DeviceSampler
from backend.model.flight import Flight, Landed
from backend.model.kv_cache import KVCache
from backend.model.parallel import team
from backend.model.parallel.modules import Joined
from backend.prompt.positions import Positions
from backend.scheduling.batch import Batch, Slice

_IN_LINE = Positions()
_SHORT = 64  # rows of a prompt that is answered soon after the start


class FusedHead(torch.nn.Module):
    """The output layer, which has no bias."""

    def __init__(self, original: torch.nn.Module) -> None:
        super().__init__()
        self._original = original

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[rows, hidden] -> logits [rows, vocabulary]."""
        return times(weight_of(self._original), hidden)


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
        """`longest` is the most tokens of a sequence."""
        fused_head = FusedHead(head)
        self.head = fused_head if text.team.size == 1 else Joined(fused_head, text.team)
        self._text = text
        self._cache = cache
        self._sampler = DeviceSampler(eos_ids, cache.device)
        self._has_graphs = cache.device.type == "cuda"
        self._memory = [cache.look(layer, 0, (cache.blocks, 1)) for layer in range(cache.layers)]
        recorder = Recorder(cache.device)
        width = -(-longest // cache.block_size)
        hidden = embed.get_parameter("weight").shape[1]
        self._decodes = DecodeSteps(text, embed, self.head, self._memory, recorder, width=width)
        self._later: list[tuple[Recordings[Any], int]] = []
        self._prompts = PromptSteps(text, hidden, self._memory, recorder, width=width)

    @torch.inference_mode()
    def prepare(self, decodes: int, tell: Callable[[str], None], *, whole: bool) -> None:
        """Records steps of short prompts, and of up to so many sequences that decode.

        All of them if `whole`, else a few that serve every size, though not each as fast as its
        own would; `prepare_more` records the others. `tell` hears how far it is.
        """
        if not self._has_graphs:
            return
        prompts: Recordings[Any] = self._prompts.recordings
        answers: Recordings[Any] = self._decodes.recordings
        most = max(size for size in answers.sizes if size <= decodes)
        first = [(prompts, prompts.sizes[-1]), (answers, most), (prompts, _SHORT), (answers, 1)]
        missing = [(prompts, size) for size in prompts.missing(prompts.sizes[-1])]
        missing += [(answers, size) for size in answers.missing(most)]
        sizes = first + [one for one in missing if one not in first]
        now = len(sizes) if whole else len(first)
        for number, (recordings, size) in enumerate(sizes[:now], 1):
            tell(f"recording steps, {number} of {now}")
            recordings.of(size)
        self._later = sizes[now:]

    @torch.inference_mode()
    def prepare_more(self) -> bool:
        """Records one of the steps that were left for later; whether more are left."""
        if self._later:
            recordings, size = self._later.pop(0)
            recordings.of(size)
        return bool(self._later)

    def can_decode(self, slices: SequenceOf[Slice]) -> bool:
        """Whether `decode` can do it: one new token for each of not too many sequences."""
        return len(slices) <= self._decodes.most and all(_is_decode(part) for part in slices)

    def decode(
        self, slices: SequenceOf[Slice], sources: SequenceOf[int] | None = None
    ) -> torch.Tensor:
        """Logits [slices, vocabulary], overwritten by the next step. With `sources` the slices'
        tokens are those that `leave` has kept, in these rows."""
        rows = [None] * len(slices) if sources is None else sources
        with self._text.team.doing(partial(team.Decode, len(slices))):
            return self._decodes.run(
                [_decode(part, row) for part, row in zip(slices, rows, strict=True)]
            )

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
        decodes = sum(_is_decode(part) for part in slices)
        parts: list[tuple[slice, Attention]] = []
        if decodes:
            parts.append((slice(0, decodes), self._decoding(slices[:decodes])))
        if decodes < len(slices):
            parts.append((slice(decodes, None), self._reading(slices[decodes:])))
        step = Step(positions, self._numbers(slots), self._memory, tuple(parts))
        return self._text(embedded, step)

    def choose(self, logits: torch.Tensor, parts: SequenceOf[Slice]) -> Choice:
        """As `DeviceSampler.choose`."""
        return self._sampler.choose(logits, parts)

    def begin(self, batch: Batch, logits: torch.Tensor, sample: Sample) -> Flight:
        """A batch under way, whose sampling slices have these logits."""
        numbers = count()
        rows = [next(numbers) if part.samples else None for part in batch.slices]
        parts = [part for part in batch.slices if part.samples]
        if not parts:
            return Landed(batch, [None for _ in rows])
        choice = self.choose(logits, parts)
        is_kept = self._decodes.leave(choice.tokens)
        return DeviceFlight(
            batch, rows, logits, choice, sample, self._text.team.check, is_kept=is_kept
        )

    def go_on(self, flight: Flight, batch: Batch, sample: Sample) -> Flight | None:
        """As `Runner.go_on`."""
        assert isinstance(flight, DeviceFlight)
        if not self.can_decode(batch.slices):
            return None
        logits = self.decode(batch.slices, flight.rows_of(batch.decodes))
        choice = self.choose(logits, batch.slices)
        return DeviceFlight(
            batch,
            range(len(logits)),
            logits,
            choice,
            sample,
            self._text.team.check,
            is_kept=self._decodes.leave(choice.tokens),
            before=flight,
        )

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


def _decode(part: Slice, source: int | None) -> Decode:
    """`source` is the row of the token in what the step before has left, if it is there."""
    sequence = part.sequence
    positions = sequence.positions or _IN_LINE
    time, height, width = positions.rows(part.start, part.end)
    return Decode(
        token=sequence.tokens(part.start, part.end)[0] if source is None else None,
        source=0 if source is None else source,
        place=part.start,
        position=(time[0], height[0], width[0]),
        blocks=list(sequence.blocks),
    )
