"""Whether the engine on the GPU says what transformers says in float32, on a small configuration:
the same greedy answers, with everything that makes it fast switched on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from scripts.gpu import reference
from scripts.gpu.bench import Bench, Heard
from scripts.lib import true_shape

_PROMPTS = 24
_ANSWER = 24  # tokens


def small() -> dict[str, Any]:
    """The true shape's configuration, made small; numbers large enough that tokens differ."""
    config = true_shape.config()
    config["text_config"] |= {
        "hidden_size": 512,
        "intermediate_size": 1024,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "head_dim": 64,
        "rope_parameters": {
            **config["text_config"]["rope_parameters"],
            "mrope_section": [4, 6, 6],
        },
    }
    config["vision_config"] |= {
        "depth": 2,
        "hidden_size": 256,
        "num_heads": 2,
        "out_hidden_size": 512,
        "intermediate_size": 512,
    }
    return config


def same_tokens(folder: Path) -> float:
    """The share of greedy answers that equal transformers' to the last token. They are asked all
    at once, so that prompts and answers share steps, and steps are begun ahead."""
    if not (folder / "config.json").exists():
        true_shape.write(folder, small())
    asked = reference.prompts(_PROMPTS)
    model = reference.load(folder, torch.float32)
    expected = [_generated(model, prompt) for prompt in asked]
    del model
    torch.cuda.empty_cache()
    bench = Bench(folder, max_model_len=8192, dtype="float32")
    said = [_Words() for _ in asked]
    for prompt, one in zip(asked, said, strict=True):
        bench.ask(prompt, _ANSWER, listener=one)
    for one in said:
        one.ended.wait()
        assert one.tokens == _ANSWER, one.error
    bench.close()
    same = sum(one.ids == ids for one, ids in zip(said, expected, strict=True))
    return same / len(asked)


class _Words(Heard):
    """Hears the tokens themselves: in this vocabulary every word is its number."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[int] = []

    def delta(self, delta: Any) -> None:  # noqa: ANN401
        super().delta(delta)
        self.ids += [int(word) for word in delta.text.split("w")[1:]]


@torch.inference_mode()
def _generated(model: Any, prompt: list[int]) -> list[int]:  # noqa: ANN401
    ids = torch.tensor([prompt], device="cuda")
    made = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        min_new_tokens=_ANSWER,
        max_new_tokens=_ANSWER,
        pad_token_id=0,
    )
    tokens: list[int] = made[0, len(prompt) :].tolist()
    return tokens
