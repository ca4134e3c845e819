"""Steps with short stretches of prompts from graphs, one for each of a few numbers of rows.

A step of a few hundred rows is over sooner than its kernels are launched one by one, so the first
token of a short prompt, or of another question about a known document, waits for the host without
a graph. Sequences that decode meanwhile are stretches of one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from backend.model.cuda.attention import TILE_FIELDS, Prompts, most_tiles, tiles
from backend.model.cuda.layers import FusedText, Memory, Step
from backend.model.cuda.recording import NOWHERE, Recorder, Recordings, Staging, Tables

_SIZES = (32, 64, 128, 192, 256, 384, 512, 768, 1024)  # rows
_MOST_STRETCHES = 128


@dataclass(frozen=True)
class Stretch:
    """Neighbouring tokens of a sequence that are computed next."""

    start: int
    end: int
    blocks: list[int]  # of the sequence, up to the one of its last token here at least


class _Graph:
    """The step of a number of rows."""

    def __init__(
        self,
        rows: int,
        width: int,
        hidden: int,
        text: FusedText,
        memory: Memory,
        recorder: Recorder,
    ) -> None:
        """`width` is the blocks of the longest sequence."""
        keys = memory[0][0]
        self._rows = rows
        self._block_size = keys.shape[1]
        self.stretches = min(rows, _MOST_STRETCHES)
        self._cut = partial(tiles, heads=text.heads, dtype=keys.dtype, device=keys.device)
        most = most_tiles(rows, self.stretches, text.heads, keys.dtype, keys.device)
        # Slots, tiles and tables; positions are on the device already.
        shapes = [(1, rows), (most, TILE_FIELDS), (self.stretches, width)]
        self._staging = Staging(shapes, keys.device)
        self._tables = Tables(self._staging.host[2])
        self._positions = torch.zeros(3, rows, dtype=torch.int64, device=keys.device)
        self._embedded = torch.zeros(rows, hidden, dtype=keys.dtype, device=keys.device)
        self._fill([])
        self._staging.send()

        def step() -> torch.Tensor:
            slots, cut, tables = self._staging.device
            part = Prompts(tables, cut, text.heads)
            given = Step(self._positions, slots[0], memory, ((slice(0, rows), part),))
            return text(self._embedded, given)

        self._recording = recorder.record(step)

    def run(
        self, embedded: torch.Tensor, positions: torch.Tensor, stretches: Sequence[Stretch]
    ) -> torch.Tensor:
        """[rows, hidden]."""
        count = len(embedded)
        self._staging.wait()
        self._fill(stretches)
        self._staging.send()
        self._embedded[:count] = embedded
        self._positions[:, :count] = positions
        return self._recording.replay()[:count]

    def _fill(self, stretches: Sequence[Stretch]) -> None:
        slots, cut, _ = self._staging.host
        size, row = self._block_size, 0
        spans = []
        for number, stretch in enumerate(stretches):
            end = row + stretch.end - stretch.start
            spans.append((row, stretch.start, stretch.end))
            slots[0, row:end] = [
                stretch.blocks[place // size] * size + place % size
                for place in range(stretch.start, stretch.end)
            ]
            self._tables.write(number, stretch.blocks)
            row = end
        slots[0, row:] = NOWHERE
        found = self._cut(spans)
        cut[: len(found)] = found or 0
        cut[len(found) :] = 0


class PromptSteps:
    """Computes what the head reads of rows that are not too many."""

    def __init__(
        self, text: FusedText, hidden: int, memory: Memory, recorder: Recorder, *, width: int
    ) -> None:
        """`hidden` is the numbers of a row, `width` the blocks of the longest sequence."""
        parts = (width, hidden, text, memory, recorder)
        self.recordings = Recordings("rows", _SIZES, lambda rows: _Graph(rows, *parts))

    def has(self, rows: int, stretches: int) -> bool:
        """Whether there is, or can be, a graph for so much."""
        return rows <= _SIZES[-1] and stretches <= min(rows, _MOST_STRETCHES)

    def run(
        self, embedded: torch.Tensor, positions: torch.Tensor, stretches: Sequence[Stretch]
    ) -> torch.Tensor:
        """Embedded rows [rows, hidden] at positions [3, rows] of stretches, one after the other ->
        [rows, hidden]; overwritten by the next step. Does not wait for the device."""
        return self.recordings.fitting(len(embedded)).run(embedded, positions, stretches)
