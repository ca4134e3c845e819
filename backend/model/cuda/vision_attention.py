"""Attention of a vision tower on the GPU: every patch looks at all patches of its picture.

Several pictures lie in one row. What all ways to compute it have to do, and the one that works on
any card; those that some cards and packages bring along are in `vision_ways`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, Protocol

import torch
import triton
import triton.language as tl
from torch.nn.functional import scaled_dot_product_attention

_LOG2E = math.log2(math.e)


@dataclass(frozen=True)
class Segments:
    """Where pictures begin and end among rows that lie together."""

    lengths: tuple[int, ...]  # patches of each
    device: torch.device

    @cached_property
    def bounds(self) -> torch.Tensor:
        """int32 [pictures + 1]."""
        return torch.tensor(self.ends, dtype=torch.int32, device=self.device)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The first row of each picture, and the end of the last."""
        return tuple(accumulate(self.lengths, initial=0))

    @cached_property
    def longest(self) -> int:
        """Patches of the largest picture."""
        return max(self.lengths)

    def tiles(self, block: int) -> torch.Tensor:
        """int32 [tiles, 3]: the first row and the end of a picture, and the first row of a tile of
        `block` rows of it."""
        known: dict[int, torch.Tensor] = self._tiles
        if block not in known:
            cut = [
                (first, end, row)
                for first, end in pairwise(self.ends)
                for row in range(first, end, block)
            ]
            known[block] = torch.tensor(cut, dtype=torch.int32, device=self.device)
        return known[block]

    @cached_property
    def _tiles(self) -> dict[int, torch.Tensor]:
        return {}


class Way(Protocol):
    """A way to compute attention."""

    name: str

    def prepare_more(self) -> bool:
        """Readies a part of what makes it faster in this thread, for what it was asked for until
        now; whether more is left."""

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        """Queries, keys and values [n, 3, heads, dim] -> [n, heads, dim]."""


def _room(rows: torch.Tensor, segments: Segments) -> torch.Tensor:
    """[n, heads, dim], to be filled in."""
    return rows.new_empty(segments.ends[-1], *rows.shape[2:])


class Simple:
    """A way that needs no preparation."""

    def prepare_more(self) -> bool:
        """Nothing."""
        return False


class Plain(Simple):
    """What all others have to equal: torch's own choice, picture by picture."""

    name = "sdpa"

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        output = _room(rows, segments)
        for first, end in pairwise(segments.ends):
            query, key, value = rows[first:end].permute(1, 2, 0, 3)[:, None]  # [1, heads, n, dim]
            seen = scaled_dot_product_attention(query, key, value, scale=scale)
            output[first:end] = seen[0].transpose(0, 1)
        return output


@triton.jit
def _look(
    query: tl.tensor,  # [BLOCK, dim]
    key: tl.tensor,  # [TILE, dim]
    value: tl.tensor,
    seen: tl.tensor,  # [TILE]
    best: tl.tensor,  # [BLOCK], in units of a power of two, as is the sum
    total: tl.tensor,
    mixed: tl.tensor,  # [BLOCK, dim]
    scale: tl.tensor,
    masked: tl.constexpr,
) -> tuple[tl.tensor, tl.tensor, tl.tensor]:
    """One tile's part of a running softmax; some of it is always seen."""
    scores = tl.dot(query, tl.trans(key), input_precision="ieee")
    if masked:
        scores = tl.where(seen[None, :], scores, float("-inf"))
    peak = tl.maximum(best, tl.max(scores, 1) * scale)
    weights = tl.exp2(scores * scale - peak[:, None])
    shrink = tl.exp2(best - peak)
    total = total * shrink + tl.sum(weights, 1)
    mixed *= shrink[:, None]
    mixed = tl.dot(weights.to(value.dtype), value, mixed, input_precision="ieee")
    return peak, total, mixed


@triton.jit
def _attend_tile(
    rows: tl.tensor,  # [n, 3, heads, dim]
    tiles: tl.tensor,
    output: tl.tensor,  # [n, heads, dim]
    scale: tl.tensor,
    heads: tl.constexpr,
    dim: tl.constexpr,
    block: tl.constexpr,
    tile: tl.constexpr,
) -> None:
    # Tiles of a head are neighbours in time, so that its keys and values stay in the cache.
    tiles += tl.program_id(0) * 3
    head = tl.program_id(1)
    first = tl.load(tiles).to(tl.int64)
    end = tl.load(tiles + 1).to(tl.int64)
    row = tl.load(tiles + 2).to(tl.int64) + tl.arange(0, block)
    column = tl.arange(0, dim)
    width: tl.constexpr = heads * dim
    is_row = (row < end)[:, None]
    pointers = rows + row[:, None] * (3 * width) + head * dim + column[None, :]
    query = tl.load(pointers, mask=is_row, other=0.0)
    best = tl.full([block], float("-inf"), tl.float32)
    total = tl.zeros([block], tl.float32)
    mixed = tl.zeros([block, dim], tl.float32)
    count = (end - first).to(tl.int32)
    number = tl.arange(0, tile)
    keys = rows + (first + number)[:, None] * (3 * width) + width + head * dim + column[None, :]
    whole = count // tile * tile
    for _ in range(0, whole, tile):
        key = tl.load(keys)
        value = tl.load(keys + width)
        best, total, mixed = _look(query, key, value, number, best, total, mixed, scale, False)
        keys += tile * (3 * width)
    if whole < count:
        seen = whole + number < count
        key = tl.load(keys, mask=seen[:, None], other=0.0)
        value = tl.load(keys + width, mask=seen[:, None], other=0.0)
        best, total, mixed = _look(query, key, value, seen, best, total, mixed, scale, True)
    pointers = output + row[:, None] * width + head * dim + column[None, :]
    tl.store(pointers, mixed / total[:, None], mask=is_row)


