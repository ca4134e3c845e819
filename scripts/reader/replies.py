"""Greedy answers of a whole set of weights, many at once, through transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

_AT_ONCE = 200_000  # tokens of prompts and answers; a few GB of keys and values


class Model:
    """A model that answers."""

    def __init__(
        self, weights: Mapping[str, torch.Tensor], config: Mapping[str, Any], device: str
    ) -> None:
        with torch.device("meta"):
            model: Any = LlamaForCausalLM(LlamaConfig(**dict(config)))  # type: ignore[no-untyped-call]
        self._model = model.to_empty(device=device).to(torch.bfloat16)
        self._model.load_state_dict(dict(weights), strict=False)
        self._model.tie_weights()
        rotary = self._model.model.rotary_emb
        fresh = type(rotary)(self._model.config).to(device)  # its buffers are in no file
        self._model.model.rotary_emb = fresh
        self._model.eval()
        self._eos = int(config["eos_token_id"])
        self._device = device

    @torch.inference_mode()
    def answers(self, prompts: Sequence[list[int]], most: int) -> list[list[int]]:
        """The greedy answers, end-of-text left out."""
        found: dict[int, list[int]] = {}
        order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
        while order:
            longest = len(prompts[order[-1]])
            size = max(1, min(len(order), _AT_ONCE // (longest + most)))
            places, order = order[-size:], order[:-size]
            for place, answer in zip(
                places, self._batch([prompts[p] for p in places], most), strict=True
            ):
                found[place] = answer
        return [found[place] for place in range(len(prompts))]

    def _batch(self, prompts: Sequence[list[int]], most: int) -> list[list[int]]:
        length = max(map(len, prompts))
        tokens = torch.full((len(prompts), length), self._eos)
        mask = torch.zeros((len(prompts), length), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            tokens[row, length - len(prompt) :] = torch.tensor(prompt)
            mask[row, length - len(prompt) :] = 1
        made = self._model.generate(
            tokens.to(self._device),
            attention_mask=mask.to(self._device),
            do_sample=False,
            max_new_tokens=most,
            eos_token_id=self._eos,
            pad_token_id=self._eos,
        )
        answers = made[:, length:].tolist()
        return [row[: row.index(self._eos)] if self._eos in row else row for row in answers]
