"""A real byte-level tokenizer, built in a moment: one token a byte, and a few control tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tokenizers
from tokenizers import decoders, models, pre_tokenizers

CONTROL = ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content | trim }}<|end|>\n"
    "{% endfor %}<|assistant|>{{ '\n' }}"
)
EOS = 0


# The marks that models of the GLM family have as tokens.
MARKS = ("<think>", "</think>", "<|begin_of_box|>", "<|end_of_box|>")


def description(control: Sequence[str] = CONTROL) -> str:
    """The text of its tokenizer.json."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[Any] = [("a", "b"), ("ab", "c")]
    vocabulary = {token: number for number, token in enumerate([*control, *alphabet, "ab", "abc"])}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [tokenizers.AddedToken(token, special=True, normalized=False) for token in control]
    )
    return str(tokenizer.to_str())
