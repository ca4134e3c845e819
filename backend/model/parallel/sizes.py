"""Among how many processes a model can be divided; free of torch."""

from __future__ import annotations

import json
from pathlib import Path


def refusal(folder: Path, size: int) -> str | None:
    """Why a model cannot be divided among so many, as a sentence; None if it can be."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # whoever loads it says it better
    text = config.get("text_config", config)
    heads = text.get("num_attention_heads")
    counts = {
        "query heads": heads,
        "key heads": text.get("num_key_value_heads") or heads,
        "inner numbers of an MLP": text.get("intermediate_size"),
        "tokens of the vocabulary": text.get("vocab_size"),
    }
    for what, count in counts.items():
        if isinstance(count, int) and count % size:
            return f"The model's {count} {what} cannot be divided among {size} processes."
    return None
