"""Attention over paged keys and values.

A packed row holds the newest tokens of several sequences. All of them write their keys and values
into their slots; then each part of the row attends to what its sequences may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch.nn.functional import pad, scaled_dot_product_attention

from backend.model.kv_cache import KVCache

_GROUP = 32  # rows that torch's CPU attention takes at a time; a group of 1 to 3 adds up otherwise


class Part(Protocol):
    """A stretch of a packed row that attends in one go."""

    @property
    def rows(self) -> slice:
        """Its place in the packed row."""

    def attend(
        self, query: torch.Tensor, cache: KVCache, layer: int, scaling: float
    ) -> torch.Tensor:
        """query [1, heads, rows, head_dim] -> [1, rows, heads, head_dim]."""


@dataclass(frozen=True)
class Pages:
    """Where a packed row's keys and values go, and what each part of it may look at."""

    cache: KVCache
    slots: torch.Tensor  # [tokens]
    parts: tuple[Part, ...]  # in order, covering the row


def attend(
    layer: int,
    query: torch.Tensor,  # [1, heads, tokens, head_dim]
    key: torch.Tensor,  # [1, kv_heads, tokens, head_dim]
    value: torch.Tensor,  # [1, kv_heads, tokens, head_dim]
    scaling: float,
    pages: Pages,
) -> torch.Tensor:
    """Keeps a layer's keys and values and attends: [1, tokens, heads, head_dim]."""
    pages.cache.write(layer, pages.slots, key[0].transpose(0, 1), value[0].transpose(0, 1))
    outputs = [
        part.attend(query[:, :, part.rows], pages.cache, layer, scaling) for part in pages.parts
    ]
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)


class Chunk:
    """Part of one sequence's prompt.

    Its keys are filled up with zeros, which nobody sees, to a multiple of `tile` tokens: then the
    bits of a row depend on the tile it lies in, and neither on where the chunk begins, which a
    cached prefix decides, nor on where the prompt ends. For the same reason rows are filled up to
    whole groups.
    """

    def __init__(
        self, cache: KVCache, blocks: list[int], first: int, start: int, end: int, tile: int
    ) -> None:
        """The tokens [start, end) of a sequence, at packed row `first`. `tile` is a multiple of
        the block size."""
        assert tile % cache.block_size == 0
        self.rows = slice(first, first + end - start)
        count = -(-end // tile) * tile // cache.block_size
        table = blocks[: -(-end // cache.block_size)]
        table += [cache.blank] * (count - len(table))
        self._neighbours = table[0] if table == list(range(table[0], table[0] + count)) else None
        self._table = torch.tensor(table, device=cache.device)
        places = torch.arange(count * cache.block_size, device=cache.device)
        self._spare = (start - end) % _GROUP
        unseen = places[None, :] > places[start:end, None]
        shape = (end - start + self._spare, len(places))
        self._mask = torch.zeros(shape, dtype=cache.dtype, device=cache.device)
        self._mask[: end - start].masked_fill_(unseen, -torch.inf)

    def attend(
        self, query: torch.Tensor, cache: KVCache, layer: int, scaling: float
    ) -> torch.Tensor:
        """query [1, heads, rows, head_dim] -> [1, rows, heads, head_dim]."""
        if self._neighbours is None:
            keys, values = cache.read(layer, self._table)
        else:
            keys, values = cache.look(layer, self._neighbours, self._table.shape)
        keys, values = keys.transpose(0, 1)[None], values.transpose(0, 1)[None]
        rows = query.shape[2]
        output = scaled_dot_product_attention(
            pad(query, (0, 0, 0, self._spare)),
            keys,
            values,
            attn_mask=self._mask,
            scale=scaling,
            enable_gqa=query.shape[1] != keys.shape[1],
        )
        return output[:, :, :rows].transpose(1, 2)
