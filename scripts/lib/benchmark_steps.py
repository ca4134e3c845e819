"""Measures the steps of the fused text model on a GPU, alone: no engine, no text, no files.

GLM-4.6V-Flash's true shape with random weights made on the device, beside the time that reading
the weights and the keys and values takes at the speed of a copy. Errors are those of the last
layer's normed output, on four layers, against transformers' modules in float32.
"""

from __future__ import annotations

import copy
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from transformers.models.glm4v.configuration_glm4v import Glm4vConfig
from transformers.models.glm4v.modeling_glm4v import Glm4vForConditionalGeneration

from backend.model.cuda.forward import FusedForward
from backend.model.cuda.layers import FusedText
from backend.model.kv_cache import KVCache
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence
from scripts.gpu.bench import bandwidth
from scripts.gpu.goals import READ_BYTES, TOKEN_BYTES
from scripts.lib import true_shape

BLOCK = 16  # tokens
CONTEXT = 1500  # tokens
MOST = 64  # sequences
ENDS = frozenset({151329, 151336, 151338})


def model(layers: int) -> Any:  # noqa: ANN401  # a class of transformers
    """transformers' model with so many text layers."""
    config = true_shape.config()
    config["text_config"]["num_hidden_layers"] = layers
    config["vision_config"]["depth"] = 1
    made: Any = Glm4vForConditionalGeneration
    torch.manual_seed(0)
    for name in ("architectures", "model_type"):
        del config[name]
    given = Glm4vConfig(**config)
    with torch.device("cuda"):
        whole = made._from_config(given, dtype=torch.bfloat16, attn_implementation="sdpa")
    for name, weight in whole.named_parameters():
        if "norm" in name:
            weight.data.normal_(1, 0.1)
        elif name.endswith("bias"):
            weight.data.normal_(0, 0.1)
    return whole.eval().requires_grad_(requires_grad=False)


class Steps:
    """A fused text model, and sequences to compute."""

    def __init__(self, whole: Any, layers: int) -> None:  # noqa: ANN401
        text = whole.model.language_model
        self._embed = text.embed_tokens
        blocks = -(-(CONTEXT + 200) // BLOCK)
        cache = KVCache(
            layers=layers,
            blocks=MOST * blocks,
            block_size=BLOCK,
            heads=2,
            head_dim=128,
            dtype=torch.bfloat16,
            device=torch.device("cuda"),
        )
        head = whole.lm_head
        self.forward = FusedForward(FusedText(text), self._embed, head, cache, ENDS, longest=8192)
        chance = random.Random(0)  # noqa: S311  # made-up prompts
        self.sequences = []
        for number in range(MOST):
            prompt = tuple(chance.randrange(1000, 150_000) for _ in range(CONTEXT))
            sampling = Sampling(max_tokens=128, min_tokens=128, seed=0)
            sequence = Sequence(str(number), "o", 0, prompt, sampling, output_ids=[7])
            sequence.blocks.extend(range(number * blocks, (number + 1) * blocks))
            self.sequences.append(sequence)

    def prompt(self, tokens: int, start: int = 0) -> torch.Tensor:
        """What the head reads of the first sequence's tokens from `start` on."""
        sequence = self.sequences[0]
        ids = torch.tensor(sequence.tokens(start, start + tokens), device="cuda")
        places = torch.arange(start, start + tokens, device="cuda").expand(3, -1)
        part = Slice(sequence, start, start + tokens)
        return self.forward.hidden(self._embed(ids), places, [part])

    def first_token(self, tokens: int) -> int | None:
        """From ids to the answer's first token."""
        hidden = self.prompt(tokens)
        part = Slice(self.sequences[0], tokens - 1, tokens)
        return self.forward.choose(self.forward.head(hidden[-1:]), [part]).wait()[0]

    def decode(self, count: int) -> None:
        """One step of so many sequences, and their next tokens."""
        some = self.sequences[:count]
        place = some[0].length - 1
        parts = [Slice(one, place, place + 1) for one in some]
        tokens = self.forward.choose(self.forward.decode(parts), parts).wait()
        for one, token in zip(some, tokens, strict=True):
            one.output_ids.append(token or 7)


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """The median of several runs, by the host's clock."""
    times = []
    for _ in range(runs + 2):
        torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[2:])


@torch.inference_mode()
def errors() -> tuple[float, float]:
    """Of transformers in bfloat16 and of the fused modules, against transformers in float32."""
    whole = model(4)
    text = whole.model.language_model
    exact = copy.deepcopy(text).float()
    plain = copy.deepcopy(text)
    steps = Steps(whole, 4)
    ids = torch.tensor([steps.sequences[0].prompt_ids[:200]], device="cuda")
    expected = exact(ids, use_cache=False).last_hidden_state[0]
    said = plain(ids, use_cache=False).last_hidden_state[0].float()
    fused = steps.prompt(200).float()
    return (
        float((said - expected).norm() / expected.norm()),
        float((fused - expected).norm() / expected.norm()),
    )


@torch.inference_mode()
def main() -> None:
    """Prints a table."""
    speed = bandwidth()
    plain, fused = errors()
    torch.cuda.empty_cache()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, copy {speed / 1e9:.0f} GB/s")
    print(f"error against float32, 4 layers: transformers {plain:.4f}, fused {fused:.4f}")
    steps = Steps(model(40), 40)
    began = time.perf_counter()
    steps.forward.prepare(MOST, lambda doing: None, whole=True)
    torch.cuda.synchronize()
    print(f"recorded in {time.perf_counter() - began:.1f} s")
    for tokens in (64, 256, CONTEXT):
        wait = milliseconds(partial(steps.first_token, tokens), 7)
        print(f"first token of {tokens:4d}: {wait:6.2f} ms")
    for count in (1, 2, 4, 8, 16, 32, 64):
        for one in steps.sequences:
            one.output_ids[:] = [7]
        step = milliseconds(partial(steps.decode, count), 50)
        floor = (READ_BYTES + count * CONTEXT * TOKEN_BYTES) / speed * 1e3
        print(
            f"{count:3d} sequences at {CONTEXT}: {step:6.2f} ms, "
            f"{count / step * 1e3:6.0f} tokens/s, floor {floor:.2f} ms"
        )


if __name__ == "__main__":
    main()
