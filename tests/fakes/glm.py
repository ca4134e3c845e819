"""A model that sees, without a model: a template in the manner of GLM-4.6V, and its sight."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from backend.model.info import ModelInfo
from backend.prompt.sight import Sight
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from tests.fakes import model

CONTROL = (
    "[gMASK]",
    "<sop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|begin_of_image|>",
    "<|image|>",
    "<|end_of_image|>",
    "<think>",
    "</think>",
    "/nothink",
    "<|observation|>",
    "<tool_call>",
    "</tool_call>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
)
IMAGE = 256 + CONTROL.index("<|image|>")
TEMPLATE = (
    "[gMASK]<sop>"
    "{% if tools %}<|system|>\n# Tools\n{% for tool in tools %}"
    "{{ tool | tojson(ensure_ascii=False) }}\n{% endfor %}{% endif %}"
    "{% for message in messages %}"
    "{% if message.role == 'tool' %}"
    "{% if loop.first or messages[loop.index0 - 1].role != 'tool' %}<|observation|>{% endif %}"
    "{{ '\n<tool_response>\n' }}{{ message.content }}\n</tool_response>"
    "{% else %}<|{{ message.role }}|>\n{% endif %}"
    "{% if message.role == 'assistant' %}<think></think>\n{% endif %}"
    "{% if message.role == 'tool' %}"
    "{% elif message.content is string %}{{ message.content }}"
    "{% else %}{% for item in message.content %}"
    "{% if item.type == 'image' %}<|begin_of_image|><|image|><|end_of_image|>"
    "{% else %}{{ item.text }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{% for call in message.tool_calls or [] %}"
    "{{ '\n<tool_call>' + call.function.name }}\n"
    "{% for key, value in call.function.arguments.items() %}<arg_key>{{ key }}</arg_key>\n"
    "<arg_value>{{ value if value is string else value | tojson }}</arg_value>\n{% endfor %}"
    "</tool_call>{% endfor %}"
    "{% if message.role == 'user' and not enable_thinking %}/nothink{% endif %}"
    "{% endfor %}<|assistant|>\n"
    "{% if not enable_thinking %}<think></think>\n{% endif %}"
)


def tokenizer() -> Tokenizer:
    """Every byte is a token."""
    return model.tokenizer(CONTROL)


def template(words: Tokenizer) -> Template:
    """As above."""
    return Template(TEMPLATE, words, thinks=True)


def sight() -> Sight:
    """GLM-4.6V-Flash's own, but for the image's token."""
    return Sight(
        image_id=IMAGE,
        patch=14,
        merge=2,
        temporal=2,
        min_pixels=112 * 112,
        max_pixels=28 * 28 * 15000,
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
        revision="tiny",
    )


def info(*, context: int = 8192, reading: int = 4096) -> ModelInfo:
    """A larger model's description."""
    described = model.info(context=context, reading=reading, sees=True)
    return replace(described, thinks=True, calls_tools=True, parameters=9_000_000_000)


def shown(words: Tokenizer, ids: tuple[int, ...] | list[int]) -> str:
    """The tokens as text, control tokens by name, a picture's as one with their number."""
    text = ""
    run = 0
    for token in [*ids, -1]:
        if token == IMAGE:
            run += 1
            continue
        if run:
            text += f"<{run}>"
            run = 0
        if token >= 256:
            text += CONTROL[token - 256]
        elif token >= 0:
            text += words.token_bytes(token).decode("latin-1")
    return text


def save(folder: Path) -> None:
    """A tiny random model that sees, as a folder in Hugging Face layout, with the words above."""
    from tests.fakes import checkpoints  # torch

    checkpoints.save("glm46v", folder)
    described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    described |= {
        "image_token_id": IMAGE,
        "image_start_token_id": IMAGE - 1,
        "image_end_token_id": IMAGE + 1,
    }
    described["text_config"]["max_position_embeddings"] = 8192
    words = {"eos_token": "<|user|>", "chat_template": TEMPLATE}
    (folder / "config.json").write_text(json.dumps(described), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(words), encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer().marked(), encoding="utf-8")
