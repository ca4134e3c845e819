"""Products of several rows with quantised weights.

Up to `MOST_ROWS` rows, as decode steps have them, the weight is read once, as it is, and becomes a
matrix of the rows' type in registers. With more rows, as prompts have them, multiplying takes
longer than reading: the weight is dequantised into memory, and cuBLAS multiplies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import triton
import triton.language as tl
from torch.nn.functional import linear
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain
from backend.model.cuda.quantised import Quantised

MOST_ROWS = 64
_LEAST_ROWS = 16  # of a tile
_OUTPUTS = 64  # of a tile
_PROCESSORS = 132  # of an H100
_DENSE_NUMBERS = 1 << 27  # that are dequantised at a time; a layer's largest weight has fewer
_DENSE_BLOCK = 4096
_MOST_COUNTERS = 4096


@dataclass(frozen=True)
class Tile:
    """How a product is cut into programs."""

    outputs: int  # of a program
    columns: int  # read at a time
    splits: int  # programs that share the columns
    warps: int
    stages: int  # columns on their way while others are multiplied


def tile_for(weight: Quantised, rows: int) -> Tile:
    """What took the least time on an H100, or nearly (`scripts.lib.benchmark_products`).

    A few rows wait for the memory, so about twice as many programs read as there are processors.
    With more rows sharing costs more than it brings: half of the processors are enough, and where
    each has one program at most, that gets all of its fast memory.
    """
    outputs, width = weight.shape
    few = rows <= _LEAST_ROWS
    least = 256 if few else 72  # programs
    programs = triton.cdiv(outputs, _OUTPUTS)
    splits = 1
    while programs * splits < least and splits < 8 and width // (2 * splits) >= 512:
        splits *= 2
    if few or programs > _PROCESSORS:
        return Tile(_OUTPUTS, 128, splits, 4, 4)
    return Tile(_OUTPUTS, 256, splits, 4, 3)


@triton.jit
def _tile_products(
    numbers: tl.tensor,  # [outputs, width]
    scales: tl.tensor,  # float32 [outputs]
    bias: tl.tensor,  # [outputs]
    rows: tl.tensor,  # [count, width]
    output: tl.tensor,  # [count, outputs]
    partial: tl.tensor,  # float32 [splits, count, outputs]
    arrived: tl.tensor,  # int32, one for each group of outputs; zero before and after
    count: tl.tensor,
    outputs: tl.tensor,
    width: tl.constexpr,
    padded: tl.constexpr,  # rows of a tile
    wide: tl.constexpr,
    columns: tl.constexpr,
    splits: tl.constexpr,
    has_bias: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    place = tl.program_id(0) * wide + tl.arange(0, wide)
    is_output = place < outputs
    known = tl.minimum(place, outputs - 1)
    row = tl.arange(0, padded)
    is_row = row < count
    column = tl.arange(0, columns)
    scale = tl.load(scales + known)
    if has_bias:
        shift = tl.load(bias + known).to(tl.float32)
    left = numbers + known.to(tl.int64)[:, None] * width + column[None, :]
    right = rows + row[None, :] * width + column[:, None]
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    total = tl.zeros((wide, padded), dtype=tl.float32)
    share: tl.constexpr = (width + columns * splits - 1) // (columns * splits) * columns
    first = tl.program_id(1) * share
    for start in range(first, tl.minimum(first + share, width), columns):
        if width % columns == 0:
            weight = tl.load(left + start)
            factor = tl.load(right + start, mask=is_row[None, :], other=0.0)
        else:
            inside = start + column < width
            weight = tl.load(left + start, mask=inside[None, :], other=0.0)
            factor = tl.load(right + start, mask=is_row[None, :] & inside[:, None], other=0.0)
        # By way of float32: there is no faster way from FP8 to bfloat16, before Hopper none at all.
        weight = weight.to(tl.float32).to(factor.dtype)
        total = tl.dot(weight, factor, total, input_precision="ieee")
    target = row[:, None] * outputs + place[None, :]
    stored = is_row[:, None] & is_output[None, :]
    result = tl.trans(total)
    if splits > 1:
        size = count * outputs
        tl.store(partial + tl.program_id(1) * size + target, result, mask=stored)
        tl.debug_barrier()
        before = tl.atomic_add(arrived + tl.program_id(0), 1, sem="acq_rel")
        if before < splits - 1:
            return
        # The last to arrive adds up, always in the same order.
        tl.store(arrived + tl.program_id(0), 0)
        result = tl.load(partial + target, mask=stored, other=0.0, cache_modifier=".cg")
        for other in range(1, splits):
            place_there = partial + other * size + target
            result += tl.load(place_there, mask=stored, other=0.0, cache_modifier=".cg")
    result *= scale[None, :]
    if has_bias:
        result += shift[None, :]
    tl.store(output + target, result, mask=stored)


@triton.jit
def _dense_rows(
    numbers: tl.tensor,  # [outputs, width]
    scales: tl.tensor,  # float32 [outputs]
    output: tl.tensor,  # [outputs, width]
    width: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * block + tl.arange(0, block)
    inside = column < width
    scale = tl.load(scales + row)
    value = tl.load(numbers + row * width + column, mask=inside, other=0.0).to(tl.float32)
    if chained:  # whoever reads what is written over here must be done
        gdc_wait()
        gdc_launch_dependents()
    tl.store(output + row * width + column, value * scale, mask=inside)


@cache
def _arrived(device: torch.device) -> torch.Tensor:
    """How many programs of a group are done; zero but while a product is under way."""
    return torch.zeros(_MOST_COUNTERS, dtype=torch.int32, device=device)


def times(
    weight: Quantised,
    rows: torch.Tensor,
    bias: torch.Tensor | None = None,
    tile: Tile | None = None,
) -> torch.Tensor:
    """weight [outputs, width], rows [n, width] -> [n, outputs]."""
    if tile is None and len(rows) > MOST_ROWS:
        return times_dense(weight, rows, bias)
    tile = tile or tile_for(weight, len(rows))
    outputs, width = weight.shape
    count = len(rows)
    output = rows.new_empty(count, outputs)
    partial = output
    if tile.splits > 1:
        shape = tile.splits, count, outputs
        partial = torch.empty(shape, dtype=torch.float32, device=rows.device)
    groups = triton.cdiv(outputs, tile.outputs)
    assert tile.splits == 1 or groups <= _MOST_COUNTERS
    chained = chain.is_available(rows.device)
    _tile_products[(groups, tile.splits)](
        weight.numbers,
        weight.scales,
        weight.scales if bias is None else bias,
        rows,
        output,
        partial,
        _arrived(rows.device),
        count,
        outputs,
        width,
        max(_LEAST_ROWS, triton.next_power_of_2(count)),
        tile.outputs,
        tile.columns,
        tile.splits,
        bias is not None,
        chained,
        num_warps=tile.warps,
        num_stages=tile.stages,
        **chain.options(chained),
    )
    return output


def dense(weight: Quantised, dtype: torch.dtype) -> torch.Tensor:
    """As `Quantised.dense`, in one kernel."""
    outputs, width = weight.shape
    output = torch.empty(outputs, width, dtype=dtype, device=weight.numbers.device)
    chained = chain.is_available(output.device)
    _dense_rows[(outputs, triton.cdiv(width, _DENSE_BLOCK))](
        weight.numbers,
        weight.scales,
        output,
        width,
        min(_DENSE_BLOCK, triton.next_power_of_2(width)),
        chained,
        **chain.options(chained),
    )
    return output


def times_dense(weight: Quantised, rows: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Many rows, with as much of the weight at a time as there is room for."""
    outputs, width = weight.shape
    step = _DENSE_NUMBERS // width
    if outputs <= step:
        return linear(rows, dense(weight, rows.dtype), bias)
    output = rows.new_empty(len(rows), outputs)
    for first in range(0, outputs, step):
        some = slice(first, first + step)
        part = dense(Quantised(weight.numbers[some], weight.scales[some]), rows.dtype)
        torch.mm(rows, part.T, out=output[:, some])
    return output if bias is None else output.add_(bias)
