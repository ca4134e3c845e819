"""Modules that take the place of transformers' own in a Llama on the CPU: fewer, larger operations.

Each does what the module it replaces does, up to rounding; the tests hold them side by side.
"""

from __future__ import annotations

import torch
from torch.nn.functional import rms_norm
from transformers.models.llama.modeling_llama import (
    LlamaAttention,
    LlamaForCausalLM,
    LlamaMLP,
    LlamaRMSNorm,
)

from backend.model.attention import Pages, paged_attention
from backend.model.packed import PackedLinear


class FusedNorm(torch.nn.Module):
    """RMS norm in one operation."""

    def __init__(self, original: LlamaRMSNorm) -> None:
        super().__init__()
        self.weight = original.weight
        self._epsilon = original.variance_epsilon

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[..., hidden] -> the same shape."""
        return rms_norm(hidden, self.weight.shape, self.weight, self._epsilon)


class FusedAttention(torch.nn.Module):
    """Queries, keys and values from one product; both kinds of heads rotated at once."""

    def __init__(self, original: LlamaAttention) -> None:
        super().__init__()
        self.layer_idx = original.layer_idx
        self._head_dim = original.head_dim
        self._scaling = original.scaling
        self._heads = original.q_proj.out_features // original.head_dim
        self._kv_heads = original.k_proj.out_features // original.head_dim
        self.qkv_proj = PackedLinear(original.q_proj, original.k_proj, original.v_proj)
        self.o_proj = PackedLinear(original.o_proj)

    def forward(
        self,
        hidden_states: torch.Tensor,  # [1, tokens, hidden]
        position_embeddings: tuple[torch.Tensor, torch.Tensor],  # each [1, tokens, head_dim]
        attention_mask: torch.Tensor | None = None,
        *,
        pages: Pages,
        **_: object,
    ) -> tuple[torch.Tensor, None]:
        """As LlamaAttention.forward."""
        heads = self.qkv_proj(hidden_states).unflatten(-1, (-1, self._head_dim))
        turning, values = torch.split(heads, [self._heads + self._kv_heads, self._kv_heads], dim=2)
        queries, keys = torch.split(
            _rotated(turning, *position_embeddings), [self._heads, self._kv_heads], dim=2
        )
        output, _weights = paged_attention(
            self,
            queries.transpose(1, 2),
            keys.transpose(1, 2),
            values.transpose(1, 2),
            attention_mask,
            scaling=self._scaling,
            pages=pages,
        )
        return self.o_proj(output.flatten(2)), None


class FusedMlp(torch.nn.Module):
    """Gate and up from one product."""

    def __init__(self, original: LlamaMLP) -> None:
        super().__init__()
        self.gate_up_proj = PackedLinear(original.gate_proj, original.up_proj)
        self.down_proj = PackedLinear(original.down_proj)
        self._activation = original.act_fn

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[..., hidden] -> the same shape."""
        gate, up = self.gate_up_proj(hidden).chunk(2, dim=-1)
        output: torch.Tensor = self.down_proj(self._activation(gate) * up)
        return output


def fuse(model: LlamaForCausalLM) -> None:
    """Swaps the modules of a loaded Llama in place."""
    for layer in model.model.layers:
        layer.self_attn = FusedAttention(layer.self_attn)
        layer.mlp = FusedMlp(layer.mlp)
        layer.input_layernorm = FusedNorm(layer.input_layernorm)
        layer.post_attention_layernorm = FusedNorm(layer.post_attention_layernorm)
    model.model.norm = FusedNorm(model.model.norm)
    model.lm_head = PackedLinear(model.lm_head)


def _rotated(heads: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding of heads [1, tokens, heads, head_dim]."""
    first, second = heads.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    return heads * cos.unsqueeze(2) + turned * sin.unsqueeze(2)
