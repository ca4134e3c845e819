"""Attention straight from the pages of the KV cache, for any page size.

`Decoding` is for sequences that get one token each: every sequence's keys are split among several
programs, so that one long sequence keeps the whole card busy, and the splits' results are added up
(Flash-Decoding, Dao et al., 2023). `Prompts` is for stretches of prompts of any length, packed in
one row, each of which may begin after a cached prefix (FlashAttention-2, Dao, 2023). In both,
query heads that share a key head share its reading, standing as rows of one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain
from backend.model.cuda.rotation import Heads

_LOG2E = math.log2(math.e)
_FEWEST_ROWS = 16  # of a matrix product
_MOST_SPLITS = 64
_PROGRAMS = 132  # of a decode step: one for each multiprocessor of an H100


@triton.jit
def _tile(
    memory: tl.tensor,
    table: tl.tensor,
    places: tl.tensor,
    seen: tl.tensor,
    head: tl.tensor,
    key_heads: tl.constexpr,
    dim: tl.constexpr,
    page: tl.constexpr,
) -> tl.tensor:
    """What a head has stored for the places of one sequence [TILE, dim]; zero where not seen."""
    blocks = tl.load(table + places // page, mask=seen, other=0).to(tl.int64)
    rows = (blocks * page + places % page) * key_heads + head
    pointers = memory + rows[:, None] * dim + tl.arange(0, dim)[None, :]
    return tl.load(pointers, mask=seen[:, None], other=0.0)


@triton.jit
def _look_back(
    query: tl.tensor,  # [ROWS, dim]
    keys: tl.tensor,
    values: tl.tensor,
    seen: tl.tensor,  # [ROWS, TILE] or [1, TILE]
    best: tl.tensor,  # [ROWS], in units of a power of two, as is the sum
    total: tl.tensor,
    mixed: tl.tensor,  # [ROWS, dim]
    scale: tl.tensor,
) -> tuple[tl.tensor, tl.tensor, tl.tensor]:
    """One tile's part of a running softmax."""
    scores = tl.dot(query, tl.trans(keys), input_precision="ieee") * scale
    scores = tl.where(seen, scores, float("-inf"))
    peak = tl.maximum(best, tl.max(scores, 1))
    floor = tl.where(peak == float("-inf"), 0.0, peak)
    weights = tl.exp2(scores - floor[:, None])
    shrink = tl.exp2(best - floor)
    total = total * shrink + tl.sum(weights, 1)
    mixed *= shrink[:, None]
    mixed = tl.dot(weights.to(values.dtype), values, mixed, input_precision="ieee")
    return peak, total, mixed


