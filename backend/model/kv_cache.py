"""The memory behind the blocks: keys and values of every layer."""

from __future__ import annotations

import math
from collections.abc import Sequence as SequenceOf

import torch


class KVCache:
    """Keys and values by layer and block, `block_size` tokens each.

    Nothing is cleared when a block changes hands. What is read and not yet written is zero all
    the same: `clear` the last block that a write leaves partly filled, and fill up with the
    `blank` block. So neither old numbers nor those of a sequence that went wrong reach another.
    """

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
        self.layers = layers
        self.blocks = blocks
        self.block_size = block_size  # tokens
        self.blank = blocks  # one more block, which is never written
        self.dtype = dtype
        self.device = device
        shape = (layers, 2, blocks + 1, block_size, heads, head_dim)
        self._memory = torch.empty(shape, dtype=dtype, device=device)
        self.clear(self.blank)

    @property
    def shape(self) -> tuple[int, int]:
        """Heads, and the dimensions of each."""
        heads, head_dim = self._memory.shape[-2:]
        return heads, head_dim

    def like(self, *, layers: int, blocks: int) -> KVCache:
        """Another memory for the same model, of another size."""
        heads, head_dim = self.shape
        return KVCache(
            layers=layers,
            blocks=blocks,
            block_size=self.block_size,
            heads=heads,
            head_dim=head_dim,
            dtype=self.dtype,
            device=self.device,
        )

    def slots(self, blocks: list[int], start: int, end: int) -> list[int]:
        """Where the tokens [start, end) of a sequence with these blocks lie, for `write`."""
        size = self.block_size
        return [blocks[place // size] * size + place % size for place in range(start, end)]

    def clear(self, block: int) -> None:
        """Fills a block with zeros, in every layer."""
        self._memory[:, :, block].zero_()

    def write(
        self, layer: int, slots: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Stores keys and values [tokens, heads, head_dim] at slots [tokens]."""
        memory = self._memory[layer].flatten(1, 2)
        memory[0].index_copy_(0, slots, keys)
        memory[1].index_copy_(0, slots, values)

    def read(self, layer: int, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Copies of the keys and values in blocks [...]: each [..., tokens, heads, head_dim]."""
        memory = self._memory[layer]
        flat = table.flatten()
        shape = (*table.shape[:-1], -1, *memory.shape[-2:])
        return (
            memory[0].index_select(0, flat).view(shape),
            memory[1].index_select(0, flat).view(shape),
        )

    def look(
        self, layer: int, first: int, shape: SequenceOf[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As `read` of a table of this shape with neighbouring blocks from `first` on; views."""
        memory = self._memory[layer, :, first : first + math.prod(shape)]
        keys, values = memory.view(2, *shape[:-1], -1, *memory.shape[-2:])
        return keys, values
