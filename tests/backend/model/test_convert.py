"""Conversion: a tiny GGUF file becomes a folder that says the same as its dequantised numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, TokenType, dequantize, quantize
from safetensors.torch import load_file

from backend.model import manifest
from backend.model.convert import UnsupportedFile, convert
from backend.model.network import load_network
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from tests.fakes import tokenizer as small

HIDDEN, HEADS, KV_HEADS, INNER, LAYERS = 64, 4, 2, 96, 2


def write(path: Path, architecture: str = "llama") -> dict[str, np.ndarray]:
    """Writes the file; answers its dequantised tensors by GGUF name."""
    described = json.loads(small.description())
    vocabulary = sorted(described["model"]["vocab"], key=described["model"]["vocab"].get)
    writer = GGUFWriter(str(path), architecture)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(vocabulary)
    writer.add_token_merges(["a b", "ab c"])
    writer.add_token_types(
        [TokenType.CONTROL if token in small.CONTROL else TokenType.NORMAL for token in vocabulary]
    )
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(small.EOS)
    writer.add_pad_token_id(small.EOS)
    writer.add_chat_template(small.TEMPLATE)
    chance = np.random.default_rng(5)
    shapes = {"token_embd": (len(vocabulary), HIDDEN)}
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.attn_q": (HIDDEN, HIDDEN),
            f"blk.{layer}.attn_k": (HIDDEN // HEADS * KV_HEADS, HIDDEN),
            f"blk.{layer}.attn_v": (HIDDEN // HEADS * KV_HEADS, HIDDEN),
            f"blk.{layer}.attn_output": (HIDDEN, HIDDEN),
            f"blk.{layer}.ffn_gate": (INNER, HIDDEN),
            f"blk.{layer}.ffn_up": (INNER, HIDDEN),
            f"blk.{layer}.ffn_down": (HIDDEN, INNER),
        }
    values = {}
    for name, shape in shapes.items():
        kind = GGMLQuantizationType.Q8_0 if name == "token_embd" else GGMLQuantizationType.Q4_1
        data = quantize(chance.normal(0, 0.2, shape).astype(np.float32), kind)
        writer.add_tensor(f"{name}.weight", data, raw_dtype=kind)
        values[name] = dequantize(data, kind)
    norms = ["output_norm", *(f"blk.{n}.{k}_norm" for n in range(LAYERS) for k in ("attn", "ffn"))]
    for name in norms:
        values[name] = chance.normal(1, 0.1, HIDDEN).astype(np.float32)
        writer.add_tensor(f"{name}.weight", values[name])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return values


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    path = tmp_path / "tiny.gguf"
    return path, write(path)


def test_weights_are_the_dequantised_numbers(
    source: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    path, values = source
    convert(path, tmp_path / "out", lambda line: None)
    weights = load_file(tmp_path / "out" / "model.safetensors")
    same = {
        "token_embd": "model.embed_tokens",
        "output_norm": "model.norm",
        "blk.1.attn_v": "model.layers.1.self_attn.v_proj",
        "blk.0.ffn_down": "model.layers.0.mlp.down_proj",
        "blk.1.ffn_norm": "model.layers.1.post_attention_layernorm",
    }
    for name, target in same.items():
        assert torch.equal(weights[f"{target}.weight"], torch.tensor(values[name]).bfloat16())
    # llama.cpp stores the rotary pairs of a head side by side: row 1 there is row 8 here
    queries = torch.tensor(values["blk.0.attn_q"]).bfloat16()
    assert torch.equal(weights["model.layers.0.self_attn.q_proj.weight"][8], queries[1])
    assert len(weights) == len(values)


def test_the_folder_loads_and_speaks(
    source: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    lines: list[str] = []
    convert(source[0], tmp_path / "out", lines.append)
    manifest.check(tmp_path / "out")
    network = load_network(tmp_path / "out", max_model_len=64, threads=1)
    assert network.eos_ids == {small.EOS}
    tokenizer = Tokenizer.from_folder(tmp_path / "out")
    assert tokenizer.encode("abc同") == Tokenizer(small.description()).encode("abc同")
    assert tokenizer.control_id("<|user|>") is not None
    modes = {path.stat().st_mode for path in (tmp_path / "out").iterdir()}
    assert len(modes) == 1, "whoever may read the one may read the other"
    assert Template.from_folder(tmp_path / "out", tokenizer)
    assert lines


def test_nothing_is_left_of_a_conversion_that_breaks(
    source: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(source[0], tmp_path / "out", interrupt)
    assert not (tmp_path / "out").exists()


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    write(path, "falcon")
    with pytest.raises(UnsupportedFile, match="falcon"):
        convert(path, tmp_path / "out", lambda line: None)
