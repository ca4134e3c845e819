"""The probes notice arithmetic whose bits depend on company, and eyes that see nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from backend.model.kv_cache import KVCache
from backend.model.llama import Llama, LlamaConfig
from backend.model.packed import DECODE_ROWS
from backend.model.probe import Bench
from tests.fakes import checkpoints


@pytest.fixture
def model() -> Any:
    """A network as the embedded one is."""
    made = checkpoints.build("llama")
    config = LlamaConfig.of(made.config.to_dict())
    assert config is not None
    return Llama(config, made.state_dict(), torch.bfloat16)


def bench(model: Any) -> Bench:
    cache = KVCache(
        layers=1,
        blocks=1,
        block_size=16,
        heads=2,
        head_dim=16,
        dtype=torch.bfloat16,
        device=torch.device("cpu"),
    )
    return Bench(model.model, model.lm_head, cache, 256)


def spoil(module: torch.nn.Module, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    before = module.forward
    module.forward = lambda rows: change(before(rows))


def test_decoded_rows_that_attend_apart_are_independent(model: Any) -> None:
    assert bench(model).decodes_are_independent(DECODE_ROWS, 1)


@pytest.mark.parametrize("part", ["mlp.down_proj", "self_attn.qkv_proj", "input_layernorm"])
def test_rows_that_feel_their_neighbours_are_noticed(model: Any, part: str) -> None:
    spoil(model.model.layers[0].get_submodule(part), lambda rows: rows + rows.mean() / 8)
    assert not bench(model).decodes_are_independent(DECODE_ROWS, 1)
    assert not bench(model).prefixes_are_exact()


def test_a_head_that_feels_its_neighbours_is_noticed(model: Any) -> None:
    spoil(model.lm_head, lambda rows: rows + rows.mean() / 8)
    assert not bench(model).decodes_are_independent(DECODE_ROWS, 1)


def test_rows_that_count_themselves_are_noticed(model: Any) -> None:
    down = model.model.layers[0].mlp.down_proj
    spoil(down, lambda rows: rows * (1 + rows.shape[1] / 256))
    assert not bench(model).prefixes_are_exact()
