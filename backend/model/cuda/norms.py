"""RMS norms on the GPU, together with the additions that stand between them.

A GLM-4 layer norms what a sublayer says, adds it to the residual stream and norms the sum for the
next sublayer: one kernel here. Every intermediate is rounded where transformers' modules round it,
so only the order of a sum's terms differs.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from backend.model.cuda import chain

_WARPS = 8


@triton.jit
def _norm(rows: tl.tensor, weight: tl.tensor, epsilon: tl.tensor, width: tl.constexpr) -> tl.tensor:
    """float32 [BLOCK] -> the normed row, rounded to the weight's type twice, as float32."""
    rows *= tl.rsqrt(tl.sum(rows * rows, axis=0) / width + epsilon)
    rows = rows.to(weight.dtype).to(tl.float32) * weight.to(tl.float32)
    return rows.to(weight.dtype).to(tl.float32)


@triton.jit
def _norm_rows(
    rows: tl.tensor,
    weight: tl.tensor,
    output: tl.tensor,
    epsilon: tl.tensor,
    width: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    place = tl.program_id(0).to(tl.int64) * width
    columns = tl.arange(0, block)
    inside = columns < width
    weights = tl.load(weight + columns, mask=inside, other=0.0)
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    values = tl.load(rows + place + columns, mask=inside, other=0.0).to(tl.float32)
    values = _norm(values, weights, epsilon, width)
    tl.store(output + place + columns, values, mask=inside)


@triton.jit
def _norm_add_norm_rows(
    rows: tl.tensor,
    residual: tl.tensor,
    weight: tl.tensor,
    next_weight: tl.tensor,
    output: tl.tensor,
    epsilon: tl.tensor,
    next_epsilon: tl.tensor,
    width: tl.constexpr,
    block: tl.constexpr,
    chained: tl.constexpr,
) -> None:
    place = tl.program_id(0).to(tl.int64) * width
    columns = tl.arange(0, block)
    inside = columns < width
    weights = tl.load(weight + columns, mask=inside, other=0.0)
    next_weights = tl.load(next_weight + columns, mask=inside, other=0.0)
    if chained:
        gdc_wait()
        gdc_launch_dependents()
    before = tl.load(residual + place + columns, mask=inside, other=0.0)
    said = tl.load(rows + place + columns, mask=inside, other=0.0).to(tl.float32)
    said = _norm(said, weights, epsilon, width)
    after = (before.to(tl.float32) + said).to(before.dtype)
    tl.store(residual + place + columns, after, mask=inside)
    values = _norm(after.to(tl.float32), next_weights, next_epsilon, width)
    tl.store(output + place + columns, values, mask=inside)


class Norm:
    """Does what one of transformers' RMS norms does."""

    def __init__(self, original: torch.nn.Module) -> None:
        self._weight = original.get_parameter("weight")
        self._epsilon = float(original.variance_epsilon)  # type: ignore[arg-type]

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """The normed rows [n, width], which lie one after the other."""
        output = torch.empty_like(rows)
        count, width = rows.shape
        chained = chain.is_available(rows.device)
        _norm_rows[(count,)](
            rows,
            self._weight,
            output,
            self._epsilon,
            width,
            triton.next_power_of_2(width),
            chained,
            num_warps=_WARPS,
            **chain.options(chained),
        )
        return output

    def add(self, rows: torch.Tensor, residual: torch.Tensor, following: Norm) -> torch.Tensor:
        """Adds the normed rows [n, width] to the residual stream [n, width], in place, and answers
        the sum as the `following` norm leaves it."""
        output = torch.empty_like(rows)
        count, width = rows.shape
        chained = chain.is_available(rows.device)
        _norm_add_norm_rows[(count,)](
            rows,
            residual,
            self._weight,
            following._weight,
            output,
            self._epsilon,
            following._epsilon,
            width,
            triton.next_power_of_2(width),
            chained,
            num_warps=_WARPS,
            **chain.options(chained),
        )
        return output
