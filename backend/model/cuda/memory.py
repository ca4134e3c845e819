"""How much of the GPU's memory there is to give away."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from backend.prompt.picture import Picture, Pixels
from backend.prompt.prompt import Sampling
from backend.scheduling.scheduler import Slice
from backend.scheduling.sequence import Sequence
from backend.vision.encoder import Encoder

if TYPE_CHECKING:
    from backend.model.runner import Runner


def limit(most: int) -> None:
    """Keeps torch's allocations on the GPU within `most` bytes from now on."""
    total = torch.cuda.mem_get_info()[1]
    torch.cuda.set_per_process_memory_fraction(min(1.0, most / total))


def peak(work: Callable[[], object]) -> int:
    """Bytes that the work takes at its height, beyond what is taken before it."""
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    work()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def free(most: int | None) -> int:
    """Bytes that torch can still allocate, if it may allocate `most` in all."""
    torch.cuda.empty_cache()
    available: int = torch.cuda.mem_get_info()[0]
    if most is not None:
        available = min(available, most - torch.cuda.memory_reserved())
    return available


def hardest_step(
    runner: Runner, encoder: Encoder | None, step_tokens: int, encode_tokens: int
) -> None:
    """What a step can be at most: a long prompt, and before it pictures seen for the first time.

    The runner's memory holds `step_tokens`; what is in it afterwards is of no use.
    """
    if encoder is not None:
        side = math.isqrt(encode_tokens)
        pixels = side * encoder.sight.side
        data = bytes(pixels * pixels * 3)
        picture = Picture(b"", "", "", 0, side, side, Pixels(data, pixels, pixels))
        encoder.encode([picture])
    blocks = list(range(-(-step_tokens // runner.cache.block_size)))
    sequence = Sequence("", "", 0, (0,) * step_tokens, Sampling(), blocks=blocks)
    runner.logits([Slice(sequence, 0, step_tokens)], {})
