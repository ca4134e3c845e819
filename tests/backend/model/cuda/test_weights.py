"""Weights read straight from the files are those that transformers reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from backend.model.cuda.quantised import Quantised, Quantization, large_layers, quantise, weight_of
from backend.model.cuda.weights import load
from tests.fakes import checkpoints

HERE = torch.device("cpu")


@pytest.mark.parametrize("architecture", checkpoints.ARCHITECTURES)
def test_every_weight_and_buffer(architecture: str, tmp_path: Path) -> None:
    expected = checkpoints.save(architecture, tmp_path)
    told: list[str] = []
    loaded = load(type(expected), tmp_path, torch.float32, HERE, on_phase=told.append)
    assert told == ["reading the weights, 1 of 1 files done"]
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


@pytest.mark.parametrize("kind", [Quantization.FP8, Quantization.INT8])
@pytest.mark.parametrize("architecture", checkpoints.ARCHITECTURES)
def test_large_weights_are_quantised_on_the_way(
    architecture: str, kind: Quantization, tmp_path: Path
) -> None:
    expected = checkpoints.save(architecture, tmp_path)
    text = "model" if architecture == "llama" else "model.language_model"
    loaded = load(type(expected), tmp_path, torch.float32, HERE, text=text, quantization=kind)
    names = [name for name, _ in large_layers(expected, text)]
    for name in names:
        weight, exact = (weight_of(model.get_submodule(name)) for model in (loaded, expected))
        assert isinstance(weight, Quantised)
        assert isinstance(exact, torch.Tensor)
        wanted = quantise(exact, kind).dense(torch.float32)
        assert torch.equal(weight.dense(torch.float32), wanted)
    mine, theirs = (dict(model.state_dict()) for model in (loaded, expected))
    rest = [name for name in theirs if name.removesuffix(".weight") not in names]
    assert all(torch.equal(mine[name], theirs[name]) for name in rest)
    buffers = dict(loaded.named_buffers())
    for name, buffer in expected.named_buffers():
        assert torch.equal(buffers[name], buffer)
    assert not any(weight.is_meta or weight.requires_grad for weight in loaded.parameters())
    count = sum(weight.numel() for weight in expected.parameters())
    assert sum(weight.numel() for weight in loaded.parameters()) == count
    linear = torch.nn.Linear(2, 3)  # made afterwards, as ever
    assert not linear.weight.is_meta


def test_no_more_than_one_large_weight_is_there_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the files are read, the large layers take no memory."""
    expected = checkpoints.save("glm4v", tmp_path)
    text = "model.language_model"
    seen: list[bool] = []

    class Watched(type(expected)):  # type: ignore[misc]
        def tie_weights(self, *args: Any, **kwargs: Any) -> Any:
            seen.append(all(layer.weight.is_meta for _, layer in large_layers(self, text)))
            return super().tie_weights(*args, **kwargs)

    kind = Quantization.FP8
    assert load(Watched, tmp_path, torch.float32, HERE, text=text, quantization=kind) is not None
    assert seen
    assert all(seen)
