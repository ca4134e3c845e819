"""Products with quantised weights are those of the dequantised ones."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import linear, silu

from backend.model.cuda import products, quantised_products
from backend.model.cuda.products import Shape
from backend.model.cuda.quantised import Quantised, Quantization, quantise
from backend.model.cuda.quantised_products import MOST_ROWS, Tile, dense, times
from backend.model.cuda.rotation import Heads, Rotation, turn_and_write
from tests.backend.model.cuda.test_rotation import rotary

KINDS = [Quantization.FP8, Quantization.INT8]
SHAPES = [None, Shape(8, 64, 4), Shape(8, 64, 4, 16)]
TILES = [None, Tile(64, 128, 1, 4, 3), Tile(64, 64, 4, 4, 3), Tile(16, 32, 8, 4, 2)]


def made(
    outputs: int, width: int, kind: Quantization, device: torch.device, size: float = 1.0
) -> tuple[Quantised, torch.Tensor]:
    """A weight, and the same in float64."""
    weight = quantise(torch.randn(outputs, width, device=device) * size, kind)
    return weight, weight.dense(torch.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("outputs", "width"), [(100, 200), (9, 9000)])
def test_one_row(
    outputs: int, width: int, shape: Shape | None, kind: Quantization, device: torch.device
) -> None:
    torch.manual_seed(7)
    weight, exact = made(outputs, width, kind, device)
    row = torch.randn(1, width, device=device)
    expected = linear(row.double(), exact).float()
    torch.testing.assert_close(products.times(weight, row, shape), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_row_gated(shape: Shape | None, kind: Quantization, device: torch.device) -> None:
    torch.manual_seed(8)
    weight, exact = made(100, 200, kind, device, 0.1)
    row = torch.randn(1, 200, device=device)
    gate, up = linear(row.double(), exact).float().chunk(2, dim=-1)
    torch.testing.assert_close(
        products.times_gated(weight, row, shape), up * silu(gate), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("has_bias", [True, False])
def test_one_row_turning(
    *, has_bias: bool, shape: Shape | None, kind: Quantization, device: torch.device
) -> None:
    torch.manual_seed(9)
    heads = Heads(queries=6, keys=2, dim=32)
    weight, exact = made(heads.count * heads.dim, 200, kind, device, 0.1)
    bias = torch.randn(len(weight), device=device) if has_bias else None
    row = torch.randn(1, 200, device=device)
    angles = Rotation(rotary(device)).angles(
        torch.tensor([[70], [3], [9]], device=device), row.dtype
    )
    slots = torch.tensor([5], device=device)
    stored, expected = (torch.zeros(2, 12, 2, 32, device=device) for _ in range(2))
    joint = linear(row, exact.float(), bias)
    turn_and_write(joint, heads, angles, slots, expected[0], expected[1])
    output = products.times_turning(
        weight, bias, row, heads, angles, slots, stored[0], stored[1], shape
    )
    torch.testing.assert_close(
        output[:, : heads.width], joint[:, : heads.width], rtol=1e-3, atol=1e-3
    )
    torch.testing.assert_close(stored, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize(("count", "has_bias"), [(2, True), (17, False), (MOST_ROWS, True)])
def test_several_rows(
    *, has_bias: bool, count: int, tile: Tile | None, kind: Quantization, device: torch.device
) -> None:
    torch.manual_seed(10)
    weight, exact = made(100, 1200, kind, device)
    # The interpreter multiplies no matrices in bfloat16, a GPU those in float32 by no tensor cores.
    dtype, atol = (torch.float32, 1e-3) if device.type == "cpu" else (torch.bfloat16, 0.3)
    bias = torch.randn(100, device=device, dtype=dtype) if has_bias else None
    rows = torch.randn(count, 1200, device=device, dtype=dtype)
    expected = linear(rows.double(), exact, None if bias is None else bias.double()).to(dtype)
    for _ in range(2):  # what the first leaves behind is fit for the second
        said = times(weight, rows, bias, tile)
        torch.testing.assert_close(said, expected, rtol=1e-2 if atol > 0.1 else 1e-4, atol=atol)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_shared_where_outputs_are_few(kind: Quantization, device: torch.device) -> None:
    torch.manual_seed(11)
    weight, exact = made(70, 4100, kind, device)
    assert quantised_products.tile_for(weight, 5).splits > 1
    dtype, atol = (torch.float32, 1e-3) if device.type == "cpu" else (torch.bfloat16, 0.6)
    rows = torch.randn(5, 4100, device=device, dtype=dtype)
    expected = linear(rows.double(), exact).to(dtype)
    torch.testing.assert_close(times(weight, rows), expected, rtol=1e-2, atol=atol)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("numbers", [1 << 20, 900])
@pytest.mark.parametrize("has_bias", [True, False])
def test_many_rows(
    *,
    has_bias: bool,
    numbers: int,
    kind: Quantization,
    device: torch.device,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quantised_products, "_DENSE_NUMBERS", numbers)  # at once, or in pieces
    torch.manual_seed(12)
    weight, exact = made(50, 200, kind, device)
    bias = torch.randn(50, device=device) if has_bias else None
    rows = torch.randn(MOST_ROWS + 1, 200, device=device)
    expected = linear(rows.double(), exact, None if bias is None else bias.double()).float()
    torch.testing.assert_close(times(weight, rows, bias), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("width", [200, 5000])
def test_dense(width: int, dtype: torch.dtype, kind: Quantization, device: torch.device) -> None:
    torch.manual_seed(13)
    weight, _ = made(9, width, kind, device)
    said, expected = dense(weight, dtype), weight.dense(dtype)
    if device.type == "cpu" and dtype is torch.bfloat16:  # the interpreter does not round
        torch.testing.assert_close(said, expected, rtol=2**-7, atol=0.0)
    else:
        assert torch.equal(said, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 70])
def test_bfloat16(count: int, kind: Quantization, device: torch.device) -> None:
    if device.type != "cuda" and 1 < count <= MOST_ROWS:
        pytest.skip("needs a GPU: the interpreter multiplies no matrices in bfloat16")
    torch.manual_seed(14)
    weight, exact = made(300, 500, kind, device)
    rows = torch.randn(count, 500, device=device, dtype=torch.bfloat16)
    expected = linear(rows.double(), exact).to(torch.bfloat16)
    said = products.times(weight, rows) if count == 1 else times(weight, rows)
    torch.testing.assert_close(said, expected, rtol=1e-2, atol=0.3)
