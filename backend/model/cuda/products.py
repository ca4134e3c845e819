"""Products of one row with large weights, as a decode step of one sequence makes them.

Reading the weight is all the time there is, so nothing else may stand in its way: what follows the
product (bias, activation, rotation, the write to the pages) happens in the same kernel, and a
chained kernel reads the beginning of its weight before the row it multiplies is there. A quantised
weight is half as much to read; its numbers are multiplied as they are, and the sum is scaled.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain
from backend.model.cuda.activation import silu_times
from backend.model.cuda.quantised import Quantised, Weight
from backend.model.cuda.rotation import Angles, Heads, turned


@dataclass(frozen=True)
class Shape:
    """How a product is cut into programs."""

    outputs: int  # of a program
    block: int  # columns read at a time
    warps: int
    group: int = 1  # columns whose products a thread adds up at once, which spares registers


# Measured on an H100: 2.8 to 3.2 TB/s at every size of GLM-4.6V-Flash.
_SHORT = Shape(4, 1024, 4)
_LONG = Shape(8, 2048, 8)
_LONG_ROW = 8192  # columns
# A thread reads 16 bytes at a time, here too.
_SHORT_QUANTISED = Shape(4, 2048, 4, 16)
_LONG_QUANTISED = Shape(4, 4096, 8, 16)


def _shape(weight: Weight) -> Shape:
    is_long = weight.shape[1] >= _LONG_ROW
    if isinstance(weight, Quantised):
        return _LONG_QUANTISED if is_long else _SHORT_QUANTISED
    return _LONG if is_long else _SHORT


def _parts(weight: Weight) -> tuple[torch.Tensor, torch.Tensor, bool]:
    """Numbers, scales, and whether there are scales, as the kernels take them."""
    if isinstance(weight, Quantised):
        return weight.numbers, weight.scales, True
    return weight, weight, False


@triton.jit
def _grouped(
    numbers: tl.tensor,  # [count, block]
    factor: tl.tensor,  # float32 [block]
    count: tl.constexpr,
    block: tl.constexpr,
    group: tl.constexpr,
) -> tl.tensor:
    """The products, each group of neighbours added up: float32 [count, block / group]."""
    each = numbers.to(tl.float32) * factor[None, :]
    if group == 1:
        return each
    return tl.sum(tl.reshape(each, (count, block // group, group)), axis=2)


@triton.jit
def _products(
    weight: tl.tensor,  # [outputs, width]
    scales: tl.tensor,  # [outputs]
    row: tl.tensor,  # [width]
    output: tl.tensor,  # [count]: which outputs
    width: tl.constexpr,
    count: tl.constexpr,
    block: tl.constexpr,
    group: tl.constexpr,
    scaled: tl.constexpr,
    chained: tl.constexpr,
) -> tl.tensor:
    """float32 [count]. Waits for whoever writes the row."""
    column = tl.arange(0, block)
    scale = tl.load(scales + output) if scaled else 1.0
    place = output.to(tl.int64)[:, None] * width + column[None, :]
    numbers = tl.load(weight + place, mask=(column < width)[None, :], other=0.0)
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    factor = tl.load(row + column, mask=column < width, other=0.0).to(tl.float32)
    total = _grouped(numbers, factor, count, block, group)
    for start in range(block, width, block):
        inside = start + column < width
        numbers = tl.load(weight + place + start, mask=inside[None, :], other=0.0)
        factor = tl.load(row + start + column, mask=inside, other=0.0).to(tl.float32)
        total += _grouped(numbers, factor, count, block, group)
    result = tl.sum(total, axis=1)
    return result * scale if scaled else result


@triton.jit
def _plain(
    weight: tl.tensor,
    scales: tl.tensor,
    row: tl.tensor,
    output: tl.tensor,
    outputs: tl.constexpr,
    width: tl.constexpr,
    count: tl.constexpr,
    block: tl.constexpr,
    group: tl.constexpr,
    scaled: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    place = tl.program_id(0) * count + tl.arange(0, count)
    is_output = place < outputs
    place = tl.minimum(place, outputs - 1)
    total = _products(weight, scales, row, place, width, count, block, group, scaled, chained)
    tl.store(output + place, total, mask=is_output)


@triton.jit
def _gated(
    weight: tl.tensor,  # [gate and up, width]
    scales: tl.tensor,
    row: tl.tensor,
    output: tl.tensor,
    outputs: tl.constexpr,
    width: tl.constexpr,
    count: tl.constexpr,
    block: tl.constexpr,
    group: tl.constexpr,
    scaled: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    member = tl.arange(0, 2 * count)  # gate and up in turn
    place = tl.program_id(0) * count + member // 2
    place = tl.minimum(place, outputs - 1) + member % 2 * outputs
    total = _products(weight, scales, row, place, width, 2 * count, block, group, scaled, chained)
    total = total.to(output.dtype.element_ty).to(tl.float32)
    gate, up = tl.split(tl.reshape(total, (count, 2)))
    place = tl.program_id(0) * count + tl.arange(0, count)
    value = silu_times(gate, up, output.dtype.element_ty)
    tl.store(output + place, value, mask=place < outputs)


@triton.jit
def _turning(
    weight: tl.tensor,  # [heads * dim, width]
    scales: tl.tensor,
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
    group: tl.constexpr,
    scaled: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    place = tl.program_id(0) * count + tl.arange(0, count)
    total = _products(weight, scales, row, place, width, count, block, group, scaled, chained)
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


def times(weight: Weight, row: torch.Tensor, shape: Shape | None = None) -> torch.Tensor:
    """weight [outputs, width], row [1, width] -> [1, outputs]."""
    outputs, width = weight.shape
    shape = shape or _shape(weight)
    numbers, scales, scaled = _parts(weight)
    output = row.new_empty(1, outputs)
    chained = chain.is_available(row.device)
    _plain[(triton.cdiv(outputs, shape.outputs),)](
        numbers,
        scales,
        row,
        output,
        outputs,
        width,
        shape.outputs,
        shape.block,
        shape.group,
        scaled,
        chained,
        num_warps=shape.warps,
        **chain.options(chained),
    )
    return output


def times_gated(weight: Weight, row: torch.Tensor, shape: Shape | None = None) -> torch.Tensor:
    """weight [gate and up, width], row [1, width] -> silu(gate) * up [1, outputs]."""
    outputs, width = weight.shape[0] // 2, weight.shape[1]
    shape = shape or _shape(weight)
    numbers, scales, scaled = _parts(weight)
    output = row.new_empty(1, outputs)
    chained = chain.is_available(row.device)
    count = shape.outputs // 2
    _gated[(triton.cdiv(outputs, count),)](
        numbers,
        scales,
        row,
        output,
        outputs,
        width,
        count,
        shape.block,
        shape.group,
        scaled,
        chained,
        num_warps=shape.warps,
        **chain.options(chained),
    )
    return output


def times_turning(
    weight: Weight,
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
    shape = shape or _shape(weight)
    numbers, scales, scaled = _parts(weight)
    output = row.new_empty(1, len(weight))
    chained = chain.is_available(row.device)
    assert heads.dim % shape.outputs == 0
    _turning[(len(weight) // shape.outputs,)](
        numbers,
        scales,
        scales if bias is None else bias,
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
        shape.group,
        scaled,
        chained,
        num_warps=shape.warps,
        **chain.options(chained),
    )
    return output
