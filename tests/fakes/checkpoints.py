"""Tiny random models of every architecture, as folders in Hugging Face layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers

from tests.fakes.tokenizer import EOS, TEMPLATE, description

ARCHITECTURES = ("llama", "glm4v", "glm46v", "glm_ocr")
VOCABULARY = 320

_TEXT: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "pad_token_id": EOS,
    "eos_token_id": EOS,
    "initializer_range": 0.2,  # large, so that the likeliest token is not the same everywhere
}
_ROPE = {
    "rope_type": "default",
    "rope_theta": 10000.0,
    "partial_rotary_factor": 0.5,
    "mrope_section": [2, 1, 1],
}
_VISION: dict[str, Any] = {
    "depth": 1,
    "hidden_size": 32,
    "out_hidden_size": 64,
    "intermediate_size": 48,
    "num_heads": 2,
    "image_size": 56,
    "patch_size": 14,
}


_NAMES = {
    "llama": ("LlamaConfig", "LlamaForCausalLM"),
    "glm4v": ("Glm4vConfig", "Glm4vForConditionalGeneration"),
    "glm46v": ("Glm46VConfig", "Glm46VForConditionalGeneration"),
    "glm_ocr": ("GlmOcrConfig", "GlmOcrForConditionalGeneration"),
}
# Few pixels, so that pictures take few tokens; sides are multiples of 28.
PROCESSOR: dict[str, Any] = {
    "size": {"shortest_edge": 2 * 28 * 28, "longest_edge": 2 * 28 * 28 * 30},
    "patch_size": 14,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
_MEDIA_TOKENS = ("image", "video", "image_start", "image_end", "video_start", "video_end")


def build(architecture: str) -> Any:
    """A random model of transformers' own class, the same at every call."""
    config_name, model_name = _NAMES[architecture]
    torch.manual_seed(11)
    options: dict[str, Any] = {**_TEXT, "tie_word_embeddings": True}
    if architecture != "llama":
        text, vision = {**_TEXT, "rope_parameters": _ROPE}, dict(_VISION)
        if architecture == "glm46v":  # borrows glm4v's parts
            text["model_type"], vision["model_type"] = "glm4v_text", "glm4v_vision"
        options = {"text_config": text, "vision_config": vision}
        options |= {f"{kind}_token_id": VOCABULARY - 1 - n for n, kind in enumerate(_MEDIA_TOKENS)}
    config = getattr(transformers, config_name)(**options)
    return getattr(transformers, model_name)(config).eval()


def save(architecture: str, folder: Path) -> Any:
    """Writes the folder; answers the model that is in it."""
    model = build(architecture)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(description(), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": "<|end|>", "chat_template": TEMPLATE}), encoding="utf-8"
    )
    if architecture != "llama":
        (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR), encoding="utf-8")
    return model
