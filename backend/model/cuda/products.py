"""Products of one row with large weights, as a decode step of one sequence makes them.

Reading the weight is all the time there is, so nothing else may stand in its way: what follows the
product (bias, activation, rotation, the write to the pages) happens in the same kernel, and a
chained kernel reads the beginning of its weight before the row it multiplies is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain
from backend.model.cuda.activation import silu_times
from backend.model.cuda.rotation import Angles, Heads, turned


@dataclass(frozen=True)
class Shape:
    """How a product is cut into programs."""

    outputs: int  # of a program
    block: int  # columns read at a time
    warps: int


# Measured on an H100: 2.8 to 3.2 TB/s at every size of GLM-4.6V-Flash.
_SHORT = Shape(4, 1024, 4)
_LONG = Shape(8, 2048, 8)
_LONG_ROW = 8192  # columns


def _shape(width: int) -> Shape:
    return _LONG if width >= _LONG_ROW else _SHORT


@triton.jit
def _products(
    weight: tl.tensor,  # [outputs, width]
    row: tl.tensor,  # [width]
    output: tl.tensor,  # [count]: which outputs
    width: tl.constexpr,
    count: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> tl.tensor:
    """float32 [count]. Waits for whoever writes the row."""
    column = tl.arange(0, block)
    place = output.to(tl.int64)[:, None] * width + column[None, :]
    numbers = tl.load(weight + place, mask=(column < width)[None, :], other=0.0)
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    factor = tl.load(row + column, mask=column < width, other=0.0).to(tl.float32)
    total = numbers.to(tl.float32) * factor[None, :]
    for start in range(block, width, block):
        inside = start + column < width
        numbers = tl.load(weight + place + start, mask=inside[None, :], other=0.0)
        factor = tl.load(row + start + column, mask=inside, other=0.0).to(tl.float32)
        total += numbers.to(tl.float32) * factor[None, :]
    return tl.sum(total, axis=1)


@triton.jit
def _plain(
    weight: tl.tensor,
    row: tl.tensor,
    output: tl.tensor,
    outputs: tl.constexpr,
    width: tl.constexpr,
    count: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    place = tl.program_id(0) * count + tl.arange(0, count)
    is_output = place < outputs
    place = tl.minimum(place, outputs - 1)
    total = _products(weight, row, place, width, count, block, chained)
    tl.store(output + place, total, mask=is_output)


@triton.jit
def _gated(
    weight: tl.tensor,  # [gate and up, width]
    row: tl.tensor,
    output: tl.tensor,
    outputs: tl.constexpr,
    width: tl.constexpr,
    count: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    member = tl.arange(0, 2 * count)  # gate and up in turn
    place = tl.program_id(0) * count + member // 2
    place = tl.minimum(place, outputs - 1) + member % 2 * outputs
    total = _products(weight, row, place, width, 2 * count, block, chained)
    total = total.to(output.dtype.element_ty).to(tl.float32)
    gate, up = tl.split(tl.reshape(total, (count, 2)))
    place = tl.program_id(0) * count + tl.arange(0, count)
    value = silu_times(gate, up, output.dtype.element_ty)
    tl.store(output + place, value, mask=place < outputs)


@triton.jit
def _turning(
    weight: tl.tensor,  # [heads * dim, width]
    bias: tl.tensor,
    row: tl.tensor,
    cosines: tl.tensor,  # [pairs]
    sines: tl.tensor,
    slot: tl.tensor,  # [1]
    output: tl.tensor,  # [heads * dim], of which the queries are written
    keys: tl.tensor,  # [slots, key heads, dim]
    values: tl.tensor,
    pairs: tl.constexpr,
    query_heads: tl.constexpr,
    key_heads: tl.constexpr,
    dim: tl.constexpr,
    has_bias: tl.constexpr,
    width: tl.constexpr,
    count: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    place = tl.program_id(0) * count + tl.arange(0, count)
    total = _products(weight, row, place, width, count, block, chained)
    if has_bias:
        total += tl.load(bias + place).to(tl.float32)
    before = tl.reshape(total.to(output.dtype.element_ty), (1, count))
    where = tl.load(slot).to(tl.int64)
    first = tl.program_id(0) * count
    head = first // dim
    pair = first % dim // 2 + tl.arange(0, count // 2)
    turning = (pair < pairs) & (head < query_heads + key_heads)
    cosine = tl.load(cosines + pair, mask=turning, other=1.0).to(tl.float32)
    sine = tl.load(sines + pair, mask=turning, other=0.0).to(tl.float32)
    after = turned(before, cosine[None, :], sine[None, :], 1, count)
    column = (first % dim + tl.arange(0, count))[None, :]
    if head < query_heads:
        tl.store(output + head * dim + column, after)
    elif where >= 0:
        head -= query_heads
        if head < key_heads:
            tl.store(keys + (where * key_heads + head) * dim + column, after)
        else:
            tl.store(values + (where * key_heads + head - key_heads) * dim + column, after)


def times(weight: torch.Tensor, row: torch.Tensor, shape: Shape | None = None) -> torch.Tensor:
    """weight [outputs, width], row [1, width] -> [1, outputs]."""
    outputs, width = weight.shape
    shape = shape or _shape(width)
    output = row.new_empty(1, outputs)
    chained = chain.is_available(row.device)
    _plain[(triton.cdiv(outputs, shape.outputs),)](
        weight,
        row,
        output,
        outputs,
        width,
        shape.outputs,
        shape.block,
        chained,
        num_warps=shape.warps,
        **chain.options(chained),
    )
    return output


def times_gated(
    weight: torch.Tensor, row: torch.Tensor, shape: Shape | None = None
) -> torch.Tensor:
    """weight [gate and up, width], row [1, width] -> silu(gate) * up [1, outputs]."""
    outputs, width = weight.shape[0] // 2, weight.shape[1]
    shape = shape or _shape(width)
    output = row.new_empty(1, outputs)
    chained = chain.is_available(row.device)
    count = shape.outputs // 2
    _gated[(triton.cdiv(outputs, count),)](
        weight,
        row,
        output,
        outputs,
        width,
        count,
        shape.block,
        chained,
        num_warps=shape.warps,
        **chain.options(chained),
    )
    return output


def times_turning(
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    row: torch.Tensor,
    heads: Heads,
    angles: Angles,
    slots: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    shape: Shape | None = None,
) -> torch.Tensor:
    """The row's heads [1, heads * dim], of which the queries are turned; its keys, turned, and its
    values are in the pages instead, as `rotation.turn_and_write` leaves them."""
    shape = shape or _shape(weight.shape[1])
    output = row.new_empty(1, len(weight))
    chained = chain.is_available(row.device)
    assert heads.dim % shape.outputs == 0
    _turning[(len(weight) // shape.outputs,)](
        weight,
        weight if bias is None else bias,
        row,
        angles.cosines,
        angles.sines,
        slots,
        output,
        keys,
        values,
        angles.cosines.shape[1],
        heads.queries,
        heads.keys,
        heads.dim,
        bias is not None,
        weight.shape[1],
        shape.outputs,
        shape.block,
        chained,
        num_warps=shape.warps,
        **chain.options(chained),
    )
    return output
