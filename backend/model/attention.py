"""Attention over paged keys and values, registered with transformers under the name `paged`.

This is the plain form that specifies every faster one: write the new keys and values into their
slots, gather each sequence's blocks, attend causally.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from backend.model.kv_cache import KVCache, Span

NAME = "paged"


@dataclass(frozen=True)
class Pages:
    """Where the packed row's keys and values go, and what each part of it may look at."""

    cache: KVCache
    spans: tuple[Span, ...]


def paged_attention(
    module: torch.nn.Module,
    query: torch.Tensor,  # [1, heads, tokens, head_dim]
    key: torch.Tensor,  # [1, kv_heads, tokens, head_dim]
    value: torch.Tensor,  # [1, kv_heads, tokens, head_dim]
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    pages: Pages,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Answers [1, tokens, heads, head_dim], as transformers expects of an attention function."""
    assert attention_mask is None, "causality comes from the spans"
    layer = module.layer_idx
    assert isinstance(layer, int)
    keys, values = key[0].transpose(0, 1), value[0].transpose(0, 1)
    outputs = []
    for span in pages.spans:
        rows = slice(span.first, span.first + span.rows)
        pages.cache.write(layer, span, keys[rows], values[rows])
        outputs.append(_attend(query[:, :, rows], pages.cache, layer, span, scaling))
    return (outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)), None


def _attend(
    query: torch.Tensor, cache: KVCache, layer: int, span: Span, scaling: float
) -> torch.Tensor:
    """One sequence's newest rows over all its tokens: [1, rows, heads, head_dim]."""
    keys, values = cache.read(layer, span)
    keys, values = keys.transpose(0, 1)[None], values.transpose(0, 1)[None]
    if span.rows == 1:  # query heads that share a key head stand as its rows: 4 times as quick
        grouped = query.reshape(1, keys.shape[1], -1, query.shape[-1])
        output = scaled_dot_product_attention(grouped, keys, values, scale=scaling)
        return output.reshape(1, 1, query.shape[1], -1)
    output = scaled_dot_product_attention(
        query,
        keys,
        values,
        attn_mask=span.mask,
        is_causal=span.rows == span.length,
        scale=scaling,
        enable_gqa=query.shape[1] != keys.shape[1],
    )
    return output.transpose(1, 2)


ALL_ATTENTION_FUNCTIONS.register(NAME, paged_attention)
