"""Tiny random models of every architecture, as folders in Hugging Face layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

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


def build(architecture: str) -> Any:
    """A random model, the same at every call."""
    torch.manual_seed(11)
    if architecture == "llama":
        from transformers import LlamaConfig, LlamaForCausalLM

        return LlamaForCausalLM(LlamaConfig(**_TEXT, tie_word_embeddings=True)).eval()
    if architecture == "glm4v":
        from transformers import Glm4vConfig as Config
        from transformers import Glm4vForConditionalGeneration as Model
    elif architecture == "glm46v":
        from transformers import Glm46VConfig as Config
        from transformers import Glm46VForConditionalGeneration as Model
    else:
        from transformers import GlmOcrConfig as Config
        from transformers import GlmOcrForConditionalGeneration as Model
    text = {**_TEXT, "rope_parameters": dict(_ROPE)}
    if architecture == "glm46v":
        text["model_type"] = "glm4v_text"
    vision = dict(_VISION)
    if architecture == "glm46v":
        vision["model_type"] = "glm4v_vision"
    tokens = {
        f"{kind}_token_id": VOCABULARY - 1 - number
        for number, kind in enumerate(
            ("image", "video", "image_start", "image_end", "video_start", "video_end")
        )
    }
    return Model(Config(text_config=text, vision_config=vision, **tokens)).eval()


def save(architecture: str, folder: Path) -> Any:
    """Writes the folder; answers the model that is in it."""
    model = build(architecture)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(description(), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": "<|end|>", "chat_template": TEMPLATE}), encoding="utf-8"
    )
    return model
