"""The fused vision tower says what transformers' own says, for pictures in any company."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from backend.model.cuda.vision_attention import Tiled, best_cut
from backend.model.cuda.vision_tower import FusedTower, can_fuse
from tests.fakes import checkpoints

TOWERS = ("glm4v", "glm46v", "glm_ocr")
GRIDS = [(4, 6), (2, 2), (10, 4)]


def tower_of(architecture: str, device: torch.device) -> Any:
    """transformers' tower, its weights far from what they are at first."""
    tower = checkpoints.build(architecture).model.visual.to(device)
    chance = torch.Generator().manual_seed(3)
    for name, weight in tower.named_parameters():
        if "norm" in name or name.endswith("bias") or "position" in name:
            weight.data += torch.randn(weight.shape, generator=chance).to(device) * 0.3
    return tower.requires_grad_(requires_grad=False)


def fused(tower: Any, device: torch.device) -> FusedTower:
    heads, dim = tower.config.num_heads, tower.config.hidden_size // tower.config.num_heads
    assert heads * dim == tower.config.hidden_size
    return FusedTower(tower, Tiled(best_cut(dim, torch.float32, device)))


@pytest.mark.parametrize("architecture", TOWERS)
def test_equals_transformers(architecture: str, device: torch.device) -> None:
    reference = tower_of(architecture, device)
    ours = fused(tower_of(architecture, device), device)
    count = sum(height * width for height, width in GRIDS)
    patches = torch.randn(count, 3 * 2 * 14 * 14, device=device)
    with torch.inference_mode():
        sizes = torch.tensor([(1, *grid) for grid in GRIDS], device=device)
        expected = reference(patches, grid_thw=sizes).pooler_output
        torch.testing.assert_close(ours(patches, GRIDS), expected, atol=1e-5, rtol=1e-5)


def test_knows_what_it_can_do() -> None:
    assert all(can_fuse(checkpoints.build(name).model.visual) for name in TOWERS)
    odd = checkpoints.build("glm4v").model.visual
    odd.config.hidden_act = "gelu"
    assert not can_fuse(odd)
