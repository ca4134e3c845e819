"""A model's words without a model: a tokenizer of single bytes, a plain template, a description."""

from __future__ import annotations

import json
from collections.abc import Sequence

from backend.model.info import ModelInfo
from backend.prompt.prompt import Sampling
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer

TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message.role }}\n{{ message.content }}<|end|>\n"
    "{% endfor %}<|start|>assistant\n"
)


def tokenizer(control: Sequence[str] = ("<|start|>", "<|end|>")) -> Tokenizer:
    """Every byte is a token; the names from 256 on are control tokens."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    alphabet = [chr(byte) for byte in printable] + [chr(0x100 + n) for n in range(len(others))]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    added = [
        {
            "id": 256 + number,
            "content": name,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, name in enumerate(control)
    ]
    vocabulary = {char: number for number, char in enumerate(alphabet)}
    return Tokenizer(
        json.dumps(
            {
                "version": "1.0",
                "added_tokens": added,
                "pre_tokenizer": byte_level | {"trim_offsets": True},
                "decoder": byte_level | {"trim_offsets": True},
                "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
            }
        )
    )


def template(words: Tokenizer) -> Template:
    """Role, line, text."""
    return Template(TEMPLATE, words)


def info(
    *, context: int = 4000, reading: int = 2000, sees: bool = False, **defaults: float
) -> ModelInfo:
    """A small model's description."""
    return ModelInfo(
        id="tiny",
        name="Tiny",
        description="A fake.",
        description_zh="假的。",
        sees_images=sees,
        thinks=False,
        context_length=context,
        reading_budget=reading,
        license="Apache-2.0",
        defaults=Sampling(**defaults),  # type: ignore[arg-type]
        loaded=True,
        chosen_because="a test asks for it",
    )
