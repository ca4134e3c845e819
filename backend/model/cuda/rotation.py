"""Rotary positions on the GPU: queries and keys turned, keys and values written to their pages.

GLM-4.xV turns neighbouring numbers (interleaved) of a head's first part, and each pair of numbers
by the position on one of three axes: time, height or width (M-RoPE).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain

_HEADS = 4  # of a program


@dataclass(frozen=True)
class Angles:
    """How far each pair of numbers is turned, for every row: [rows, pairs], of the model's type."""

    cosines: torch.Tensor
    sines: torch.Tensor


@dataclass(frozen=True)
class Heads:
    """What a row of a joint product holds: query heads, key heads, value heads, in this order."""

    queries: int
    keys: int
    dim: int  # a power of two

    @property
    def count(self) -> int:
        """All of them."""
        return self.queries + 2 * self.keys

    @property
    def width(self) -> int:
        """Numbers in the query heads of a row."""
        return self.queries * self.dim


@triton.jit
def _angle_rows(
    positions: tl.tensor,
    frequencies: tl.tensor,
    axes: tl.tensor,
    cosines: tl.tensor,
    sines: tl.tensor,
    rows: tl.tensor,
    scale: tl.tensor,
    pairs: tl.constexpr,
    block: tl.constexpr,
) -> None:
    row = tl.program_id(0)
    columns = tl.arange(0, block)
    inside = columns < pairs
    axis = tl.load(axes + columns, mask=inside, other=0)
    place = tl.load(positions + axis * rows + row, mask=inside, other=0).to(tl.float32)
    angle = place * tl.load(frequencies + columns, mask=inside, other=0.0)
    tl.store(cosines + row * pairs + columns, tl.cos(angle) * scale, mask=inside)
    tl.store(sines + row * pairs + columns, tl.sin(angle) * scale, mask=inside)


class Rotation:
    """Does what the rotary embedding of transformers' GLM text models does."""

    def __init__(self, original: torch.nn.Module) -> None:
        """`original` has `inv_freq` and `mrope_section`, and turns at constant frequencies."""
        self._frequencies = original.get_buffer("inv_freq").float()
        self._scale = float(original.attention_scaling)  # type: ignore[arg-type]
        sections: list[int] = original.mrope_section  # type: ignore[assignment]
        axes = [number % 3 for number, count in enumerate(sections) for _ in range(count)]
        assert len(axes) == len(self._frequencies)
        self._axes = torch.tensor(axes, dtype=torch.int32, device=self._frequencies.device)

    def angles(self, positions: torch.Tensor, dtype: torch.dtype) -> Angles:
        """positions [3, rows] on the axes of time, height and width."""
        rows, pairs = positions.shape[1], len(self._axes)
        positions = positions.contiguous()
        cosines = torch.empty(rows, pairs, dtype=dtype, device=positions.device)
        sines = torch.empty_like(cosines)
        _angle_rows[(rows,)](
            positions,
            self._frequencies,
            self._axes,
            cosines,
            sines,
            rows,
            self._scale,
            pairs,
            triton.next_power_of_2(pairs),
            num_warps=1,
        )
        return Angles(cosines, sines)


@triton.jit
def turned(
    numbers: tl.tensor, cosine: tl.tensor, sine: tl.tensor, count: tl.constexpr, dim: tl.constexpr
) -> tl.tensor:
    """Heads [count, dim] turned by [1, dim / 2]; rounded where transformers rounds, float32."""
    kind: tl.constexpr = numbers.dtype
    even, odd = tl.split(tl.reshape(numbers.to(tl.float32), (count, dim // 2, 2)))
    first = (even * cosine).to(kind).to(tl.float32) - (odd * sine).to(kind).to(tl.float32)
    second = (odd * cosine).to(kind).to(tl.float32) + (even * sine).to(kind).to(tl.float32)
    return tl.reshape(tl.join(first, second), (count, dim))


@triton.jit
def _turn_rows(
    rows: tl.tensor,  # [n, heads * dim], turned in place
    cosines: tl.tensor,
    sines: tl.tensor,
    slots: tl.tensor,
    keys: tl.tensor,  # [slots, key heads, dim]
    values: tl.tensor,
    pairs: tl.constexpr,
    query_heads: tl.constexpr,
    key_heads: tl.constexpr,
    dim: tl.constexpr,
    per: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    head = tl.program_id(1) * per + tl.arange(0, per)
    pair = tl.arange(0, dim // 2)
    column = tl.arange(0, dim)[None, :]
    heads: tl.constexpr = query_heads + 2 * key_heads
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    slot = tl.load(slots + row).to(tl.int64)
    cosine = tl.load(cosines + row * pairs + pair, mask=pair < pairs, other=1.0)
    sine = tl.load(sines + row * pairs + pair, mask=pair < pairs, other=0.0)
    place = (row * heads + head)[:, None] * dim + column
    before = tl.load(rows + place, mask=(head < heads)[:, None], other=0.0)
    after = turned(before, cosine.to(tl.float32)[None, :], sine.to(tl.float32)[None, :], per, dim)
    tl.store(rows + place, after, mask=(head < query_heads + key_heads)[:, None])
    key = head - query_heads
    is_key = (key >= 0) & (key < key_heads) & (slot >= 0)
    tl.store(keys + (slot * key_heads + key)[:, None] * dim + column, after, mask=is_key[:, None])
    value = key - key_heads
    is_value = (value >= 0) & (value < key_heads) & (slot >= 0)
    target = (slot * key_heads + value)[:, None] * dim + column
    tl.store(values + target, before, mask=is_value[:, None])


def turn_and_write(
    rows: torch.Tensor,
    heads: Heads,
    angles: Angles,
    slots: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
) -> None:
    """Turns the query and key heads of rows [n, heads * dim], in place, and stores the key and
    value heads at slots [n] of keys and values [all slots, key heads, dim].

    A row whose slot is negative is stored nowhere.
    """
    chained = chain.is_available(rows.device)
    _turn_rows[(len(rows), triton.cdiv(heads.count, _HEADS))](
        rows,
        angles.cosines,
        angles.sines,
        slots,
        keys,
        values,
        angles.cosines.shape[1],
        heads.queries,
        heads.keys,
        heads.dim,
        _HEADS,
        chained,
        num_warps=2,
        **chain.options(chained),
    )
