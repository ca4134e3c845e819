"""Turns a Llama-shaped GGUF file into a model folder in Hugging Face layout, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
import torch
from gguf import GGUFReader, TokenType, dequantize
from safetensors.torch import save_file
from tokenizers import decoders, models, pre_tokenizers

from backend.model import manifest

_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


class UnsupportedFile(Exception):
    """A GGUF file that this converter does not understand; the sentence says why."""


def convert(source: Path, target: Path, on_progress: Callable[[str], None]) -> None:
    """Writes the folder `target`, which must not exist, from the file `source`.

    The folder appears whole or not at all: it is written beside its place and renamed.
    """
    partial = target.with_name(f"{target.name}.partial")
    partial.mkdir(parents=True)
    reader = GGUFReader(source)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    architecture = fields["general.architecture"]
    if architecture != "llama":
        raise UnsupportedFile(f"{source.name} holds a {architecture} model, not a llama one")
    _write_json(partial / "config.json", _config(fields, reader))
    _write_json(partial / "generation_config.json", _token_ids(fields))
    _tokenizer(fields).save(str(partial / "tokenizer.json"))
    _write_json(partial / "tokenizer_config.json", _tokenizer_config(fields))
    on_progress("converting the weights")
    weights = partial / "model.safetensors"
    save_file(_weights(reader, fields), weights, metadata={"format": "pt"})
    # It is written for its owner alone; the service may well run as somebody else.
    weights.chmod((partial / "config.json").stat().st_mode)
    on_progress("recording checksums")
    manifest.write(partial)
    partial.rename(target)


def _config(fields: dict[str, Any], reader: GGUFReader) -> dict[str, Any]:
    hidden, heads = fields["llama.embedding_length"], fields["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "hidden_size": hidden,
        "intermediate_size": fields["llama.feed_forward_length"],
        "num_hidden_layers": fields["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": fields["llama.attention.head_count_kv"],
        "head_dim": hidden // heads,
        "vocab_size": len(fields["tokenizer.ggml.tokens"]),
        "max_position_embeddings": fields["llama.context_length"],
        "rms_norm_eps": round(float(fields["llama.attention.layer_norm_rms_epsilon"]), 12),
        "rope_theta": float(fields["llama.rope.freq_base"]),
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in reader.tensors),
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        **_token_ids(fields),
    }


def _token_ids(fields: dict[str, Any]) -> dict[str, int]:
    return {
        f"{role}_token_id": int(fields[key])
        for role, key in (
            ("bos", "tokenizer.ggml.bos_token_id"),
            ("eos", "tokenizer.ggml.eos_token_id"),
            ("pad", "tokenizer.ggml.padding_token_id"),
        )
        if key in fields
    }


def _tokenizer(fields: dict[str, Any]) -> tokenizers.Tokenizer:
    tokens = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    tokenizer = tokenizers.Tokenizer(
        models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            tokenizers.AddedToken(token, special=True, normalized=False)
            for token, kind in zip(tokens, fields["tokenizer.ggml.token_type"], strict=True)
            if kind == TokenType.CONTROL
        ]
    )
    return tokenizer


def _tokenizer_config(fields: dict[str, Any]) -> dict[str, Any]:
    tokens = fields["tokenizer.ggml.tokens"]
    names = {role.replace("_id", ""): tokens[number] for role, number in _token_ids(fields).items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": fields["llama.context_length"],
        "chat_template": fields["tokenizer.chat_template"],
        **names,
    }


def _weights(reader: GGUFReader, fields: dict[str, Any]) -> dict[str, torch.Tensor]:
    heads = {
        "attn_q": fields["llama.attention.head_count"],
        "attn_k": fields["llama.attention.head_count_kv"],
    }
    weights = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        kind = tensor.name.split(".")[2] if tensor.name.startswith("blk.") else ""
        if kind in heads:
            values = _restore_rotary_order(values, heads[kind])
        weights[_name(tensor.name)] = torch.from_numpy(np.array(values, order="C")).bfloat16()
    return weights


def _name(name: str) -> str:
    """What transformers calls a tensor."""
    whole = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    }
    if name in whole:
        return whole[name]
    try:
        _, layer, kind, rest = name.split(".")
        return f"model.layers.{layer}.{_LAYER_NAMES[kind]}.{rest}"
    except (ValueError, KeyError) as error:
        raise UnsupportedFile(f"the tensor {name} has no place in a llama model") from error


def _restore_rotary_order(weight: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """GGUF interleaves the two halves of each head's rotary rows; transformers does not."""
    rows, columns = weight.shape
    return (
        weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)
    )


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
