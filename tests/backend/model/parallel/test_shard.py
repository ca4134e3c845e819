"""What several processes hold is the whole, and nothing twice that need not be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from backend.model.cuda import weights
from backend.model.cuda.quantised import Quantization, quantise_layers
from backend.model.parallel.shard import Shard
from tests.fakes import checkpoints

HERE = torch.device("cpu")
WHERE = {"llama": "model", "glm4v": "model.language_model", "glm_ocr": "model.language_model"}


def shards(architecture: str, folder: Path, model: Any) -> list[Any]:
    made = []
    for rank in range(2):
        shard = Shard(rank, 2, WHERE[architecture])
        part = weights.load(type(model), folder, torch.float32, HERE, shard)
        assert part is not None
        assert shard.parameters == sum(weight.numel() for weight in model.parameters())
        shard.finish(part)
        made.append(part)
    return made


@pytest.mark.parametrize("architecture", WHERE)
def test_the_parts_of_every_weight_make_the_whole(architecture: str, tmp_path: Path) -> None:
    whole = checkpoints.save(architecture, tmp_path)
    first, second = (
        dict(part.named_parameters()) for part in shards(architecture, tmp_path, whole)
    )
    for name, weight in whole.state_dict().items():
        if name.endswith(("embed_tokens.weight", "inv_freq")) or "visual." in name:
            assert torch.equal(first[name], weight)
            assert name not in second or second[name].numel() == 0
            continue
        parts = [first[name], second[name]]
        if (".layers." not in name and name != "lm_head.weight") or "norm" in name:
            assert all(torch.equal(part, weight) for part in parts)
        elif "o_proj" in name or "down_proj" in name:
            assert torch.equal(torch.cat(parts, 1), weight)
        elif "gate_up" in name:
            gates, ups = zip(*(part.chunk(2) for part in parts), strict=True)
            assert torch.equal(torch.cat([*gates, *ups]), weight)
        else:
            assert torch.equal(torch.cat(parts), weight)


def test_a_part_can_be_quantised(tmp_path: Path) -> None:
    whole = checkpoints.save("glm4v", tmp_path)
    text, kind = WHERE["glm4v"], Quantization.INT8
    for rank in range(2):
        shard = Shard(rank, 2, text)
        part = weights.load(
            type(whole), tmp_path, torch.float32, HERE, shard, text=text, quantization=kind
        )
        exact = weights.load(
            type(whole), tmp_path, torch.float32, HERE, Shard(rank, 2, text), text=text
        )
        quantise_layers(exact, text, kind)
        assert shard.parameters == sum(weight.numel() for weight in whole.parameters())
        mine, theirs = part.state_dict(), exact.state_dict()
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_a_bias_behind_a_sum_is_added_once() -> None:
    name, bias = "model.layers.0.self_attn.o_proj.bias", torch.arange(1.0, 5.0)
    parts = [Shard(rank, 2, "model").part(name, bias) for rank in range(2)]
    assert torch.equal(parts[0], bias)
    assert not parts[1].any()


@pytest.mark.parametrize("architecture", WHERE)
def test_weights_that_transformers_has_read_are_divided_alike(
    architecture: str, tmp_path: Path
) -> None:
    whole = checkpoints.save(architecture, tmp_path)
    for rank, expected in enumerate(shards(architecture, tmp_path, whole)):
        shard = Shard(rank, 2, WHERE[architecture])
        divided = weights.divide(whole, tmp_path, HERE, shard)
        shard.finish(divided)
        mine, theirs = dict(divided.named_parameters()), dict(expected.named_parameters())
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_files_of_another_shape_are_left_to_transformers(tmp_path: Path) -> None:
    model = checkpoints.save("glm4v", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["text_config"]["intermediate_size"] += 2  # a part of it would have the same rows
    (tmp_path / "config.json").write_text(json.dumps(config))
    shard = Shard(0, 2, WHERE["glm4v"])
    assert weights.load(type(model), tmp_path, torch.float32, HERE, shard) is None
