"""Builds a model folder's network: a Llama on a CPU out of our own modules, and everything else
out of transformers' classes, which take seconds to import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from backend.model import llama_files
from backend.model.cuda.quantised import Quantization
from backend.model.parallel.team import Team


def build(
    folder: Path,
    dtype: torch.dtype,
    device: torch.device,
    team: Team,
    kept: Quantization,
    on_phase: Callable[[str], None],
) -> tuple[Any, Any, int]:
    """The model, or what of it belongs to this process, its text part, and how many parameters the
    whole has. Raises DamagedModel."""
    if device.type == "cpu" and team.size == 1:
        config = llama_files.config_of(folder)
        if config is not None:
            model = llama_files.load(folder, config, dtype)
            return model, model.model, sum(weight.numel() for weight in model.parameters())
    from backend.model.transformers_model import build as build_of_transformers

    return build_of_transformers(folder, dtype, device, team, kept, on_phase)
