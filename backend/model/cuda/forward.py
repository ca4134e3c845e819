"""Forward passes of a fused text model: decode steps from graphs, all else packed in one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as SequenceOf
from functools import partial
from itertools import count, groupby
from typing import Any

import torch

from backend.model.cuda import prompt_ways
from backend.model.cuda.attention import Decoding, Prompts, tiles
from backend.model.cuda.decode_steps import Decode, DecodeSteps
from backend.model.cuda.flight import NOTHING_LEFT, DeviceFlight, Left, Sample
from backend.model.cuda.layers import Attention, FusedText, Step, times
from backend.model.cuda.prompt_steps import PromptSteps, Stretch
from backend.model.cuda.prompt_ways import Fresh, Way
from backend.model.cuda.quantised import weight_of
from backend.model.cuda.recording import Recorder, Recordings
from backend.model.cuda.sampling import Choice, DeviceSampler
from backend.model.flight import Flight, Landed
from backend.model.kv_cache import KVCache
from backend.model.parallel import team
from backend.model.parallel.modules import Joined
from backend.model.sending import sent
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
        self._later: list[Callable[[], object]] = []
        self._fresh: tuple[Way, int] | None = None  # and the rows from which on it is used
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
        work = [partial(recordings.of, size) for recordings, size in sizes]
        now = len(work) if whole else len(first)
        for number, record in enumerate(work[:now], 1):
            tell(f"recording steps, {number} of {now}")
            record()
        self._later = [*work[now:], self._choose_way]

    @torch.inference_mode()
    def prepare_more(self) -> bool:
        """Does a piece of what was left for later, in the thread that computes; whether more is."""
        if self._later:
            self._later.pop(0)()
        return bool(self._later)

    def _choose_way(self) -> None:
        """Finds the fastest way for long prompts, and has it readied for their lengths."""
        heads, cache, (keys, values) = self._text.heads, self._cache, self._memory[0]
        candidates = prompt_ways.ways(heads, cache.dtype, cache.device)
        room = cache.blocks * cache.block_size
        lengths = tuple(length for length in prompt_ways.TRIAL_LENGTHS if length <= room)
        if candidates and lengths:
            self._fresh = prompt_ways.fastest(candidates, heads, keys, values, lengths)
        if self._fresh is not None:
            way, least = self._fresh
            self._later += [partial(way.ready, n) for n in way.lengths if n >= least]

    def can_decode(self, slices: SequenceOf[Slice]) -> bool:
        """Whether `decode` can do it: one new token for each of not too many sequences."""
        return len(slices) <= self._decodes.most and all(_is_decode(part) for part in slices)

    def decode(self, slices: SequenceOf[Slice], left: Left = NOTHING_LEFT) -> torch.Tensor:
        """Logits [slices, vocabulary], overwritten by the next step; `left` is what the last step
        has left."""
        with self._text.team.doing(partial(team.Decode, len(slices))):
            return self._decodes.run([_decode(part, left.source(part)) for part in slices])

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
            parts += self._reading(slices[decodes:], decodes)
        step = Step(positions, self._numbers(slots), self._memory, tuple(parts))
        return self._text(embedded, step)

    def choose(self, logits: torch.Tensor, parts: SequenceOf[Slice]) -> Choice:
        """As `DeviceSampler.choose`."""
        return self._sampler.choose(logits, parts)

    def begin(
        self,
        batch: Batch,
        logits: torch.Tensor,
        sample: Sample,
        before: DeviceFlight | None = None,
        left: Left = NOTHING_LEFT,
    ) -> Flight:
        """A batch under way, whose sampling slices have these logits; `before` is the flight that
        left it tokens."""
        numbers = count()
        rows = [next(numbers) if left.samples(part) else None for part in batch.slices]
        parts = [part for part, row in zip(batch.slices, rows, strict=True) if row is not None]
        if not parts:
            return Landed(batch, [None for _ in rows])
        choice = self.choose(logits, parts)
        return DeviceFlight(
            batch,
            rows,
            logits,
            choice,
            sample,
            self._text.team.check,
            is_kept=self._decodes.leave(choice.tokens),
            before=before,
        )

    def go_on(
        self,
        flight: Flight,
        batch: Batch,
        sample: Sample,
        compute: Callable[[Left], torch.Tensor],
    ) -> Flight:
        """A batch under way whose logits are computed from what the flight has left."""
        assert isinstance(flight, DeviceFlight)
        left = flight.left()
        return self.begin(batch, compute(left), sample, flight, left)

    def tokens_left(self, rows: SequenceOf[int]) -> torch.Tensor:
        """The tokens [rows] that the last step has left there."""
        return self._decodes.left[sent(rows, self._cache.device)].clamp(min=0)

    def _decoding(self, slices: SequenceOf[Slice]) -> Decoding:
        lengths = [part.end for part in slices]
        return Decoding(self._tables(slices), self._numbers(lengths), self._text.heads)

    def _reading(self, slices: SequenceOf[Slice], row: int) -> Iterator[tuple[slice, Attention]]:
        """How prompts attend whose rows begin at `row`: long ones with nothing before them by
        themselves, the others together."""
        for way, group in groupby(_joined(slices), self._way):
            some = list(group)
            pieces = [some] if way is None else [[part] for part in some]
            for piece in pieces:
                end = row + sum(part.end - part.start for part in piece)
                attention = self._from_pages(piece) if way is None else Fresh(way, self._text.heads)
                yield slice(row, end), attention
                row = end

    def _way(self, part: Slice) -> Way | None:
        """How a stretch attends, if not from its pages."""
        if self._fresh is None or part.start > 0:
            return None
        way, least = self._fresh
        return way if part.end >= least and way.takes(part.end) else None

    def _from_pages(self, stretches: SequenceOf[Slice]) -> Prompts:
        spans, row = [], 0
        for part in stretches:
            spans.append((row, part.start, part.end))
            row += part.end - part.start
        heads, cache = self._text.heads, self._cache
        cut = self._numbers(tiles(spans, heads, cache.dtype, cache.device))
        return Prompts(self._tables(stretches), cut, heads)

    def _tables(self, slices: SequenceOf[Slice]) -> torch.Tensor:
        tables = [self._blocks(part) for part in slices]
        width = max(map(len, tables))
        return self._numbers([table + [0] * (width - len(table)) for table in tables])

    def _blocks(self, part: Slice) -> list[int]:
        return part.sequence.blocks[: -(-part.end // self._cache.block_size)]

    def _numbers(self, values: SequenceOf[object]) -> torch.Tensor:
        return sent(values, self._cache.device, torch.int32)


def _is_decode(part: Slice) -> bool:
    """Whether it is one token of an answer."""
    return part.start >= len(part.sequence.prompt_ids)


def _joined(slices: SequenceOf[Slice]) -> Iterator[Slice]:
    """Slices of one sequence that follow each other as one."""
    for _, group in groupby(slices, lambda part: id(part.sequence)):
        parts = list(group)
        yield Slice(parts[0].sequence, parts[0].start, parts[-1].end)


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
