"""Weights in one byte a number: each row of numbers in FP8 or int8, with a scale of its own.

What is read is halved, and the sums are those of the dequantised weight. `Quantised.dense` says
what a quantised weight is; the kernels that read it (`products`, `tiles`) are held to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from torch.nn.functional import linear

_PIECE = 1 << 24  # numbers that are quantised at a time


class Quantization(Enum):
    """How the large weights of a text model are kept."""

    NONE = "none"
    FP8 = "fp8"  # e4m3: as exact for small numbers of a row as for large ones
    INT8 = "int8"

    @property
    def least_capability(self) -> tuple[int, int]:
        """Of a card whose kernels can read it."""
        return (8, 9) if self is Quantization.FP8 else (8, 0)


@dataclass(frozen=True)
class Quantised:
    """A weight of a linear layer, row by row: numbers times their row's scale."""

    numbers: torch.Tensor  # [outputs, width], float8_e4m3fn or int8
    scales: torch.Tensor  # float32 [outputs]; powers of two with FP8

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def shape(self) -> torch.Size:
        """[outputs, width]."""
        return self.numbers.shape

    def dense(self, dtype: torch.dtype) -> torch.Tensor:
        """The weight itself. In bfloat16 it is exact with FP8, whose scales are powers of two."""
        return (self.numbers.float() * self.scales[:, None]).to(dtype)


Weight = torch.Tensor | Quantised


def quantise(weight: torch.Tensor, kind: Quantization) -> Quantised:
    """The nearest there is to a weight [outputs, width]; beside it, little memory is taken."""
    dtype = torch.float8_e4m3fn if kind is Quantization.FP8 else torch.int8
    numbers = torch.empty(weight.shape, dtype=dtype, device=weight.device)
    scales = torch.empty(len(weight), device=weight.device)
    rows = max(1, _PIECE // weight.shape[1])
    for first in range(0, len(weight), rows):
        part = weight[first : first + rows].float()
        scale = _scales(part.abs().amax(1), kind)
        part = part / scale[:, None]
        if kind is Quantization.INT8:
            part.round_()
        numbers[first : first + rows] = part.to(dtype)
        scales[first : first + rows] = scale
    return Quantised(numbers, scales)


def _scales(largest: torch.Tensor, kind: Quantization) -> torch.Tensor:
    """Of rows whose numbers are at most so far from zero."""
    if kind is Quantization.INT8:
        scales = largest / 127
    else:
        # Powers of two cost FP8 no precision, and make the weight exact in bfloat16 again.
        mantissa, exponent = torch.frexp(largest / torch.finfo(torch.float8_e4m3fn).max)
        scales = torch.ldexp(torch.ones_like(largest), exponent - (mantissa == 0.5).int())
    return torch.where(largest == 0, 1.0, scales)


class QuantisedLinear(torch.nn.Module):
    """Takes the place of a linear layer. Computes what the kernels compute, anywhere and slowly."""

    def __init__(self, weight: Quantised, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        self.numbers = torch.nn.Parameter(weight.numbers, requires_grad=False)
        self.register_buffer("scales", weight.scales)
        self.bias = bias

    @property
    def quantised(self) -> Quantised:
        """The weight."""
        return Quantised(self.numbers, self.get_buffer("scales"))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [..., width] -> [..., outputs]."""
        return linear(rows, self.quantised.dense(rows.dtype), self.bias)


def weight_of(layer: torch.nn.Module) -> Weight:
    """The weight of a linear layer, quantised or not."""
    if isinstance(layer, QuantisedLinear):
        return layer.quantised
    return layer.get_parameter("weight")


def drop_weight(layer: torch.nn.Module) -> None:
    """Lets go of a linear layer's memory; the layer is of no use afterwards."""
    if isinstance(layer, QuantisedLinear):
        del layer.numbers, layer.scales
    else:
        del layer.weight
    del layer.bias


def joined(weights: list[Weight]) -> Weight:
    """Weights of the same width, one below the other."""
    if all(isinstance(weight, torch.Tensor) for weight in weights):
        return torch.cat([weight for weight in weights if isinstance(weight, torch.Tensor)])
    parts = [weight for weight in weights if isinstance(weight, Quantised)]
    assert len(parts) == len(weights)
    numbers = torch.cat([part.numbers.view(torch.uint8) for part in parts])
    return Quantised(numbers.view(parts[0].numbers.dtype), torch.cat([p.scales for p in parts]))


def large_layers(model: torch.nn.Module, text: str) -> Iterator[tuple[str, torch.nn.Linear]]:
    """The linear layers that are quantised, by name: those of the text model's layers, and the
    output layer, unless it is the embedding. `text` is the text model's name. Embeddings and the
    vision tower are left: the one is looked up row by row, the other multiplies many rows."""
    embedding = model.get_parameter(f"{text}.embed_tokens.weight")
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and (
            name.startswith(f"{text}.layers.")
            or (name == "lm_head" and module.weight is not embedding)
        ):
            yield name, module


def quantise_layers(
    model: torch.nn.Module,
    text: str,
    kind: Quantization,
    made: Callable[[str], Quantised | None] = lambda name: None,
) -> None:
    """Puts quantised layers in the place of the large ones; `made` has what is quantised already,
    by the layer's name."""
    for name, layer in list(large_layers(model, text)):
        weight = made(name) or quantise(layer.weight.data, kind)
        model.set_submodule(name, QuantisedLinear(weight, layer.bias))
