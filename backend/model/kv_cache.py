"""The memory behind the blocks: keys and values of every layer."""

from __future__ import annotations

import torch


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

    def write(
        self, layer: int, slots: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Stores keys and values [tokens, heads, head_dim] at their slots [tokens].

        A slot is block * block_size + place in the block.
        """
        self.keys[layer].flatten(0, 1).index_copy_(0, slots, keys)
        self.values[layer].flatten(0, 1).index_copy_(0, slots, values)

    def read(
        self, layer: int, table: torch.Tensor, length: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values [length, heads, head_dim] of the sequence whose blocks are `table`."""
        return self._gather(self.keys[layer], table, length), self._gather(
            self.values[layer], table, length
        )

    def _gather(self, memory: torch.Tensor, table: torch.Tensor, length: int) -> torch.Tensor:
        return memory.index_select(0, table).flatten(0, 1)[:length]
