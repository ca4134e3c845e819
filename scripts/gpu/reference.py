"""transformers' own `generate` on the same card and weights, and how far our numbers are from its.

Its text and its pictures come as ids and patches, made beforehand: preprocessing is not counted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from scripts.gpu.bench import ANSWER, PIXELS, WORDS

if TYPE_CHECKING:
    from backend.model.loader import LoadedModel

_LENGTHS = (3, 17, 64, 100, 200, 333, 512, 700)  # tokens of the prompts whose logits are compared
_CUDA = torch.device("cuda")


def load(folder: Path, dtype: torch.dtype = torch.bfloat16) -> Any:  # noqa: ANN401  # its class
    """transformers' model, its weights on the device."""
    from transformers.models.glm4v.modeling_glm4v import Glm4vForConditionalGeneration

    from backend.model.cuda import weights

    model = weights.load(Glm4vForConditionalGeneration, folder, dtype, _CUDA)
    assert model is not None
    return model


def prompts(count: int) -> list[list[int]]:
    """Made-up words, the same at every call."""
    chance = random.Random(3)  # noqa: S311  # made-up prompts
    lengths = [_LENGTHS[number % len(_LENGTHS)] for number in range(count)]
    return [[chance.randrange(1000, 150_000) for _ in range(length)] for length in lengths]


def our_logits(model: LoadedModel, asked: Sequence[Sequence[int]]) -> torch.Tensor:
    """float32 [prompts, vocabulary] of each prompt's last token, on the host. Whatever the
    engine had in its first blocks is overwritten."""
    from backend.prompt.prompt import Sampling
    from backend.scheduling.batch import Slice
    from backend.scheduling.sequence import Sequence as Sequence_

    found = []
    for prompt in asked:
        blocks = list(range(-(-len(prompt) // model.block_size)))
        sequence = Sequence_("", "", 0, tuple(prompt), Sampling(), blocks=blocks)
        found.append(model.runner.logits([Slice(sequence, 0, len(prompt))], {})[0].float().cpu())
    return torch.stack(found)


@torch.inference_mode()
def logits(model: Any, asked: Sequence[Sequence[int]]) -> torch.Tensor:  # noqa: ANN401
    """The same by transformers."""
    found = []
    for prompt in asked:
        ids = torch.tensor([list(prompt)], device=_CUDA)
        found.append(model(ids, use_cache=False, logits_to_keep=1).logits[0, -1].float().cpu())
    return torch.stack(found)


def error(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The size of the difference beside what is expected."""
    return float((found - expected).norm() / expected.norm())


class Reference:
    """transformers' model, measured."""

    def __init__(self, folder: Path) -> None:
        self.model = load(folder)
        self._image_id = int(self.model.config.image_token_id)
        self._chance = random.Random(1)  # noqa: S311  # made-up prompts

    def decode(self) -> float:
        """Tokens a second of one sequence, without its first token."""
        short = self._seconds(lambda: self._generate(self._texts(1), 1))
        return 32 / (self._seconds(lambda: self._generate(self._texts(1), 33)) - short)

    def text(self) -> float:
        """Milliseconds to the first token of a short text."""
        return 1e3 * self._seconds(lambda: self._generate(self._texts(1), 1))

    def picture(self) -> float:
        """Milliseconds to the first token of a prompt with a picture."""
        given = self._pictures(1)
        return 1e3 * self._seconds(lambda: self._generate(given, 1))

    def batch(self, sequences: int) -> float:
        """Tokens a second of so many prompts with a picture each, in one batch."""
        given = self._pictures(sequences)
        self._generate(given, 2)
        began = time.perf_counter()
        self._generate(given, ANSWER)
        return sequences * ANSWER / (time.perf_counter() - began)

    def _texts(self, count: int) -> dict[str, Any]:
        ids = [[self._chance.randrange(1000, 150_000) for _ in range(WORDS)] for _ in range(count)]
        return {"input_ids": torch.tensor(ids, device=_CUDA)}

    def _pictures(self, count: int) -> dict[str, Any]:
        vision = self.model.config.vision_config
        side = round(PIXELS / (vision.patch_size * vision.spatial_merge_size))
        patches = side * vision.spatial_merge_size
        numbers = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
        texts = self._texts(count)["input_ids"]
        pictures = torch.full((count, side * side), self._image_id, device=_CUDA)
        ids = torch.cat([pictures, texts], dim=1)
        return {
            "input_ids": ids,
            "mm_token_type_ids": (ids == self._image_id).int(),
            "pixel_values": torch.randn(
                count * patches * patches, numbers, device=_CUDA, dtype=torch.bfloat16
            ),
            "image_grid_thw": torch.tensor([[1, patches, patches]] * count, device=_CUDA),
        }

    @torch.inference_mode()
    def _generate(self, given: dict[str, Any], tokens: int) -> None:
        mask = torch.ones_like(given["input_ids"])
        self.model.generate(
            **given,
            attention_mask=mask,
            do_sample=False,
            min_new_tokens=tokens,
            max_new_tokens=tokens,
            pad_token_id=0,
        )
        torch.cuda.synchronize()

    def _seconds(self, work: Callable[[], None], runs: int = 3) -> float:
        """The median of a few, the first not counted."""
        times = []
        for _ in range(runs + 1):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        return sorted(times[1:])[runs // 2]
