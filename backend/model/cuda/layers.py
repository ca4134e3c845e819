"""The text model of GLM-4.xV for the GPU, out of transformers' own weights.

Each part does what the module it replaces does, up to rounding, in fewer kernels; the tests hold
them side by side. One row, which is what a decode step of one sequence has, goes through kernels
of its own (`products`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.nn.functional import linear

from backend.model.cuda import products, quantised_products
from backend.model.cuda.activation import gated
from backend.model.cuda.norms import Norm
from backend.model.cuda.quantised import Quantised, Weight, drop_weight, joined, weight_of
from backend.model.cuda.rotation import Angles, Heads, Rotation, turn_and_write
from backend.model.parallel.team import Alone, Team


class Attention(Protocol):
    """How rows that lie together look back."""

    def attend(
        self, rows: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """As the classes in `backend.model.cuda.attention` have it."""


# By layer, keys and values as `Attention.attend` takes them.
Memory = Sequence[tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Step:
    """What a forward pass needs besides its rows."""

    positions: torch.Tensor  # [3, rows], in time, height and width
    slots: torch.Tensor  # [rows]: where keys and values go; nowhere, if negative
    memory: Memory
    parts: tuple[tuple[slice, Attention], ...]  # covering the rows, in order


class FusedAttention:
    """Queries, keys and values from one product; turned and stored in one kernel."""

    def __init__(self, original: torch.nn.Module) -> None:
        """Takes the weights out of transformers' module, which is of no use afterwards."""
        layers = [original.get_submodule(f"{name}_proj") for name in "qkv"]
        self._weight = joined([weight_of(layer) for layer in layers])
        self._bias: torch.Tensor | None = None
        if layers[0].bias is not None:
            self._bias = torch.cat([layer.get_parameter("bias") for layer in layers])
        for layer in layers:
            drop_weight(layer)
        self._output = weight_of(original.get_submodule("o_proj"))
        dim = int(original.head_dim)  # type: ignore[arg-type]
        keys = int(original.num_key_value_heads)  # type: ignore[arg-type]
        self.heads = Heads(len(self._weight) // dim - 2 * keys, keys, dim)
        self._scale = float(original.scaling)  # type: ignore[arg-type]

    def __call__(
        self,
        rows: torch.Tensor,
        angles: Angles,
        step: Step,
        keys: torch.Tensor,
        values: torch.Tensor,
    ) -> torch.Tensor:
        """rows [n, hidden] -> [n, hidden]; keys and values as `attend` takes them."""
        heads = self.heads
        stored = keys.flatten(0, 1), values.flatten(0, 1)
        if len(rows) == 1:
            joint = products.times_turning(
                self._weight, self._bias, rows, heads, angles, step.slots, *stored
            )
        else:
            joint = times(self._weight, rows, self._bias)
            turn_and_write(joint, heads, angles, step.slots, *stored)
        outputs = [
            part.attend(joint[place], keys, values, self._scale) for place, part in step.parts
        ]
        output = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        return times(self._output, output)


class FusedMlp:
    """Gate and up, the activation between, and down."""

    def __init__(self, original: torch.nn.Module) -> None:
        self._gate_up = weight_of(original.get_submodule("gate_up_proj"))
        self._down = weight_of(original.get_submodule("down_proj"))

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [n, hidden] -> [n, hidden]."""
        if len(rows) == 1:
            inner = products.times_gated(self._gate_up, rows)
        else:
            inner = gated(times(self._gate_up, rows))
        return times(self._down, inner)


class FusedLayer:
    """A decoder layer with its four norms, but for the first, which the layer before applies."""

    def __init__(self, original: torch.nn.Module, team: Team) -> None:
        self._team = team
        self.attention = FusedAttention(original.get_submodule("self_attn"))
        self._mlp = FusedMlp(original.get_submodule("mlp"))
        self._after_attention = Norm(original.get_submodule("post_self_attn_layernorm"))
        self._before_mlp = Norm(original.get_submodule("post_attention_layernorm"))
        self._after_mlp = Norm(original.get_submodule("post_mlp_layernorm"))

    def __call__(
        self,
        rows: torch.Tensor,
        residual: torch.Tensor,
        angles: Angles,
        step: Step,
        stored: tuple[torch.Tensor, torch.Tensor],
        following: Norm,
    ) -> torch.Tensor:
        """Normed rows [n, hidden] -> rows for the next layer, as its `following` norm leaves them.
        Changes the residual stream [n, hidden] in place."""
        said = self._team.sum(self.attention(rows, angles, step, *stored))
        rows = self._after_attention.add(said, residual, self._before_mlp)
        said = self._team.sum(self._mlp(rows))
        return self._after_mlp.add(said, residual, following)


class FusedText:
    """A whole text model, from embedded tokens to what its head reads."""

    def __init__(self, original: torch.nn.Module, team: Team | None = None) -> None:
        """`original` is transformers' text model, or the part of it that this process of a team
        holds; its layers are of no use afterwards."""
        self.team: Team = team or Alone()
        layers = list(original.get_submodule("layers").children())
        norms = [Norm(layer.get_submodule("input_layernorm")) for layer in layers]
        norms.append(Norm(original.get_submodule("norm")))
        self._first = norms[0]
        self._layers = [
            (FusedLayer(layer, self.team), norm)
            for layer, norm in zip(layers, norms[1:], strict=True)
        ]
        self._rotation = Rotation(original.get_submodule("rotary_emb"))
        self.heads = self._layers[0][0].attention.heads

    def __call__(self, embedded: torch.Tensor, step: Step) -> torch.Tensor:
        """embedded [rows, hidden] -> the normed output of the last layer, of the same shape."""
        angles = self._rotation.angles(step.positions, embedded.dtype)
        residual = embedded.clone()
        rows = self._first(residual)
        for (layer, norm), stored in zip(self._layers, step.memory, strict=True):
            rows = layer(rows, residual, angles, step, stored, norm)
        return rows


def times(weight: Weight, rows: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """rows [n, width] @ weight.T + bias."""
    if len(rows) == 1 and bias is None:
        return products.times(weight, rows)
    if isinstance(weight, Quantised):
        return quantised_products.times(weight, rows, bias)
    return linear(rows, weight, bias)


def can_fuse(text: torch.nn.Module) -> bool:
    """Whether these kernels do what this text model of transformers does."""
    device = text.get_parameter("embed_tokens.weight").device
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):
        return False  # no bfloat16 in matrix products
    config: Any = text.config
    dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return (
        config.model_type in {"glm4v_text", "glm_ocr_text"}
        and config.hidden_act == "silu"
        and config.rope_parameters["rope_type"] == "default"
        and dim >= 16
        and dim & (dim - 1) == 0
    )
