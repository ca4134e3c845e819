"""Weights read straight from the files are those that transformers reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from backend.model.cuda.weights import load
from tests.fakes import checkpoints

HERE = torch.device("cpu")


@pytest.mark.parametrize("architecture", checkpoints.ARCHITECTURES)
def test_every_weight_and_buffer(architecture: str, tmp_path: Path) -> None:
    expected = checkpoints.save(architecture, tmp_path)
    loaded = load(type(expected), tmp_path, torch.float32, HERE)
    pairs = [
        (dict(model.named_parameters()), dict(model.named_buffers()))
        for model in (loaded, expected)
    ]
    for mine, theirs in zip(*pairs, strict=True):
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert not any(weight.requires_grad for weight in loaded.parameters())


@pytest.mark.parametrize("change", ["missing", "other name", "other shape"])
def test_files_that_do_not_fit_are_left_to_transformers(change: str, tmp_path: Path) -> None:
    expected = checkpoints.save("glm4v", tmp_path)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    weight = weights.pop("model.language_model.norm.weight")
    if change == "other name":
        weights["norm.weight"] = weight
    elif change == "other shape":
        weights["model.language_model.norm.weight"] = weight[:-1].clone()
    save_file(weights, path, {"format": "pt"})
    assert load(type(expected), tmp_path, torch.float32, HERE) is None
