"""Queries and keys are turned as transformers turns them, and stored where they belong."""

from __future__ import annotations

from typing import Any

import torch
from transformers.models.glm4v.configuration_glm4v import Glm4vTextConfig
from transformers.models.glm4v.modeling_glm4v import (
    Glm4vTextRotaryEmbedding,
    apply_rotary_pos_emb,
)

from backend.model.cuda.rotation import Heads, Rotation, turn_and_write

HEADS = Heads(queries=6, keys=2, dim=32)
SLOTS = [9, 2, 3, 4, -1, 6, 11]


def rotary(device: torch.device) -> Any:
    config = Glm4vTextConfig(
        hidden_size=192,
        num_attention_heads=6,
        num_key_value_heads=2,
        rope_parameters={
            "rope_type": "default",
            "rope_theta": 10000.0,
            "partial_rotary_factor": 0.5,
            "mrope_section": [2, 3, 3],
        },
    )
    return Glm4vTextRotaryEmbedding(config).to(device)


def test_turns_and_stores(device: torch.device) -> None:
    torch.manual_seed(4)
    original = rotary(device)
    count = len(SLOTS)
    positions = torch.randint(0, 5000, (3, count), device=device)
    rows = torch.randn(count, HEADS.count * HEADS.dim, device=device)
    heads = rows.view(count, HEADS.count, HEADS.dim).transpose(0, 1)[None]
    queries, keys, values = heads[:, :6], heads[:, 6:8], heads[:, 8:]
    cosines, sines = original(rows, positions[:, None])
    turn: Any = apply_rotary_pos_emb
    queries, keys = turn(queries, keys, cosines, sines)

    stored_keys, stored_values = (torch.zeros(12, 2, 32, device=device) for _ in range(2))
    turned = rows.clone()
    angles = Rotation(original).angles(positions, rows.dtype)
    slots = torch.tensor(SLOTS, device=device)
    turn_and_write(turned, HEADS, angles, slots, stored_keys, stored_values)

    torch.testing.assert_close(
        turned[:, : HEADS.width], queries[0].transpose(0, 1).flatten(1), rtol=1e-4, atol=1e-4
    )
    expected_keys, expected_values = torch.zeros_like(stored_keys), torch.zeros_like(stored_values)
    for row, slot in enumerate(SLOTS):
        if slot >= 0:
            expected_keys[slot] = keys[0, :, row]
            expected_values[slot] = values[0, :, row]
    torch.testing.assert_close(stored_keys, expected_keys, rtol=1e-4, atol=1e-4)
    assert torch.equal(stored_values, expected_values)