@triton.jit
def _decode_split(
    rows: tl.tensor,  # [n, heads * dim], queries first
    keys: tl.tensor,  # [slots, key heads, dim]
    values: tl.tensor,
    tables: tl.tensor,  # [n, width]
    lengths: tl.tensor,  # [n]
    parts: tl.tensor,  # float32 [n, splits, query heads, dim]
    sums: tl.tensor,  # float32 [n, splits, query heads]: log2 of each part's sum
    width: tl.tensor,
    splits: tl.tensor,
    scale: tl.tensor,
    stride: tl.constexpr,  # of rows
    key_heads: tl.constexpr,
    group: tl.constexpr,  # query heads of a key head
    dim: tl.constexpr,
    page: tl.constexpr,
    block: tl.constexpr,  # group, as rows of a product
    tile: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    head = tl.program_id(0)
    split = tl.program_id(1)
    row = tl.program_id(2).to(tl.int64)
    member = tl.arange(0, block)
    column = tl.arange(0, dim)[None, :]
    length = tl.load(lengths + row)
    share = tl.cdiv(tl.cdiv(length, tile), splits) * tile
    first = split * share
    last = tl.minimum(first + share, length)
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    heads = head * group + member
    is_member = member < group
    place = (row * splits + split) * key_heads * group + heads
    best = tl.full([block], float("-inf"), tl.float32)
    total = tl.zeros([block], tl.float32)
    mixed = tl.zeros([block, dim], tl.float32)
    if first < last:
        pointers = rows + row * stride + heads[:, None] * dim + column
        query = tl.load(pointers, mask=is_member[:, None], other=0.0)
        table = tables + row * width
        for start in range(first, last, tile):
            places = start + tl.arange(0, tile)
            seen = places < last
            key = _tile(keys, table, places, seen, head, key_heads, dim, page)
            value = _tile(values, table, places, seen, head, key_heads, dim, page)
            best, total, mixed = _look_back(
                query, key, value, seen[None, :], best, total, mixed, scale
            )
        pointers = parts + place[:, None] * dim + column
        tl.store(pointers, mixed / total[:, None], mask=is_member[:, None])
        best += tl.log2(total)
    tl.store(sums + place, best, mask=is_member)


@triton.jit
def _decode_join(
    parts: tl.tensor,
    sums: tl.tensor,
    output: tl.tensor,  # [n, query heads, dim]
    splits: tl.tensor,
    heads: tl.constexpr,
    dim: tl.constexpr,
    block: tl.constexpr,  # the most splits
    chained: tl.constexpr,
) -> None:
    head = tl.program_id(0)
    row = tl.program_id(1).to(tl.int64)
    split = tl.arange(0, block)
    column = tl.arange(0, dim)
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    place = (row * splits + split) * heads + head
    sizes = tl.load(sums + place, mask=split < splits, other=float("-inf"))
    peak = tl.max(sizes, 0)
    shares = tl.exp2(sizes - tl.where(peak == float("-inf"), 0.0, peak))  # of nobody, zeros
    pointers = parts + place[:, None] * dim + column[None, :]
    part = tl.load(pointers, mask=(sizes > float("-inf"))[:, None], other=0.0)
    whole = tl.maximum(tl.sum(shares, 0), 1e-30)
    result = tl.sum(part * shares[:, None], 0) / whole
    tl.store(output + (row * heads + head) * dim + column, result)


class Decoding:
    """Sequences that get one token each, as rows of a step."""

    def __init__(self, tables: torch.Tensor, lengths: torch.Tensor, heads: Heads) -> None:
        """int32 `tables` [n, width] of the sequences' blocks, and int32 `lengths` [n] with the
        newest token included; a row of length 0 belongs to nobody."""
        count = len(lengths)
        self._tables = tables
        self._lengths = lengths
        self._heads = heads
        wanted = -(-_PROGRAMS // (count * heads.keys))
        self._tile = 32 if count == 1 else 64
        self._splits = max(1, min(_MOST_SPLITS, wanted))
        shape = (count, self._splits, heads.queries)
        self._parts = torch.empty(*shape, heads.dim, device=lengths.device)
        self._sums = torch.empty(shape, device=lengths.device)
        self._chained = chain.is_available(lengths.device)

    def attend(
        self, rows: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """rows [n, heads * dim], queries first, and what a layer has stored, keys and values
        [blocks, block size, key heads, dim] -> [n, query heads * dim]."""
        heads, count = self._heads, len(self._lengths)
        group = heads.queries // heads.keys
        options = chain.options(self._chained)
        _decode_split[(heads.keys, self._splits, count)](
            rows,
            keys,
            values,
            self._tables,
            self._lengths,
            self._parts,
            self._sums,
            self._tables.shape[1],
            self._splits,
            scale * _LOG2E,
            rows.stride(0),
            heads.keys,
            group,
            heads.dim,
            keys.shape[1],
            max(_FEWEST_ROWS, triton.next_power_of_2(group)),
            self._tile,
            self._chained,
            num_warps=4,
            num_stages=3,
            **options,
        )
        output = rows.new_empty(count, heads.width)
        _decode_join[(heads.queries, count)](
            self._parts,
            self._sums,
            output,
            self._splits,
            heads.queries,
            heads.dim,
            triton.next_power_of_2(self._splits),
            self._chained,
            num_warps=4,
            **options,
        )
        return output


@triton.jit
def _prompt_tile(
    rows: tl.tensor,  # [n, heads * dim], queries first
    keys: tl.tensor,  # [slots, key heads, dim]
    values: tl.tensor,
    tables: tl.tensor,  # [stretches, width]
    tiles: tl.tensor,  # [tiles, 5]: stretch, its first row, first place and end place, number
    output: tl.tensor,  # [n, query heads * dim]
    width: tl.tensor,
    scale: tl.tensor,
    stride: tl.constexpr,  # of rows
    key_heads: tl.constexpr,
    group: tl.constexpr,  # query heads of a key head
    dim: tl.constexpr,
    page: tl.constexpr,
    block: tl.constexpr,
    tile: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    head = tl.program_id(0)
    tiles += tl.program_id(1) * 5
    stretch = tl.load(tiles)
    row = tl.load(tiles + 1).to(tl.int64)
    start = tl.load(tiles + 2)
    end = tl.load(tiles + 3)
    number = tl.load(tiles + 4)
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    if number * block < (end - start) * group:
        member = number * block + tl.arange(0, block)
        token = member // group
        is_member = (start + token < end)[:, None]
        heads = head * group + member % group
        column = tl.arange(0, dim)[None, :]
        pointers = rows + (row + token)[:, None] * stride + heads[:, None] * dim + column
        query = tl.load(pointers, mask=is_member, other=0.0)
        best = tl.full([block], float("-inf"), tl.float32)
        total = tl.zeros([block], tl.float32)
        mixed = tl.zeros([block, dim], tl.float32)
        table = tables + stretch * width
        place = start + token
        common = (start + number * block // group + 1) // tile * tile  # all rows see these
        latest = tl.minimum(end, start + (number * block + block - 1) // group + 1)
        for first in range(0, common, tile):
            places = first + tl.arange(0, tile)
            seen = places >= 0
            key = _tile(keys, table, places, seen, head, key_heads, dim, page)
            value = _tile(values, table, places, seen, head, key_heads, dim, page)
            best, total, mixed = _look_back(
                query, key, value, seen[None, :], best, total, mixed, scale
            )
        for first in range(common, latest, tile):
            places = first + tl.arange(0, tile)
            inside = places < end
            key = _tile(keys, table, places, inside, head, key_heads, dim, page)
            value = _tile(values, table, places, inside, head, key_heads, dim, page)
            seen = places[None, :] <= place[:, None]
            best, total, mixed = _look_back(query, key, value, seen, best, total, mixed, scale)
        pointers = output + (row + token)[:, None] * (key_heads * group * dim)
        pointers += heads[:, None] * dim + column
        tl.store(pointers, mixed / total[:, None], mask=is_member)


@dataclass(frozen=True)
class _Plan:
    """How the attention of prompts is cut into programs."""

    rows: int  # query heads times tokens of a program
    keys: int  # read at a time
    warps: int
    stages: int  # reads under way

    def bytes(self, dim: int, dtype: torch.dtype) -> int:
        """Of shared memory, for heads of `dim` numbers."""
        return (self.rows + 2 * self.keys * self.stages) * dim * dtype.itemsize


_PLANS = (  # measured on an H100; smaller ones for cards with less shared memory
    _Plan(128, 128, 8, 3),
    _Plan(128, 64, 8, 2),
    _Plan(64, 64, 4, 2),
    _Plan(64, 32, 4, 2),
)


@cache
def _plan(dim: int, dtype: torch.dtype, device: torch.device) -> _Plan:
    """The first that the device has the shared memory for."""
    room = 0
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        room = getattr(properties, "shared_memory_per_block_optin", 0)
    return next((plan for plan in _PLANS if plan.bytes(dim, dtype) <= room), _PLANS[-1])


TILE_FIELDS = 5  # of a tile, as `tiles` has them


def tiles(
    spans: Sequence[tuple[int, int, int]], heads: Heads, dtype: torch.dtype, device: torch.device
) -> list[tuple[int, ...]]:
    """Cuts stretches, each with its first row, first place and end place, into tiles: for each its
    stretch, the stretch's three numbers, and its own among the stretch's. The last ones of a
    stretch, which have most to read, come first."""
    rows = _plan(heads.dim, dtype, device).rows
    group = heads.queries // heads.keys
    return [
        (stretch, row, start, end, number)
        for stretch, (row, start, end) in enumerate(spans)
        for number in reversed(range(-(-(end - start) * group // rows)))
    ]


def most_tiles(
    rows: int, stretches: int, heads: Heads, dtype: torch.dtype, device: torch.device
) -> int:
    """How many tiles there can be of so many rows in so many stretches."""
    group = heads.queries // heads.keys
    return rows * group // _plan(heads.dim, dtype, device).rows + stretches


class Prompts:
    """Stretches of prompts, one after the other as rows of a step."""

    def __init__(self, tables: torch.Tensor, cut: torch.Tensor, heads: Heads) -> None:
        """int32 `tables` [stretches, width] of their sequences' blocks, and int32 `cut` [n, 5], as
        `tiles` has them; a tile of zeros is nobody's."""
        self._tables = tables
        self._tiles = cut
        self._heads = heads
        self._chained = chain.is_available(tables.device)

    def attend(
        self, rows: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """rows [n, heads * dim], queries first, and what a layer has stored, keys and values
        [blocks, block size, key heads, dim] -> [n, query heads * dim]."""
        heads = self._heads
        output = rows.new_empty(len(rows), heads.width)
        plan = _plan(heads.dim, rows.dtype, rows.device)
        _prompt_tile[(heads.keys, len(self._tiles))](
            rows,
            keys,
            values,
            self._tables,
            self._tiles,
            output,
            self._tables.shape[1],
            scale * _LOG2E,
            rows.stride(0),
            heads.keys,
            heads.queries // heads.keys,
            heads.dim,
            keys.shape[1],
            plan.rows,
            plan.keys,
            self._chained,
            num_warps=plan.warps,
            num_stages=plan.stages,
            **chain.options(self._chained),
        )
        return output
