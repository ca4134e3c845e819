"""Builds the network of a model folder from transformers' own classes and makes it run paged."""

from __future__ import annotations

import importlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from backend.model import attention
from backend.model.fused import fuse, rows_are_independent
from backend.model.kv_cache import KVCache
from backend.model.manifest import DamagedModel
from backend.model.packed import DECODE_ROWS
from backend.model.runner import Runner
from backend.model.sampler import Sampler

log = logging.getLogger(__name__)

BLOCK_SIZE = 16  # tokens
_CPU_CACHE_BYTES = 1 << 30
_CUDA_CACHE_SHARE = 0.85  # of what is free after loading

# model_type -> module and class of transformers, and where the text model lies in it
_CLASSES = {
    "llama": ("llama.modeling_llama", "LlamaForCausalLM", "model"),
    "glm4v": ("glm4v.modeling_glm4v", "Glm4vForConditionalGeneration", "model.language_model"),
    "glm46v": ("glm46v.modeling_glm46v", "Glm46VForConditionalGeneration", "model.language_model"),
    "glm_ocr": (
        "glm_ocr.modeling_glm_ocr",
        "GlmOcrForConditionalGeneration",
        "model.language_model",
    ),
}


@dataclass(frozen=True)
class Network:
    """A network ready to run, and what is known about it."""

    runner: Runner
    eos_ids: frozenset[int]
    context_length: int
    vocabulary_size: int
    position_rows: int
    parameters: int
    device: str
    dtype: str


def load_network(
    folder: Path, *, max_model_len: int, threads: int, dtype: torch.dtype | None = None
) -> Network:
    """Loads the weights and lays out the memory for keys and values."""
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, text, position_rows = _build(folder, dtype or _best_dtype(device), device)
    decode_rows = 1
    if device.type == "cpu" and isinstance(model, LlamaForCausalLM):
        fuse(model)
        decode_rows = DECODE_ROWS if rows_are_independent(model) else 1
        log.info("decoding up to %d answers at a time", decode_rows)
    config = text.config
    config._attn_implementation = attention.NAME
    context_length = min(max_model_len, config.max_position_embeddings)
    cache = _cache(config, context_length, model.dtype, device)
    eos_ids = _eos_ids(folder, config)
    runner = Runner(
        text,
        model.get_output_embeddings(),
        cache,
        Sampler(eos_ids),
        position_rows=position_rows,
        decode_rows=decode_rows,
    )
    return Network(
        runner=runner,
        eos_ids=eos_ids,
        context_length=context_length,
        vocabulary_size=config.vocab_size,
        position_rows=position_rows,
        parameters=sum(weight.numel() for weight in model.parameters()),
        device=torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
        dtype=str(model.dtype).removeprefix("torch."),
    )


def _build(folder: Path, dtype: torch.dtype, device: torch.device) -> tuple[Any, Any, int]:
    """transformers' model, its text part, and how many rows its positions have."""
    model_type = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if model_type not in _CLASSES:
        raise DamagedModel(
            f"{folder.name}/config.json: model_type {model_type!r} is not supported; "
            f"supported are {', '.join(_CLASSES)}"
        )
    module, name, text_path = _CLASSES[model_type]
    model_class = getattr(importlib.import_module(f"transformers.models.{module}"), name)
    # It would write between the lines of the log.
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, report = model_class.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            attn_implementation="sdpa",
        )
    except Exception as error:
        log.exception("the weights cannot be loaded")
        raise DamagedModel(
            f"{folder.name}: the weights cannot be read or do not fit config.json"
        ) from error
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if names := sorted(map(str, report[problem])):
            raise DamagedModel(
                f"{folder.name}: {len(names)} {problem.replace('_', ' ')}, first {names[0]}"
            )
    model.eval().requires_grad_(requires_grad=False).to(device)
    return model, model.get_submodule(text_path), 1 if model_type == "llama" else 3


def _best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor multiplies it, else float32; float16 would overflow in GLM."""
    if device.type == "cuda":
        return torch.bfloat16
    capable = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    log.info("the CPU %s bfloat16", "multiplies" if capable else "lacks")
    return torch.bfloat16 if capable else torch.float32


def _cache(
    config: PreTrainedConfig, context: int, dtype: torch.dtype, device: torch.device
) -> KVCache:
    heads = config.num_key_value_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    block_bytes = 2 * config.num_hidden_layers * BLOCK_SIZE * heads * head_dim * dtype.itemsize
    if device.type == "cuda":
        budget = int(torch.cuda.mem_get_info()[0] * _CUDA_CACHE_SHARE)
    else:
        budget = _CPU_CACHE_BYTES  # memory is taken as blocks are first used
    least = -(-context // BLOCK_SIZE)
    return KVCache(
        layers=config.num_hidden_layers,
        blocks=max(least, min(budget // block_bytes, 64 * least)),
        block_size=BLOCK_SIZE,
        heads=heads,
        head_dim=head_dim,
        dtype=dtype,
        device=device,
    )


def _eos_ids(folder: Path, config: PreTrainedConfig) -> frozenset[int]:
    """Every token that ends an answer, by config, generation config and tokenizer together."""
    ids: set[int] = set()
    for source in (config.to_dict(), _json(folder / "generation_config.json")):
        given = source.get("eos_token_id")
        ids.update(given if isinstance(given, list) else [] if given is None else [given])
    name = _json(folder / "tokenizer_config.json").get("eos_token")
    name = name.get("content") if isinstance(name, dict) else name
    for token in _json(folder / "tokenizer.json").get("added_tokens", []):
        if token["content"] == name:
            ids.add(token["id"])
    return frozenset(ids)


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
