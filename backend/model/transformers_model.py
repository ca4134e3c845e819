"""Builds a model folder's network on a device out of transformers' own classes."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.utils import logging as transformers_logging

from backend.model.attention import Pages, attend
from backend.model.cuda import weights
from backend.model.cuda.quantised import Quantization, quantise_layers
from backend.model.manifest import DamagedModel
from backend.model.parallel.shard import Shard
from backend.model.parallel.team import Team

log = logging.getLogger(__name__)

_ATTENTION = "paged"  # its name among transformers' attention functions

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
        text = model.get_submodule(text_path)
        use_pages(text)
        return model, text, parameters

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


def use_pages(text: Any) -> None:  # noqa: ANN401  # a class of transformers
    """Makes a text model keep its keys and values in pages, which it is given with every call."""
    text.config._attn_implementation = _ATTENTION
    text.config.use_cache = False


def _paged_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    pages: Pages,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """`attend`, as transformers calls an attention function."""
    assert attention_mask is None, "causality comes from the parts"
    layer = module.layer_idx
    assert isinstance(layer, int)
    return attend(layer, query, key, value, scaling, pages), None


ALL_ATTENTION_FUNCTIONS.register(_ATTENTION, _paged_attention)
