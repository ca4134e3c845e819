"""Linear layers for the CPU with a second, smaller copy of their weight for decoding.

Reading weights is what a decode step costs on a CPU, so a few rows are multiplied by 4- or 8-bit
weights, and many rows by the full ones. Both small kernels compute every row by itself: a sequence
gets the same bits alone and in company.
"""

from __future__ import annotations

import torch
from torch.nn.functional import linear

DECODE_ROWS = 8  # up to that many rows the packed weight is used
GROUP = 32  # columns that share a scale in the 4-bit form
_LARGEST_ERROR = 2.0**-7  # of the group's largest weight; what bfloat16 rounding leaves on a grid


class FourBitWeight:
    """A weight on a grid of 16 steps in each group: nothing is lost but bfloat16 rounding."""

    def __init__(self, codes: torch.Tensor, scales: torch.Tensor, middles: torch.Tensor) -> None:
        """`codes` [rows, columns] in 0-15; `scales` and `middles` [rows, groups], in the type of
        the rows that will be multiplied."""
        self._packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 1)
        self._scales = torch.stack([scales, middles], -1).transpose(0, 1).contiguous()

    @classmethod
    def fit(cls, weight: torch.Tensor) -> FourBitWeight | None:
        """The weight [rows, columns] in 4 bits, or None if it does not lie on such a grid."""
        rows, columns = weight.shape
        if columns % GROUP or rows % 16:
            return None
        if rows > 16 and cls.fit(weight[:16]) is None:  # spares the work on the whole
            return None
        groups = weight.view(rows, columns // GROUP, GROUP)
        low, high = (bound.float() for bound in groups.aminmax(dim=-1))
        scales = ((high - low) / 15).clamp_min(torch.finfo(torch.float32).tiny)
        steps = groups.sub(low[..., None]).mul_(scales.reciprocal()[..., None])  # float32
        codes = steps.round()
        error = steps.sub_(codes).abs_().amax(-1) * scales
        if (error > _LARGEST_ERROR * torch.maximum(high.abs(), low.abs())).any():
            return None
        middles = (low + 8 * scales).to(weight.dtype)
        return cls(codes.int().view(rows, columns), scales.to(weight.dtype), middles)

    def times(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [n, columns] @ weight.T."""
        product: torch.Tensor = torch.ops.aten._weight_int4pack_mm_for_cpu(
            rows, self._packed, GROUP, self._scales
        )
        return product


class EightBitWeight:
    """A weight in 255 steps a group, which is near enough to bfloat16 for any weight: its codes'
    upper and lower halves are two 4-bit weights, whose products add up."""

    def __init__(self, upper: FourBitWeight, lower: FourBitWeight) -> None:
        self._upper = upper
        self._lower = lower

    @classmethod
    def fit(
        cls, weight: torch.Tensor, multiplied: torch.dtype | None = None
    ) -> EightBitWeight | None:
        """The weight [rows, columns] in 8 bits; None if its shape or its precision forbids it.

        `multiplied` is the type of the rows, where it is not that of the weight.
        """
        rows, columns = weight.shape
        if columns % GROUP or rows % 16 or weight.dtype is not torch.bfloat16:
            return None
        groups = weight.view(rows, columns // GROUP, GROUP)
        scales = (groups.abs().amax(-1).float() / 127).clamp_min(torch.finfo(torch.float32).tiny)
        codes = groups.mul(scales.reciprocal()[..., None]).round_().int().view(rows, columns)
        upper = codes.div(16, rounding_mode="floor")
        lower = codes.sub_(upper, alpha=16)
        scales = scales.to(multiplied or weight.dtype)
        return cls(
            FourBitWeight(upper.add_(8), 16 * scales, torch.zeros_like(scales)),
            FourBitWeight(lower, scales, 8 * scales),
        )

    def times(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [n, columns] @ weight.T."""
        return self._upper.times(rows).add_(self._lower.times(rows))


class PackedLinear(torch.nn.Module):
    """A linear layer, or several that share their input."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        """`weight` [outputs, columns], of several layers one after the other; `bias` [outputs]."""
        super().__init__()
        is_shared = isinstance(weight, torch.nn.Parameter)
        self.weight = weight if is_shared else torch.nn.Parameter(weight, requires_grad=False)
        self.bias = None if bias is None else torch.nn.Parameter(bias, requires_grad=False)
        self._packed = FourBitWeight.fit(self.weight) or EightBitWeight.fit(self.weight)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [..., columns] -> [..., outputs]."""
        count = rows.shape[:-1].numel()
        if self._packed is None or count > DECODE_ROWS:
            return linear(rows, self.weight, self.bias)
        output = self._packed.times(rows.reshape(count, -1).contiguous()).view(*rows.shape[:-1], -1)
        return output if self.bias is None else output + self.bias
