"""Decode steps from graphs, one for each of a few numbers of rows; a spare row is nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import triton
import triton.language as tl

from backend.model.cuda.attention import Decoding
from backend.model.cuda.layers import FusedText, Memory, Step
from backend.model.cuda.recording import NOWHERE, Recorder, Recordings, Staging, Tables

_MOST_LEFT = 1024  # tokens that a step may leave on the device for the next one
_SIZES = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256)  # rows


@triton.jit
def _newest(
    fields: tl.tensor,  # [FIELDS, rows]
    left: tl.tensor,
    tokens: tl.tensor,  # [rows]
    rows: tl.constexpr,
    block: tl.constexpr,
) -> None:
    row = tl.arange(0, block)
    given = tl.load(fields + row, mask=row < rows, other=0)
    source = tl.load(fields + rows + row, mask=row < rows, other=-1)
    found = tl.load(left + source, mask=source >= 0, other=0).to(tl.int32)
    found = tl.maximum(found, 0)  # nothing was chosen: what comes of it is thrown away
    tl.store(tokens + row, tl.where(source >= 0, found, given), mask=row < rows)


@dataclass(frozen=True)
class Decode:
    """A sequence's newest token, which is computed next."""

    token: int | None  # None: the step before has left it on the device
    source: int  # in which row of those that it has left
    place: int  # in the sequence
    position: tuple[int, int, int]  # in time, height and width
    blocks: list[int]  # of the sequence, up to the one that the token goes to at least


class _Graph:
    """The step of a number of rows."""

    def __init__(
        self,
        rows: int,
        width: int,
        text: FusedText,
        embed: torch.nn.Module,
        head: torch.nn.Module,
        memory: Memory,
        recorder: Recorder,
        left: torch.Tensor,
    ) -> None:
        """`width` is the blocks of the longest sequence, `left` the tokens of the step before."""
        # Token, its row in what is left, slot, length, and the position in time, height and width;
        # then the tables.
        self._staging = Staging([(7, rows), (rows, width)], memory[0][0].device)
        self._block_size = memory[0][0].shape[1]
        self._tables = Tables(self._staging.host[1])
        self._fill([])
        self._staging.send()

        def step() -> torch.Tensor:
            text.team.spread(self._staging.flat)
            fields, tables = self._staging.device
            tokens = torch.empty_like(fields[0])
            _newest[(1,)](fields, left, tokens, rows, triton.next_power_of_2(rows), num_warps=1)
            part = Decoding(tables, fields[3], text.heads)
            given = Step(fields[4:], fields[2], memory, ((slice(0, rows), part),))
            embedded = text.team.spread(embed(tokens))
            logits: torch.Tensor = head(text(embedded, given))
            return logits

        self._recording = recorder.record(step)

    def run(self, decodes: Sequence[Decode]) -> torch.Tensor:
        """Logits [decodes, vocabulary]."""
        self._staging.wait()
        self._fill(decodes)
        self._staging.send()
        return self._recording.replay()[: len(decodes)]

    def follow(self) -> None:
        """Takes part in a step that the leader fills in."""
        self._recording.replay()

    def _fill(self, decodes: Sequence[Decode]) -> None:
        fields, count, size = self._staging.host[0], len(decodes), self._block_size
        fields[:, :count] = [
            [decode.token or 0 for decode in decodes],
            [decode.source if decode.token is None else NOWHERE for decode in decodes],
            [
                decode.blocks[decode.place // size] * size + decode.place % size
                for decode in decodes
            ],
            [decode.place + 1 for decode in decodes],
            *([decode.position[axis] for decode in decodes] for axis in range(3)),
        ]
        fields[:, count:] = [[0], [NOWHERE], [NOWHERE], [0], [0], [0], [0]]
        for row, decode in enumerate(decodes):
            self._tables.write(row, decode.blocks)


class DecodeSteps:
    """Computes the logits of sequences that get one token each."""

    def __init__(
        self,
        text: FusedText,
        embed: torch.nn.Module,
        head: torch.nn.Module,
        memory: Memory,
        recorder: Recorder,
        *,
        width: int,
    ) -> None:
        """`width` is the blocks of the longest sequence."""
        self.left = torch.zeros(_MOST_LEFT, dtype=torch.int64, device=memory[0][0].device)
        parts = (width, text, embed, head, memory, recorder, self.left)
        self.recordings = Recordings("sequences", _SIZES, lambda rows: _Graph(rows, *parts))

    @property
    def most(self) -> int:
        """Sequences in one step; for more, there is no graph."""
        return _SIZES[-1]

    def leave(self, tokens: torch.Tensor) -> bool:
        """Keeps a step's next tokens [rows] for the step after it; whether there is room."""
        if len(tokens) > len(self.left):
            return False
        self.left[: len(tokens)] = tokens
        return True

    def run(self, decodes: Sequence[Decode]) -> torch.Tensor:
        """[sequences, vocabulary]; overwritten by the next step. Does not wait for the device."""
        return self.recordings.fitting(len(decodes)).run(decodes)

    def follow(self, count: int) -> None:
        """Takes part in a step of so many sequences, which the leader of the team knows."""
        self.recordings.fitting(count).follow()
