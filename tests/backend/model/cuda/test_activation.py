"""The gate equals the product that transformers' MLP forms."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import silu

from backend.model.cuda.activation import gated


@pytest.mark.parametrize("width", [96, 1500])
def test_equals_the_product(width: int, device: torch.device) -> None:
    torch.manual_seed(3)
    rows = torch.randn(4, 2 * width, device=device)
    gate, up = rows.chunk(2, dim=-1)
    torch.testing.assert_close(gated(rows), up * silu(gate))
