"""The memory behind the blocks: keys and values of every layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Span:
    """The rows [first, first + rows) of a packed row: one sequence's newest tokens."""

    first: int
    rows: int
    length: int  # tokens of the sequence up to and with these rows
    origin: int | None  # slot of its first token if its blocks are neighbours in order
    table: torch.Tensor  # its blocks, [ceil(length / block_size)]; empty if there is an origin
    slots: torch.Tensor  # where the rows go, [rows]; empty if there is an origin
    mask: torch.Tensor | None  # which tokens each row sees, [rows, length]; None: plain causality

    @classmethod
    def of(
        cls,
        blocks: list[int],
        block_size: int,
        first: int,
        start: int,
        end: int,
        device: torch.device,
    ) -> Span:
        """The span at packed row `first` for the positions [start, end) of a sequence."""
        table = blocks[: -(-end // block_size)]
        origin: int | None = None
        slots: list[int] = []
        if table == list(range(table[0], table[0] + len(table))):
            origin, table = table[0] * block_size, []
        else:
            places = range(start, end)
            slots = [
                table[place // block_size] * block_size + place % block_size for place in places
            ]
        return cls(
            first=first,
            rows=end - start,
            length=end,
            origin=origin,
            table=torch.tensor(table, dtype=torch.long, device=device),
            slots=torch.tensor(slots, dtype=torch.long, device=device),
            mask=_mask(start, end, device),
        )


def _mask(start: int, end: int, device: torch.device) -> torch.Tensor | None:
    """Each of the rows [start, end) sees itself and what is before it."""
    if start == 0 or end - start == 1:
        return None
    places = torch.arange(end, device=device)
    return places[None, :] <= places[start:, None]


class KVCache:
    """Two tensors a layer, each [blocks, block_size, heads, head_dim]; never cleared, because
    nothing is read that was not written for the same sequence before."""

    def __init__(
        self,
        *,
        layers: int,
        blocks: int,
        block_size: int,
        heads: int,
        head_dim: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        shape = (blocks, block_size, heads, head_dim)
        self.blocks = blocks
        self.block_size = block_size
        self.keys = [torch.empty(shape, dtype=dtype, device=device) for _ in range(layers)]
        self.values = [torch.empty(shape, dtype=dtype, device=device) for _ in range(layers)]

    def write(self, layer: int, span: Span, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Stores keys and values [span.rows, heads, head_dim] of the span's newest tokens."""
        for memory, new in ((self.keys[layer], keys), (self.values[layer], values)):
            flat = memory.flatten(0, 1)
            if span.origin is not None:
                flat.narrow(0, span.origin + span.length - span.rows, span.rows).copy_(new)
            else:
                flat.index_copy_(0, span.slots, new)

    def read(self, layer: int, span: Span) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values [span.length, heads, head_dim] of all the span's sequence so far.

        Either way the result has the same layout, so what is computed from it is the same too.
        """
        return self._gather(self.keys[layer], span), self._gather(self.values[layer], span)

    def _gather(self, memory: torch.Tensor, span: Span) -> torch.Tensor:
        if span.origin is not None:
            return memory.flatten(0, 1).narrow(0, span.origin, span.length)
        return memory.index_select(0, span.table).flatten(0, 1)[: span.length]
