"""Reads a Llama's folder: its config.json, and its weights from safetensors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from backend.model.llama import Llama, LlamaConfig
from backend.model.manifest import DamagedModel

_WHOLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_COMPUTED = ".rotary_emb.inv_freq"  # old files hold it


def config_of(folder: Path) -> LlamaConfig | None:
    """The network that the folder's config.json describes, if it is one of ours."""
    return LlamaConfig.of(json.loads((folder / "config.json").read_text(encoding="utf-8")))


def load(folder: Path, config: LlamaConfig, dtype: torch.dtype) -> Llama:
    """The network with its weights in `dtype`. Raises DamagedModel where files and config.json do
    not fit each other."""
    try:
        tensors = _tensors(folder)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DamagedModel(f"{folder.name}: the weights cannot be read") from error
    if "lm_head.weight" in tensors:  # written down, tied or not
        config = replace(config, tie_word_embeddings=False)
    wanted, found = config.shapes(), {name: tuple(one.shape) for name, one in tensors.items()}
    for problem, names in (
        ("missing", wanted.keys() - found.keys()),
        ("unexpected", found.keys() - wanted.keys()),
        ("mismatched", {name for name, shape in wanted.items() if found.get(name) != shape}),
    ):
        if names:
            raise DamagedModel(f"{folder.name}: {len(names)} {problem} keys, first {min(names)}")
    return Llama(config, tensors, dtype).eval().requires_grad_(requires_grad=False)


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor of the weights' files, which lie in memory as they do on the disk."""
    names = {_WHOLE}
    if not (folder / _WHOLE).exists():
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        names = {Path(name).name for name in index["weight_map"].values()}
    tensors: dict[str, torch.Tensor] = {}
    for name in sorted(names):
        tensors |= load_file(folder / name)
    return {name: one for name, one in tensors.items() if not name.endswith(_COMPUTED)}
