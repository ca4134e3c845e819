"""What a quantised weight is, how near it comes, and which layers get one."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import linear

from backend.model.cuda.quantised import (
    Quantised,
    QuantisedLinear,
    Quantization,
    drop_weight,
    joined,
    large_layers,
    quantise,
    quantise_layers,
    weight_of,
)
from backend.settings import QUANTIZATIONS
from tests.fakes import checkpoints

KINDS = [Quantization.FP8, Quantization.INT8]


def relative(error: torch.Tensor, of: torch.Tensor) -> float:
    return float(error.norm() / of.norm())


def test_settings_know_the_same_names() -> None:
    assert tuple(kind.value for kind in Quantization) == QUANTIZATIONS


@pytest.mark.parametrize(("kind", "most"), [(Quantization.FP8, 0.03), (Quantization.INT8, 0.012)])
def test_errors_are_those_of_eight_bits(kind: Quantization, most: float) -> None:
    torch.manual_seed(3)
    # Rows of very different size, as only a scale for each can serve.
    weight = torch.randn(40, 500) * torch.logspace(-6, 3, 40)[:, None]
    near = quantise(weight, kind)
    for row, exact in zip(near.dense(torch.float32), weight, strict=True):
        assert 0 < relative(row - exact, exact) < most


def test_fp8_is_exact_in_bfloat16_and_keeps_small_numbers() -> None:
    torch.manual_seed(4)
    weight = torch.randn(20, 300)
    weight[:, 0] = 100  # beside which the others are small
    near = quantise(weight, Quantization.FP8)
    mantissas, _ = torch.frexp(near.scales)
    assert (mantissas == 0.5).all()  # powers of two
    assert torch.equal(near.dense(torch.bfloat16).float(), near.dense(torch.float32))
    others = weight[:, 1:]
    assert relative(near.dense(torch.float32)[:, 1:] - others, others) < 0.03


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_number_of_a_row_is_within_reach(kind: Quantization) -> None:
    weight = torch.tensor([[448.0, -1.0], [-449.0, 1.0], [1e-30, 0.0], [0.0, 0.0]])
    near = quantise(weight, kind).dense(torch.float32)
    assert torch.isfinite(near).all()
    torch.testing.assert_close(near[:, 0], weight[:, 0], rtol=0.04, atol=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_stays_none(kind: Quantization) -> None:
    weight = torch.ones(3, 8)
    weight[1, 2] = torch.nan
    said = QuantisedLinear(quantise(weight, kind))(torch.ones(1, 8))[0]
    assert said.isnan().tolist() == [False, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_in_pieces(kind: Quantization, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(5)
    weight = torch.randn(30, 64)
    whole = quantise(weight, kind)
    monkeypatch.setattr("backend.model.cuda.quantised._PIECE", 7 * 64)
    parts = quantise(weight, kind)
    assert torch.equal(parts.dense(torch.float32), whole.dense(torch.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_joined_rows(kind: Quantization) -> None:
    torch.manual_seed(6)
    first, second = torch.randn(5, 32), torch.randn(7, 32)
    both = joined([quantise(first, kind), quantise(second, kind)])
    assert isinstance(both, Quantised)
    expected = quantise(torch.cat([first, second]), kind)
    assert torch.equal(both.dense(torch.float32), expected.dense(torch.float32))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_bias", [True, False])
def test_a_layer_in_the_place_of_another(*, has_bias: bool, kind: Quantization) -> None:
    torch.manual_seed(7)
    layer = torch.nn.Linear(64, 10, bias=has_bias).requires_grad_(requires_grad=False)
    near = QuantisedLinear(quantise(layer.weight, kind), layer.bias)
    rows = torch.randn(2, 3, 64)
    weight = weight_of(near)
    assert isinstance(weight, Quantised)
    assert torch.equal(near(rows), linear(rows, weight.dense(torch.float32), layer.bias))
    assert relative(near(rows) - layer(rows), layer(rows)) < 0.04
    drop_weight(near)
    assert not list(near.parameters())
    assert not list(near.buffers())


@pytest.mark.parametrize("architecture", checkpoints.ARCHITECTURES)
def test_which_layers(architecture: str) -> None:
    model = checkpoints.build(architecture)
    text = "model" if architecture == "llama" else "model.language_model"
    names = [name for name, _ in large_layers(model, text)]
    quantise_layers(model, text, Quantization.INT8)
    left = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    assert [name for name in left if "visual" not in name] == (
        ["lm_head"] if architecture == "llama" else []  # which is its embedding
    )
    assert not any("visual" in name for name in names)
    ids = torch.tensor([[5, 6, 7]])
    with torch.inference_mode():
        said, exact = model(ids).logits, checkpoints.build(architecture)(ids).logits
    assert 0 < relative(said - exact, exact) < 0.1
