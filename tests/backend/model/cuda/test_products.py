"""Products of one row equal the layers that they take the place of."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import linear, silu

from backend.model.cuda.products import Shape, times, times_gated, times_turning
from backend.model.cuda.rotation import Heads, Rotation, turn_and_write
from tests.backend.model.cuda.test_rotation import rotary

SHAPES = [None, Shape(8, 64, 4)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("outputs", "width"), [(100, 200), (36, 4100)])
def test_plain(outputs: int, width: int, shape: Shape | None, device: torch.device) -> None:
    torch.manual_seed(7)
    weight = torch.randn(outputs, width, device=device)
    row = torch.randn(1, width, device=device)
    expected = linear(row.double(), weight.double()).float()
    torch.testing.assert_close(times(weight, row, shape), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_gated(shape: Shape | None, device: torch.device) -> None:
    torch.manual_seed(8)
    weight = torch.randn(100, 200, device=device) * 0.1
    row = torch.randn(1, 200, device=device)
    gate, up = linear(row.double(), weight.double()).float().chunk(2, dim=-1)
    torch.testing.assert_close(
        times_gated(weight, row, shape), up * silu(gate), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("has_bias", [True, False])
def test_turning(*, has_bias: bool, shape: Shape | None, device: torch.device) -> None:
    torch.manual_seed(9)
    heads = Heads(queries=6, keys=2, dim=32)
    weight = torch.randn(heads.count * heads.dim, 200, device=device) * 0.1
    bias = torch.randn(len(weight), device=device) if has_bias else None
    row = torch.randn(1, 200, device=device)
    angles = Rotation(rotary(device)).angles(
        torch.tensor([[70], [3], [9]], device=device), row.dtype
    )
    slots = torch.tensor([5], device=device)
    stored, expected = (torch.zeros(2, 12, 2, 32, device=device) for _ in range(2))
    joint = linear(row, weight, bias)
    turn_and_write(joint, heads, angles, slots, expected[0], expected[1])
    output = times_turning(weight, bias, row, heads, angles, slots, stored[0], stored[1], shape)
    torch.testing.assert_close(
        output[:, : heads.width], joint[:, : heads.width], rtol=1e-3, atol=1e-3
    )
    torch.testing.assert_close(stored, expected, rtol=1e-3, atol=1e-3)
