"""Decode steps as CUDA graphs: several hundred kernels, launched as one.

A graph has fixed sizes and fixed addresses. So there is one for each of a few numbers of rows, each
with buffers of its own that a step fills in before it replays the graph; rows that nobody needs
belong to nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backend.model.cuda.attention import Decoding
from backend.model.cuda.layers import FusedText, Step

log = logging.getLogger(__name__)

_SIZES = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256)  # rows
_NOWHERE = -1  # a slot
_FIELDS = 6  # token, slot, length, and the position in time, height and width
_WARM_UPS = 2


@dataclass(frozen=True)
class Decode:
    """A sequence's newest token, which is computed next."""

    token: int
    place: int  # in the sequence
    position: tuple[int, int, int]  # in time, height and width
    blocks: Sequence[int]  # of the sequence, the one that the token goes to included


class _Buffers:
    """What a graph reads, on the device, and where the host fills it in."""

    def __init__(self, rows: int, width: int, device: torch.device) -> None:
        """`width` is the blocks of the longest sequence."""
        size = rows * (_FIELDS + width)
        self._device = torch.zeros(size, dtype=torch.int32, device=device)
        self._host = torch.zeros(size, dtype=torch.int32, pin_memory=True)
        self.fields = self._device[: rows * _FIELDS].view(_FIELDS, rows)
        self.tables = self._device[rows * _FIELDS :].view(rows, width)
        numbers = self._host.numpy()
        self._fields = numbers[: rows * _FIELDS].reshape(_FIELDS, rows)
        self._tables = numbers[rows * _FIELDS :].reshape(rows, width)
        self._known: list[list[int]] = [[] for _ in range(rows)]  # what the host's tables hold

    def fill(self, decodes: Sequence[Decode], block_size: int) -> None:
        """Sends the rows to the device. The last step must have ended."""
        count = len(decodes)
        self._fields[:, :count] = [
            [decode.token for decode in decodes],
            [
                decode.blocks[decode.place // block_size] * block_size + decode.place % block_size
                for decode in decodes
            ],
            [decode.place + 1 for decode in decodes],
            *([decode.position[axis] for decode in decodes] for axis in range(3)),
        ]
        self._fields[:, count:] = [[0], [_NOWHERE], [0], [0], [0], [0]]
        for row, decode in enumerate(decodes):
            self._tabulate(row, list(decode.blocks))
        self._device.copy_(self._host, non_blocking=True)

    def _tabulate(self, row: int, blocks: list[int]) -> None:
        """Most often a row's sequence is that of the step before, with one more block at most."""
        known = self._known[row]
        same = len(known) if known == blocks[: len(known)] else 0
        if same < len(blocks):
            self._tables[row, same : len(blocks)] = blocks[same:]
            self._known[row] = blocks


@dataclass(frozen=True)
class _Graph:
    """A captured step."""

    graph: torch.cuda.CUDAGraph
    buffers: _Buffers
    logits: torch.Tensor  # [rows, vocabulary], overwritten by every replay


class DecodeGraphs:
    """Computes the logits of sequences that get one token each."""

    def __init__(
        self,
        text: FusedText,
        embed: torch.nn.Module,
        head: torch.nn.Module,
        memory: Sequence[tuple[torch.Tensor, torch.Tensor]],
        *,
        longest: int,
        device: torch.device,
    ) -> None:
        """`memory` is that of `Step`; `longest` is the most tokens of a sequence."""
        self._text = text
        self._embed = embed
        self._head = head
        self._memory = memory
        self._block_size = memory[0][0].shape[1]
        self._width = -(-longest // self._block_size)
        self._device = device
        self._graphs: dict[int, _Graph] = {}
        self._pool: Any = None  # of memory, which the graphs share

    @property
    def most(self) -> int:
        """Sequences in one step; for more, there is no graph."""
        return _SIZES[-1]

    def prepare(self, most: int) -> None:
        """Captures the graphs for up to that many sequences; others follow when they are needed."""
        for rows in reversed(_SIZES):  # the largest first: the others find their memory in its
            if rows <= max(most, _SIZES[0]):
                self._graph(rows)

    def logits(self, decodes: Sequence[Decode]) -> torch.Tensor:
        """[sequences, vocabulary]; to be read before the next call. Does not wait for the device.

        Whatever is still to be read of the step before has to be read by now.
        """
        rows = next(size for size in _SIZES if size >= len(decodes))
        graph = self._graph(rows)
        graph.buffers.fill(decodes, self._block_size)
        graph.graph.replay()
        return graph.logits[: len(decodes)]

    def _graph(self, rows: int) -> _Graph:
        if rows not in self._graphs:
            self._graphs[rows] = self._captured(rows)
            log.info("captured the decode step of %d sequences", rows)
        return self._graphs[rows]

    def _captured(self, rows: int) -> _Graph:
        buffers = _Buffers(rows, self._width, self._device)
        buffers.fill([], self._block_size)

        def step() -> torch.Tensor:
            token, slots, lengths = buffers.fields[:3]
            part = Decoding(buffers.tables, lengths, self._text.heads)
            parts = ((slice(0, rows), part),)
            given = Step(buffers.fields[3:], slots, self._memory, parts)
            logits: torch.Tensor = self._head(self._text(self._embed(token), given))
            return logits

        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):  # kernels are compiled and libraries get their workspaces
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            logits = step()
        self._pool = self._pool or graph.pool()
        return _Graph(graph, buffers, logits)
