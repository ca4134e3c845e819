"""Which part of a model's weights each of several processes holds.

Heads, the MLPs' inner numbers and the vocabulary of the output layer are divided; what a process
computes of them is added up with what the others do after the attention and after the MLP (Shoeybi
et al., 2019). Norms are everybody's. The embedding and the eyes are the leader's alone: it sends
embedded rows to the others.
"""

from __future__ import annotations

import re
from typing import Any

import torch

_DIVIDED = re.compile(r"\.layers\.\d+\.(?:self_attn|mlp)\.(\w+)\.(weight|bias)$")
_BY_INPUT = ("o_proj", "down_proj")  # the other layers are divided by output
_TWO_IN_ONE = "gate_up_proj"
_HEAD = "lm_head.weight"


class Shard:
    """One process's part."""

    def __init__(self, rank: int, size: int, text: str) -> None:
        """`text` is where the text model lies in the whole."""
        self._rank = rank
        self._size = size
        self._text = text
        # Told by `trim`:
        self.divided: dict[str, torch.Size] = {}  # weights of which there is a part, whole shapes
        self.elsewhere: set[str] = set()  # weights that only the leader has
        self.parameters = 0  # of the whole model

    def trim(self, model: torch.nn.Module, device: torch.device) -> None:
        """Leaves of transformers' model, which holds no weights yet, room for this process's part,
        and puts it on the device, but for what has no memory."""
        self.parameters = sum(weight.numel() for weight in model.parameters())
        text: Any = model.get_submodule(self._text)
        is_tied = self._is_tied(model)
        names = set(model.state_dict())
        for place, module in model.named_modules():
            for name, weight in module.named_parameters(place, recurse=False):
                if (name == _HEAD and not is_tied) or _is_divided(name):
                    self.divided[name] = weight.shape
                    shape = self.part(name, weight).shape
                    where = weight.device if weight.is_meta else device
                    room = torch.empty(shape, dtype=weight.dtype, device=where)
                    _set(module, name.rpartition(".")[2], room)
        heads = text.config.num_attention_heads
        text.config.head_dim = (
            getattr(text.config, "head_dim", None) or text.config.hidden_size // heads
        )
        for part in (text.config, *(layer.self_attn for layer in text.layers)):
            for name in ("num_attention_heads", "num_heads", "num_key_value_heads"):
                if hasattr(part, name):
                    setattr(part, name, getattr(part, name) // self._size)
        if self._rank:
            inner: Any = model.get_submodule("model")
            if hasattr(inner, "visual"):
                del inner.visual
            if not is_tied:
                text.embed_tokens = Elsewhere(text.embed_tokens)
                self.elsewhere.add(f"{self._text}.embed_tokens.weight")
        self.elsewhere |= names - set(model.state_dict())
        model._apply(  # type: ignore[no-untyped-call]
            lambda weight: weight if weight.is_meta else weight.to(device)
        )

    def finish(self, model: torch.nn.Module) -> None:
        """Cuts, now that the weights are there, an output layer that shares the embedding's."""
        if self._is_tied(model):
            head = model.get_submodule("lm_head")
            _set(head, "weight", self.part(_HEAD, head.get_parameter("weight")).clone())
            if self._rank:
                text: Any = model.get_submodule(self._text)
                text.embed_tokens = Elsewhere(text.embed_tokens)

    def part(self, name: str, weight: Any) -> torch.Tensor:  # noqa: ANN401  # a tensor, or a file's
        """What this process holds of a weight that is divided."""
        shape = weight.shape if isinstance(weight, torch.Tensor) else weight.get_shape()
        found = _DIVIDED.search(name)
        layer, kind = found.groups() if found else ("lm_head", "weight")
        if layer in _BY_INPUT and kind == "bias":  # to be added once
            whole: torch.Tensor = weight[:]
            return whole if self._rank == 0 else torch.zeros_like(whole)
        if layer in _BY_INPUT:
            first, end = self._range(shape[1])
            columns: torch.Tensor = weight[:, first:end]
            return columns
        if layer == _TWO_IN_ONE:
            half = shape[0] // 2
            first, end = self._range(half)
            return torch.cat([weight[first:end], weight[half + first : half + end]])
        first, end = self._range(shape[0])
        rows: torch.Tensor = weight[first:end]
        return rows

    def _is_tied(self, model: torch.nn.Module) -> bool:
        """Whether embedding and output layer are one."""
        return model.get_parameter(_HEAD) is model.get_parameter(
            f"{self._text}.embed_tokens.weight"
        )

    def _range(self, count: int) -> tuple[int, int]:
        each = count // self._size
        return self._rank * each, (self._rank + 1) * each


class Elsewhere(torch.nn.Module):
    """Stands where the leader has its embedding: makes room for the rows that it sends."""

    def __init__(self, original: torch.nn.Module) -> None:
        super().__init__()
        weight = original.get_parameter("weight")
        _set(self, "weight", weight.new_empty(0, weight.shape[1]))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """[...] -> [..., hidden], of no value."""
        weight = self.get_parameter("weight")
        return weight.new_empty(*ids.shape, weight.shape[1])


def _is_divided(name: str) -> bool:
    return "visual." not in name and _DIVIDED.search(name) is not None


def _set(module: torch.nn.Module, name: str, weight: torch.Tensor) -> None:
    setattr(module, name, torch.nn.Parameter(weight, requires_grad=False))
    if isinstance(module, torch.nn.Linear) and name == "weight":
        module.out_features, module.in_features = weight.shape