@triton.jit
def _attend_described(
    tensor: tl.tensor,  # describes rows [n, 3 * heads * dim], read in [TILE, dim]
    rows: tl.tensor,  # the same
    tiles: tl.tensor,
    output: tl.tensor,
    scale: tl.tensor,
    heads: tl.constexpr,
    dim: tl.constexpr,
    block: tl.constexpr,
    tile: tl.constexpr,
) -> None:
    tiles += tl.program_id(0) * 3
    head = tl.program_id(1)
    first = tl.load(tiles)
    end = tl.load(tiles + 1)
    row = tl.load(tiles + 2) + tl.arange(0, block)
    column = tl.arange(0, dim)
    width: tl.constexpr = heads * dim
    is_row = (row < end)[:, None]
    pointers = rows + row[:, None].to(tl.int64) * (3 * width) + head * dim + column[None, :]
    query = tl.load(pointers, mask=is_row, other=0.0)
    best = tl.full([block], float("-inf"), tl.float32)
    total = tl.zeros([block], tl.float32)
    mixed = tl.zeros([block, dim], tl.float32)
    number = tl.arange(0, tile)
    last = first + (end - first) // tile * tile
    for place in range(first, last, tile):
        key = tensor.load([place, width + head * dim])
        value = tensor.load([place, 2 * width + head * dim])
        best, total, mixed = _look(query, key, value, number, best, total, mixed, scale, False)
    if last < end:
        seen = last + number < end
        key = tensor.load([last, width + head * dim])
        value = tensor.load([last, 2 * width + head * dim])
        value = tl.where(seen[:, None], value, 0.0)  # of another picture, and perhaps no numbers
        best, total, mixed = _look(query, key, value, seen, best, total, mixed, scale, True)
    pointers = output + row[:, None].to(tl.int64) * width + head * dim + column[None, :]
    tl.store(pointers, mixed / total[:, None], mask=is_row)


@dataclass(frozen=True)
class Cut:
    """How attention is cut into programs."""

    block: int  # queries of a program
    tile: int  # keys read at a time
    warps: int
    stages: int  # reads under way
    described: bool = False  # read by the card's copy engine, from Hopper on

    def bytes(self, dim: int, dtype: torch.dtype) -> int:
        """Of shared memory, for heads of `dim` numbers."""
        return (self.block + 2 * self.tile * self.stages) * dim * dtype.itemsize


CUTS = (
    Cut(64, 64, 4, 3, described=True),
    Cut(128, 64, 8, 3),
    Cut(64, 64, 4, 2),
    Cut(64, 32, 4, 2),
)


class Tiled(Simple):
    """FlashAttention-2 (Dao, 2023) in Triton: all pictures in one launch, on any card."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        how = " by descriptor" if cut.described else ""
        self.name = f"triton {cut.block}x{cut.tile}, {cut.warps} warps, {cut.stages} stages{how}"

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        cut = self._cut
        count, _, heads, dim = rows.shape
        output = _room(rows, segments)
        tiles = segments.tiles(cut.block)
        given: tuple[Any, ...] = (rows, tiles, output, scale * _LOG2E, heads, dim)
        kernel = _attend_tile
        if cut.described:
            from triton.tools.tensor_descriptor import TensorDescriptor

            kernel = _attend_described
            flat = rows.view(count, 3 * heads * dim)
            given = (TensorDescriptor.from_tensor(flat, [cut.tile, dim]), *given)
        kernel[(len(tiles), heads)](
            *given, cut.block, cut.tile, num_warps=cut.warps, num_stages=cut.stages
        )
        return output


def best_cut(dim: int, dtype: torch.dtype, device: torch.device) -> Cut:
    """How Triton should cut it on this card."""
    room, describes = 0, False
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        room = getattr(properties, "shared_memory_per_block_optin", 0)
        describes = (properties.major, properties.minor) >= (9, 0)
    fitting = [cut for cut in CUTS if cut.bytes(dim, dtype) <= room]
    return next((cut for cut in fitting if describes or not cut.described), CUTS[-1])
