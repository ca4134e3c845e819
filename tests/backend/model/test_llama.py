"""Our own Llama beside transformers', and which folders it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from backend.model import llama_files
from backend.model.llama import Llama, LlamaConfig, Mlp, Norm
from backend.model.manifest import DamagedModel
from backend.model.network import Network, load_network
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence
from tests.fakes import checkpoints

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 5000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
KINDS: dict[str, dict[str, Any]] = {
    "as the embedded one": {"tie_word_embeddings": True},
    "with a head of its own": {"tie_word_embeddings": False},
    "with biases": {"attention_bias": True, "mlp_bias": True},
    "as Llama 3.1": {"rope_parameters": LLAMA3},
    "stretched": {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 3.0}},
    "every head its own keys": {"num_key_value_heads": 4, "head_dim": None},
}
# What transformers' classes compute in its place.
ELSEWHERE: dict[str, dict[str, Any]] = {
    "another activation": {"hidden_act": "gelu"},
    "another way of stretching": {
        "rope_parameters": {
            "rope_type": "yarn",
            "rope_theta": 1e4,
            "factor": 4.0,
            "original_max_position_embeddings": 128,
        }
    },
}


def reference(**options: Any) -> Any:
    """A model of transformers' own, random in its biases and norms too."""
    torch.manual_seed(4)
    config = transformers.LlamaConfig(**{**checkpoints._TEXT, **options})
    model = transformers.LlamaForCausalLM(config).eval()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias") or "norm" in name:
                weight.add_(torch.randn_like(weight), alpha=0.2)
    return model


def saved(folder: Path, **options: Any) -> Any:
    model = reference(**options)
    model.save_pretrained(folder)
    return model


def logits(network: Network, ids: list[int]) -> torch.Tensor:
    """Those after each of the prompt's two chunks, read one after the other."""
    sequence = Sequence("", "", 0, tuple(ids), Sampling(), blocks=list(range(-(-len(ids) // 16))))
    half = len(ids) // 32 * 16
    network.runner.logits([Slice(sequence, 0, half)], {})
    return network.runner.logits([Slice(sequence, half, len(ids))], {})[0]


@pytest.mark.parametrize("kind", KINDS | ELSEWHERE)
def test_it_says_what_transformers_says(kind: str, tmp_path: Path) -> None:
    model = saved(tmp_path, **(KINDS | ELSEWHERE)[kind])
    ids = torch.randint(0, 300, (150,), generator=torch.Generator().manual_seed(1)).tolist()
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits[0, -1]

    network = load_network(tmp_path, max_model_len=256, threads=1, dtype=torch.float32)

    torch.testing.assert_close(logits(network, ids), expected, atol=1e-4, rtol=0)
    assert network.parameters == model.num_parameters()
    assert (llama_files.config_of(tmp_path) is None) == (kind in ELSEWHERE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 40])
def test_norm_and_feed_forward_part_do_what_they_replace(dtype: torch.dtype, count: int) -> None:
    model = reference().to(dtype)
    config = LlamaConfig.of(model.config.to_dict())
    assert config is not None
    plain, ours = model.model.layers[0], Llama(config, model.state_dict(), dtype).model.layers[0]
    hidden = torch.randn(1, count, 64, generator=torch.Generator().manual_seed(2)).to(dtype)
    tolerance = 1e-5 if dtype is torch.float32 else 0.05
    assert isinstance(ours.input_layernorm, Norm)
    assert isinstance(ours.mlp, Mlp)
    with torch.inference_mode():
        for name in ("input_layernorm", "mlp"):
            expected = plain.get_submodule(name)(hidden)
            scale = float(expected.abs().max())
            torch.testing.assert_close(
                ours.get_submodule(name)(hidden), expected, atol=tolerance * scale, rtol=tolerance
            )


def test_old_files_are_read_too(tmp_path: Path) -> None:
    """rope_scaling of old, angles written down, several files, and a tied head written down."""
    model = saved(
        tmp_path, tie_word_embeddings=True, rope_parameters=KINDS["stretched"]["rope_parameters"]
    )
    config = json.loads((tmp_path / "config.json").read_text())
    del config["rope_parameters"]
    config |= {"rope_theta": 1e4, "rope_scaling": {"type": "linear", "factor": 3.0}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    tensors = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    first = {name: one for name, one in tensors.items() if "layers" in name}
    first["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(8)
    second = {name: one for name, one in tensors.items() if "layers" not in name}
    second["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    index: dict[str, str] = {}
    for name, part in (("a.safetensors", first), ("b.safetensors", second)):
        save_file(part, tmp_path / name, metadata={"format": "pt"})
        index |= dict.fromkeys(part, name)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    ids = list(range(40))
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits[0, -1]

    network = load_network(tmp_path, max_model_len=64, threads=1, dtype=torch.float32)

    torch.testing.assert_close(logits(network, ids), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("problem", ["missing", "unexpected", "mismatched"])
def test_files_that_do_not_fit_are_named(tmp_path: Path, problem: str) -> None:
    saved(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    if problem == "missing":
        del tensors["model.norm.weight"]
    elif problem == "unexpected":
        tensors["model.other.weight"] = torch.ones(1)
    else:
        tensors["model.norm.weight"] = torch.ones(65)
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DamagedModel, match=rf"1 {problem} keys, first model\.(norm|other)\.weight"):
        load_network(tmp_path, max_model_len=64, threads=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden_size": "64"},
        {"num_attention_heads": 0},
        {"num_hidden_layers": None},
        {"rms_norm_eps": "small"},
        {"rope_parameters": "default"},
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": "3"}},
    ],
    ids=str,
)
def test_a_configuration_that_makes_no_sense_is_told(tmp_path: Path, wrong: dict[str, Any]) -> None:
    saved(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | wrong))
    with pytest.raises(DamagedModel, match=r"do not fit config\.json"):
        load_network(tmp_path, max_model_len=64, threads=1)


def test_transformers_is_not_waited_for(tmp_path: Path) -> None:
    saved(tmp_path)
    program = (
        "import sys; from pathlib import Path; from backend.model.network import load_network;"
        f"load_network(Path({str(tmp_path)!r}), max_model_len=64, threads=1);"
        "sys.exit('transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
