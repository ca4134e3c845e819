"""The embedded model for training: its weights frozen, a low-rank side path beside every product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear, rms_norm, scaled_dot_product_attention, silu

ALPHA = 64.0  # the side path's factor is ALPHA / rank


@dataclass(frozen=True)
class Shape:
    """The dimensions of a Llama."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    epsilon: float
    theta: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """From config.json."""
        return cls(
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            heads=config["num_attention_heads"],
            kv_heads=config["num_key_value_heads"],
            head_dim=config["head_dim"],
            epsilon=config["rms_norm_eps"],
            theta=config["rope_theta"],
        )


class Adapted(nn.Module):
    """One product, or several that share their input, with one side path."""

    weight: torch.Tensor

    def __init__(self, weight: torch.Tensor, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        self.register_buffer("weight", weight)
        self.down = nn.Parameter(torch.empty(rank, inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.down, a=5**0.5)
        self._factor = ALPHA / rank

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [..., inputs] -> [..., outputs]."""
        side = linear(rows, self.down.to(rows.dtype))
        return linear(rows, self.weight) + linear(side, (self.up * self._factor).to(rows.dtype))

    def factors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(down [rank, inputs], up [outputs, rank]), whose product is added to the weight."""
        return self.down.detach().bfloat16(), (self.up * self._factor).detach().bfloat16()


class _Layer(nn.Module):
    """One decoder layer."""

    first_norm: torch.Tensor
    second_norm: torch.Tensor

    def __init__(self, weights: Mapping[str, torch.Tensor], shape: Shape, rank: int) -> None:
        super().__init__()
        self._shape = shape
        qkv = [weights[f"self_attn.{name}_proj.weight"] for name in "qkv"]
        gate_up = [weights[f"mlp.{name}_proj.weight"] for name in ("gate", "up")]
        self.qkv = Adapted(torch.cat(qkv), rank)
        self.o = Adapted(weights["self_attn.o_proj.weight"], rank)
        self.gate_up = Adapted(torch.cat(gate_up), rank)
        self.down = Adapted(weights["mlp.down_proj.weight"], rank)
        self.register_buffer("first_norm", weights["input_layernorm.weight"])
        self.register_buffer("second_norm", weights["post_attention_layernorm.weight"])

    def forward(self, rows: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        """rows [batch, tokens, hidden] -> the same shape."""
        shape = self._shape
        size = (shape.hidden,)
        heads = self.qkv(rms_norm(rows, size, self.first_norm, shape.epsilon))
        heads = heads.unflatten(-1, (-1, shape.head_dim)).transpose(1, 2)
        turning, values = heads.split([shape.heads + shape.kv_heads, shape.kv_heads], dim=1)
        first, second = turning.chunk(2, dim=-1)
        turning = turning * cos + torch.cat((-second, first), dim=-1) * sin
        queries, keys = turning.split([shape.heads, shape.kv_heads], dim=1)
        mixed = scaled_dot_product_attention(queries, keys, values, is_causal=True, enable_gqa=True)
        rows = rows + self.o(mixed.transpose(1, 2).flatten(2))
        normed = rms_norm(rows, size, self.second_norm, shape.epsilon)
        gate, up = self.gate_up(normed).chunk(2, dim=-1)
        output: torch.Tensor = rows + self.down(silu(gate) * up)
        return output


class Learner(nn.Module):
    """The whole model. Sequences of a batch are padded on the right, which causality hides."""

    def __init__(self, weights: Mapping[str, torch.Tensor], shape: Shape, rank: int) -> None:
        super().__init__()
        self._shape = shape
        self.layers = nn.ModuleList()
        for number in range(shape.layers):
            start = f"model.layers.{number}."
            own = {
                name.removeprefix(start): weight
                for name, weight in weights.items()
                if name.startswith(start)
            }
            self.layers.append(_Layer(own, shape, rank))
        self.register_buffer("embedding", weights["model.embed_tokens.weight"])
        self.register_buffer("norm", weights["model.norm.weight"])

    def forward(self, tokens: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """tokens [batch, length]; logits after the positions where `chosen` [batch, length] is true."""
        shape = self._shape
        embedding = self.get_buffer("embedding")
        rows = embedding[tokens]
        cos, sin = self._rotation(tokens.shape[1], rows)
        for layer in self.layers:
            rows = layer(rows, cos, sin)
        rows = rms_norm(rows[chosen], (shape.hidden,), self.get_buffer("norm"), shape.epsilon)
        return linear(rows, embedding)

    def _rotation(self, length: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        shape = self._shape
        steps = torch.arange(0, shape.head_dim, 2, device=like.device, dtype=torch.float32)
        speeds = shape.theta ** (-steps / shape.head_dim)
        angles = torch.arange(length, device=like.device)[:, None] * speeds
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos().to(like.dtype), angles.sin().to(like.dtype)

    def resume(self, factors: Mapping[str, torch.Tensor]) -> None:
        """Goes on from an adapter that `factors` once gave."""
        with torch.no_grad():
            for number, layer in enumerate(self.layers):
                for name in ("qkv", "o", "gate_up", "down"):
                    part = layer.get_submodule(name)
                    start = f"layers.{number}.{name}"
                    part.down.copy_(factors[f"{start}.down"])  # type: ignore[operator]
                    up = factors[f"{start}.up"].float() / part._factor  # type: ignore[operator]
                    part.up.copy_(up)  # type: ignore[operator]

    def factors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The adapter's tensors by name."""
        for number, layer in enumerate(self.layers):
            for name in ("qkv", "o", "gate_up", "down"):
                down, up = layer.get_submodule(name).factors()  # type: ignore[operator]
                yield f"layers.{number}.{name}.down", down
                yield f"layers.{number}.{name}.up", up


def merged(
    weights: Mapping[str, torch.Tensor], factors: Mapping[str, torch.Tensor], shape: Shape
) -> dict[str, torch.Tensor]:
    """The model's weights with the adapter added, under transformers' names."""
    whole = dict(weights)
    parts = {
        "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        "o": ("self_attn.o_proj",),
        "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
        "down": ("mlp.down_proj",),
    }
    for number in range(shape.layers):
        for name, places in parts.items():
            start = f"layers.{number}.{name}"
            change = factors[f"{start}.up"].float() @ factors[f"{start}.down"].float()
            at = 0
            for place in places:
                key = f"model.layers.{number}.{place}.weight"
                rows = whole[key].shape[0]
                added = whole[key].float() + change[at : at + rows].to(whole[key].device)
                whole[key] = added.to(whole[key].dtype)
                at += rows
            assert at == change.shape[0], f"{start} does not fit the model"
    return whole
