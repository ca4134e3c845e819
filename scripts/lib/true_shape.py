"""Writes a model folder of GLM-4.6V-Flash's true shape with random weights: speed does not depend
on their values. The tokenizer knows one word for each id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_SPECIAL = {
    "<|endoftext|>": 151329,
    "[gMASK]": 151331,
    "<sop>": 151333,
    "<|system|>": 151335,
    "<|user|>": 151336,
    "<|assistant|>": 151337,
    "<|observation|>": 151338,
    "<|begin_of_image|>": 151339,
    "<|end_of_image|>": 151340,
    "<|begin_of_video|>": 151341,
    "<|end_of_video|>": 151342,
    "<|image|>": 151363,
    "<|video|>": 151364,
}
_ENDS = [151329, 151336, 151338]
VOCABULARY = 151552
_SHARD_BYTES = 5 << 30
_TEMPLATE = (
    "[gMASK] <sop> {% for m in messages %}<|{{ m.role }}|> {% if m.content is string %}"
    "{{ m.content }}{% else %}{% for c in m.content %}{% if c.type == 'image' %}"
    "<|begin_of_image|><|image|><|end_of_image|>{% else %} {{ c.text }}{% endif %}{% endfor %}"
    "{% endif %}{% endfor %} <|assistant|> "
)


def config() -> dict[str, Any]:
    """config.json."""
    return {
        "architectures": ["Glm4vForConditionalGeneration"],
        "model_type": "glm4v",
        "image_start_token_id": 151339,
        "image_end_token_id": 151340,
        "video_start_token_id": 151341,
        "video_end_token_id": 151342,
        "image_token_id": 151363,
        "video_token_id": 151364,
        "tie_word_embeddings": False,
        "dtype": "bfloat16",
        "text_config": {
            "model_type": "glm4v_text",
            "vocab_size": VOCABULARY,
            "hidden_size": 4096,
            "intermediate_size": 13696,
            "num_hidden_layers": 40,
            "num_attention_heads": 32,
            "num_key_value_heads": 2,
            "max_position_embeddings": 131072,
            "rms_norm_eps": 1e-5,
            "hidden_act": "silu",
            "attention_bias": True,
            "attention_dropout": 0.0,
            "initializer_range": 0.02,
            "pad_token_id": 151329,
            "eos_token_id": _ENDS,
            "dtype": "bfloat16",
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 500000.0,
                "partial_rotary_factor": 0.5,
                "mrope_section": [8, 12, 12],
            },
        },
        "vision_config": {
            "model_type": "glm4v_vision",
            "depth": 24,
            "hidden_size": 1536,
            "num_heads": 12,
            "in_channels": 3,
            "image_size": 336,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": 4096,
            "intermediate_size": 13696,
            "rms_norm_eps": 1e-5,
            "hidden_act": "silu",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "initializer_range": 0.02,
        },
    }


def write(folder: Path, described: dict[str, Any] | None = None) -> None:
    """The whole folder, 19 GiB unless another config.json is given; weights are made on the GPU."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Any] = {
        "config.json": described or config(),
        "tokenizer_config.json": {"eos_token": "<|endoftext|>"},
        "generation_config.json": {"do_sample": False, "eos_token_id": _ENDS},
        "preprocessor_config.json": {
            "size": {"shortest_edge": 12544, "longest_edge": 9633792},
            "patch_size": 14,
            "temporal_patch_size": 2,
            "merge_size": 2,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
        },
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(_TEMPLATE, encoding="utf-8")
    write_tokenizer(folder / "tokenizer.json")
    _write_weights(folder)


def write_tokenizer(path: Path) -> None:
    """tokenizer.json: a word for each id."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
    from tokenizers.decoders import Fuse

    names = {token: name for name, token in _SPECIAL.items()}
    words = {names.get(token, f"w{token}"): token for token in range(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w0"))  # noqa: S106  # no secret
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = Fuse()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in _SPECIAL])
    tokenizer.save(str(path))


def _write_weights(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file
    from transformers.models.glm4v.configuration_glm4v import Glm4vConfig
    from transformers.models.glm4v.modeling_glm4v import Glm4vForConditionalGeneration

    model_class: Any = Glm4vForConditionalGeneration
    with torch.device("meta"):
        model = model_class._from_config(Glm4vConfig.from_pretrained(folder), dtype=torch.bfloat16)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    shard: dict[str, torch.Tensor] = {}
    places: dict[str, str] = {}

    def close() -> None:
        name = f"model-{len(set(places.values()))}.safetensors"
        save_file(shard, folder / name, {"format": "pt"})
        places.update(dict.fromkeys(shard, name))
        shard.clear()

    for name, place in model.state_dict().items():
        weight = torch.empty(place.shape, dtype=torch.bfloat16, device=device)
        is_norm = "norm" in name and place.dim() == 1
        weight.normal_(1.0 if is_norm else 0.0, 0.1 if place.dim() == 1 else 0.02)
        shard[name] = weight.cpu()
        if sum(part.nbytes for part in shard.values()) >= _SHARD_BYTES:
            close()
    close()
    index = json.dumps({"metadata": {}, "weight_map": places})
    (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
