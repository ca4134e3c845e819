"""The norms and the addition between them equal transformers' modules."""

from __future__ import annotations

import pytest
import torch
from transformers.models.glm4v.modeling_glm4v import Glm4vRMSNorm

from backend.model.cuda.norms import Norm

KINDS = (torch.float32, torch.bfloat16)


def norm_of(width: int, dtype: torch.dtype, device: torch.device) -> torch.nn.Module:
    norm = Glm4vRMSNorm(width, eps=1e-5)
    norm.weight.data.normal_(1, 0.3)
    return norm.to(device, dtype).requires_grad_(requires_grad=False)


def assert_close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """In bfloat16, but for a step or two where a sum came out on the other side of a rounding."""
    tolerance = 2e-2 if expected.dtype is torch.bfloat16 else 1e-5
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize(("count", "width"), [(1, 4096), (5, 96)])
def test_equals_the_module(
    count: int, width: int, dtype: torch.dtype, device: torch.device
) -> None:
    torch.manual_seed(1)
    original = norm_of(width, dtype, device)
    rows = torch.randn(count, width, device=device).to(dtype)
    assert_close(Norm(original)(rows), original(rows))


@pytest.mark.parametrize("dtype", KINDS)
def test_adds_in_place_and_norms_for_the_next(dtype: torch.dtype, device: torch.device) -> None:
    torch.manual_seed(2)
    one, other = norm_of(320, dtype, device), norm_of(320, dtype, device)
    rows, residual = (torch.randn(7, 320, device=device).to(dtype) for _ in range(2))
    stream = residual + one(rows)
    expected = other(stream)
    output = Norm(one).add(rows, residual, Norm(other))
    assert_close(residual, stream)
    assert_close(output, expected)
