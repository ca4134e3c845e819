"""How much is computed at a time, and how memory is shared out: to keys and values, to pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import torch

from backend.model.kv_cache import KVCache

BLOCK_SIZE = 16  # tokens
CPU_CACHE_BYTES = 1 << 30  # at most; memory is taken as blocks are first used
_CUDA_SPARE_BYTES = 1 << 30  # for what is not foreseen, and for recorded steps
_EMBEDDING_SHARE = 0.125  # at most, of what is free after loading
_LONGEST_SEQUENCES = 64  # that the cache holds at most


@dataclass(frozen=True)
class Pace:
    """How much is computed at a time."""

    chunk_tokens: int  # of a prompt in one piece
    step_tokens: int  # of all prompts in one step
    beside_tokens: int  # in a step that answers wait for
    encode_tokens: int  # of pictures in one call of the vision tower
    embedding_bytes: int  # of pictures that are remembered


# On a CPU a step must be short enough for the answers that run beside it; a GPU wants much to do.
_CPU_PACE = Pace(256, 256, 256, 1024, 256 << 20)
_CUDA_PACE = Pace(2048, 8192, 4096, 4096, 2 << 30)


def pace_of(device: torch.device, embedding_bytes: int | None) -> Pace:
    """The pace for a device; `embedding_bytes` None is chosen with it."""
    pace = _CUDA_PACE if device.type == "cuda" else _CPU_PACE
    return replace(pace, embedding_bytes=embedding_bytes or pace.embedding_bytes)


def shared_out(free: int, pace: Pace, *, sees: bool) -> tuple[int, Pace]:
    """Bytes of a GPU for keys and values, and the pace with the bytes for pictures: of what is
    free beside a step at its height."""
    room = free - _CUDA_SPARE_BYTES
    if not sees:
        return room, pace
    remembered = min(pace.embedding_bytes, int(room * _EMBEDDING_SHARE))
    return room - remembered, replace(pace, embedding_bytes=remembered)


class Shape(Protocol):
    """What of a text model's configuration decides how large its keys and values are."""

    @property
    def num_hidden_layers(self) -> int: ...
    @property
    def num_key_value_heads(self) -> int: ...
    @property
    def hidden_size(self) -> int: ...
    @property
    def num_attention_heads(self) -> int: ...


def blocks_in(room: int, config: Shape, dtype: torch.dtype) -> int:
    """Blocks of keys and values that fit into that many bytes."""
    heads = int(config.num_hidden_layers) * int(config.num_key_value_heads)
    return room // (2 * heads * _head_dim(config) * BLOCK_SIZE * dtype.itemsize)


def blocks_wanted(fitting: int, context_length: int) -> int:
    """Blocks to take: enough for one sequence at least, and no more than can be used."""
    least = -(-context_length // BLOCK_SIZE)
    return max(least, min(fitting, _LONGEST_SEQUENCES * least))


def cache_of(config: Shape, blocks: int, dtype: torch.dtype, device: torch.device) -> KVCache:
    """The memory for so many blocks of a network's keys and values."""
    return KVCache(
        layers=config.num_hidden_layers,
        blocks=blocks,
        block_size=BLOCK_SIZE,
        heads=config.num_key_value_heads,
        head_dim=_head_dim(config),
        dtype=dtype,
        device=device,
    )


def _head_dim(config: Shape) -> int:
    given = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(given)
