"""Adapters added to a loaded model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import save_file
from transformers import LlamaForCausalLM

from backend.model import adapter
from backend.model.adapter import Adapted
from backend.model.llama import Llama, LlamaConfig
from backend.model.manifest import DamagedModel

HIDDEN, INNER, RANK, LAYERS = 64, 128, 32, 2
SIZES = {
    "qkv": (HIDDEN, 2 * HIDDEN),
    "o": (HIDDEN, HIDDEN),
    "gate_up": (HIDDEN, 2 * INNER),
    "down": (INNER, HIDDEN),
}


@pytest.fixture
def model() -> LlamaForCausalLM:
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        hidden_size=HIDDEN,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=320,
    )
    built: LlamaForCausalLM = LlamaForCausalLM(config).bfloat16()  # type: ignore[no-untyped-call]
    return built


def ours(model: LlamaForCausalLM) -> Llama:
    """The same network out of our own modules."""
    config = LlamaConfig.of(model.config.to_dict())
    assert config is not None
    return Llama(config, model.state_dict(), torch.bfloat16)


def factors(scale: float = 0.1) -> dict[str, torch.Tensor]:
    chance = torch.Generator().manual_seed(7)
    return {
        f"layers.{number}.{name}.{part}": (scale * torch.randn(shape, generator=chance)).bfloat16()
        for number in range(LAYERS)
        for name, (inputs, outputs) in SIZES.items()
        for part, shape in (("down", (RANK, inputs)), ("up", (outputs, RANK)))
    }


def written(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    save_file(tensors, folder / "adapter.safetensors")
    return folder / "adapter.safetensors"


@torch.inference_mode()
@pytest.mark.parametrize("is_fused", [True, False])
def test_a_layer_computes_its_change_where_the_switch_is_on(
    model: LlamaForCausalLM, tmp_path: Path, is_fused: bool
) -> None:
    changes = factors()
    rows = torch.randn(24, INNER, generator=torch.Generator().manual_seed(5)).bfloat16()
    before = model.model.layers[1].mlp.down_proj(rows).float()
    changed = ours(model) if is_fused else model

    switch = adapter.add(changed, written(tmp_path, changes))

    layer = changed.get_submodule("model.layers.1.mlp.down_proj")
    change = rows.float() @ changes["layers.1.down.down"].float().T
    change = change @ changes["layers.1.down.up"].float().T
    for count in (1, 3, 8, 24):  # decoding and reading
        off = layer(rows[:count]).float()
        with switch.rows([(True, count)], rows):
            on = layer(rows[:count]).float()
        torch.testing.assert_close(off, before[:count], rtol=0.03, atol=0.03)
        torch.testing.assert_close(on - off, change[:count], rtol=0.05, atol=0.06)


@torch.inference_mode()
@pytest.mark.parametrize("is_fused", [True, False])
def test_every_layer_of_the_network_is_changed(
    model: LlamaForCausalLM, tmp_path: Path, is_fused: bool
) -> None:
    changed = ours(model) if is_fused else model

    adapter.add(changed, written(tmp_path, factors()))

    found = [one for one in changed.modules() if isinstance(one, Adapted)]
    assert len(found) == LAYERS * (4 if is_fused else 7)


@torch.inference_mode()
def test_a_row_without_the_adapter_does_not_notice_its_company(
    model: LlamaForCausalLM, tmp_path: Path
) -> None:
    fused = ours(model)
    switch = adapter.add(fused, written(tmp_path, factors()))
    layer = fused.get_submodule("model.layers.0.mlp.gate_up_proj")
    rows = torch.randn(4, HIDDEN, generator=torch.Generator().manual_seed(6)).bfloat16()

    alone = layer(rows[:1])
    with switch.rows([(True, 2)], rows):
        both = layer(rows[2:])
    with switch.rows([(False, 1), (True, 1), (True, 2)], rows):
        mixed = layer(rows)
    after = layer(rows[:1])

    assert torch.equal(mixed[:1], alone)
    assert torch.equal(mixed[2:], both)
    assert torch.equal(after, alone)


def test_files_of_other_models_are_refused(model: LlamaForCausalLM, tmp_path: Path) -> None:
    fewer = {name: one for name, one in factors().items() if not name.startswith("layers.1")}
    wider = {name: torch.cat([one, one], dim=-1) for name, one in factors().items()}
    (tmp_path / "broken").mkdir()
    broken = tmp_path / "broken" / "adapter.safetensors"
    broken.write_bytes(b"nothing")

    for path in (written(tmp_path, fewer), broken, tmp_path / "absent.safetensors"):
        with pytest.raises(DamagedModel, match=r"safetensors"):
            adapter.add(model, path)
    with pytest.raises(DamagedModel, match="another size"):
        adapter.add(model, written(tmp_path, wider))


def test_adapters_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    first = adapter.revision(written(tmp_path, factors(0.1)))

    assert first == adapter.revision(written(tmp_path, factors(0.1)))
    assert first != adapter.revision(written(tmp_path, factors(0.2)))


def test_the_adapter_that_comes_along_is_whole_and_small() -> None:
    assert adapter.CONTRACT.stat().st_size < 20 << 20
    assert adapter.CONTRACT.with_name("record.json").is_file()
