"""Builds a model folder's network on a device out of transformers' own classes."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from backend.hardware import UnfitDevice
from backend.model.cuda import weights
from backend.model.cuda.quantised import Quantization, quantise_layers
from backend.model.manifest import DamagedModel
from backend.model.parallel.shard import Shard
from backend.model.parallel.team import Team

log = logging.getLogger(__name__)

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


def claimed(wanted: torch.device | None) -> torch.device:
    """The device that was asked for, None being the best there is; from now on this thread's.

    Raises DamagedModel.
    """
    count = torch.cuda.device_count()
    device = wanted or torch.device("cuda" if count else "cpu")
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        if device.index >= count:
            raise DamagedModel(f"{device} was asked for, and there are {count} GPUs")
        torch.cuda.set_device(device)
    return device


def best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor multiplies it, else float32; float16 would overflow in GLM."""
    if device.type == "cuda":
        return torch.bfloat16
    capable = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    log.info("the CPU %s bfloat16", "multiplies" if capable else "lacks")
    return torch.bfloat16 if capable else torch.float32


def quantization_on(name: str, device: torch.device) -> Quantization:
    """What is asked for, where the device has kernels for it. Raises UnfitDevice."""
    kind = Quantization(name)
    if kind is Quantization.NONE:
        return kind
    if device.type != "cuda":
        log.info("there is no GPU: weights are not quantised")
        return Quantization.NONE
    have, need = torch.cuda.get_device_capability(device), kind.least_capability
    if have < need:
        raise UnfitDevice(
            f"QUANTIZATION={name} needs a GPU of compute capability {need[0]}.{need[1]}, "
            f"this one has {have[0]}.{have[1]}: use int8 or none"
        )
    return kind


def build(
    folder: Path,
    dtype: torch.dtype,
    device: torch.device,
    team: Team,
    kept: Quantization,
    on_phase: Callable[[str], None],
) -> tuple[Any, Any, int]:
    """transformers' model, or what of it belongs to this process, its text part, and how many
    parameters the whole has. Raises DamagedModel."""
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
    shard = None if team.size == 1 else Shard(team.rank, team.size, text_path)

    def built(model: Any) -> tuple[Any, Any, int]:  # noqa: ANN401
        parameters = sum(weight.numel() for weight in model.parameters())
        if shard is not None:
            shard.finish(model)
            parameters = shard.parameters
        return model, model.get_submodule(text_path), parameters

    try:
        if device.type == "cuda" or shard is not None:
            model = weights.load(
                model_class,
                folder,
                dtype,
                device,
                shard,
                text=text_path,
                quantization=kept,
                on_phase=on_phase,
            )
            if model is not None:
                return built(model)
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
    model.eval().requires_grad_(requires_grad=False)
    if shard is not None:
        model = weights.divide(model, folder, device, shard)
    model.to(device)
    if kept is not Quantization.NONE:
        quantise_layers(model, text_path, kept)
    return built(model)
