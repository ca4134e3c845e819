"""How memory is shared out between keys and values and pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from backend.model import sizing

GPU, CPU = torch.device("cuda"), torch.device("cpu")
GB = 1 << 30


@dataclass(frozen=True)
class Sizes:
    hidden_size: int = 64
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    num_hidden_layers: int = 3


CONFIG = Sizes()


def test_a_gpu_is_given_more_at_a_time() -> None:
    gpu, cpu = sizing.pace_of(GPU, None), sizing.pace_of(CPU, None)

    assert gpu.step_tokens > cpu.step_tokens
    assert gpu.embedding_bytes > cpu.embedding_bytes
    assert sizing.pace_of(GPU, 7).embedding_bytes == 7


def test_pictures_take_an_eighth_of_what_is_free_at_most() -> None:
    pace = sizing.pace_of(GPU, None)

    room, small = sizing.shared_out(9 * GB, pace, sees=True)
    assert (room, small.embedding_bytes) == (7 * GB, GB)
    room, large = sizing.shared_out(61 * GB, pace, sees=True)
    assert (room, large.embedding_bytes) == (58 * GB, pace.embedding_bytes)
    assert sizing.shared_out(9 * GB, pace, sees=False) == (8 * GB, pace)


def test_blocks_hold_one_sequence_at_least_and_no_more_than_can_be_used() -> None:
    assert sizing.blocks_wanted(0, 1000) == 63
    assert sizing.blocks_wanted(100, 1000) == 100
    assert sizing.blocks_wanted(10**9, 1000) == 64 * 63


def test_blocks_are_as_large_as_their_cache() -> None:
    cache = sizing.cache_of(CONFIG, 4, torch.float32, CPU)
    size = cache._memory.nbytes  # of the blocks, and of the blank one

    assert sizing.blocks_in(size, CONFIG, torch.float32) == 5
    assert sizing.blocks_in(size - 1, CONFIG, torch.float32) == 4
