"""Packed linear layers against what they replace."""

from __future__ import annotations

import pytest
import torch

from backend.model.packed import DECODE_ROWS, GROUP, EightBitWeight, FourBitWeight, PackedLinear


def on_a_grid(rows: int, columns: int) -> torch.Tensor:
    """A weight as a 4-bit file holds it: 16 steps in every group."""
    chance = torch.Generator().manual_seed(1)
    codes = torch.randint(0, 16, (rows, columns // GROUP, GROUP), generator=chance)
    codes[..., 0], codes[..., 1] = 0, 15
    steps = torch.rand(rows, columns // GROUP, 1, generator=chance) / 100 + 0.001
    return (codes * steps - 7 * steps).view(rows, columns).bfloat16()


def inputs(rows: int, columns: int) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(2)).bfloat16()


def layer(weight: torch.Tensor, bias: bool = False) -> torch.nn.Linear:
    made = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias, dtype=weight.dtype)
    with torch.no_grad():
        made.weight.copy_(weight)
    return made


@pytest.mark.parametrize("bits", [4, 8])
def test_a_packed_weight_multiplies_like_the_full_one(bits: int) -> None:
    weight, rows = on_a_grid(48, 64), inputs(3, 64)
    packed = FourBitWeight.fit(weight) if bits == 4 else EightBitWeight.fit(weight)
    assert packed is not None
    expected = rows.float() @ weight.float().T
    error = (packed.times(rows).float() - expected).abs().max()
    assert error < 0.02 * expected.abs().max()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_weight_off_the_grid_is_not_forced_into_4_bits_nor_changed(dtype: torch.dtype) -> None:
    weight = inputs(48, 64).to(dtype)
    before = weight.clone()
    assert FourBitWeight.fit(weight) is None
    assert torch.equal(weight, before)


def test_4_bits_work_in_float32_too() -> None:
    weight, rows = on_a_grid(48, 64).float(), inputs(3, 64).float()
    before = weight.clone()
    packed = FourBitWeight.fit(weight)
    assert packed is not None
    assert torch.equal(weight, before)
    torch.testing.assert_close(packed.times(rows), rows @ weight.T, atol=5e-3, rtol=5e-3)


@pytest.mark.parametrize("weight", [on_a_grid(48, 64), inputs(48, 64)], ids=["4 bits", "8 bits"])
def test_every_row_is_computed_as_if_alone(weight: torch.Tensor) -> None:
    packed, rows = PackedLinear(weight), inputs(DECODE_ROWS, 64)
    with torch.inference_mode():
        alone = torch.cat([packed(row[None]) for row in rows])
        for count in range(1, DECODE_ROWS + 1):
            assert torch.equal(packed(rows[:count]), alone[:count])


@pytest.mark.parametrize("count", [1, DECODE_ROWS, DECODE_ROWS + 1, 40])
@pytest.mark.parametrize("bias", [False, True])
def test_layers_that_share_their_input_become_one(count: int, bias: bool) -> None:
    first, second = layer(on_a_grid(32, 64), bias), layer(on_a_grid(16, 64), bias)
    rows = inputs(count, 64)[None]
    with torch.inference_mode():
        expected = torch.cat([first(rows), second(rows)], dim=-1)
        weight = torch.cat([first.weight, second.weight])
        together = PackedLinear(weight, torch.cat([first.bias, second.bias]) if bias else None)(
            rows
        )
    torch.testing.assert_close(together, expected, atol=0.03, rtol=0.03)
