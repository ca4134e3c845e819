"""The vision tower of GLM-4.xV and GLM-OCR for the GPU, out of transformers' own weights.

Each part does what the module it replaces does, up to rounding, in fewer kernels; the tests hold
the whole beside transformers'. Pictures lie one after the other as rows, a row for each patch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import gelu, layer_norm, linear

from backend.model.cuda.activation import gated
from backend.model.cuda.norms import Norm
from backend.model.cuda.vision_attention import Segments, Way
from backend.model.cuda.vision_rows import Grid, Places, Turner, Turns, turns
from backend.model.cuda.vision_ways import fastest


class _Linear:
    """A linear layer, whose result may be added to rows in the same kernel."""

    def __init__(self, *originals: torch.nn.Module) -> None:
        """Takes the weights of layers that read the same out of transformers' modules, which are
        of no use afterwards."""
        self.weight = _joined(originals, "weight")
        biases = [layer.bias for layer in originals]
        self.bias = None if biases[0] is None else _joined(originals, "bias")

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [n, inner] -> [n, outer]."""
        return linear(rows, self.weight, self.bias)

    def into(self, rows: torch.Tensor, target: torch.Tensor) -> None:
        """Writes the result over the target [n, outer]."""
        if self.bias is None:
            torch.mm(rows, self.weight.t(), out=target)
        else:
            torch.addmm(self.bias, rows, self.weight.t(), out=target)

    def add(self, rows: torch.Tensor, residual: torch.Tensor) -> None:
        """Adds the result to the residual stream [n, outer], in place."""
        if self.bias is None:
            torch.addmm(residual, rows, self.weight.t(), out=residual)
        else:
            residual += self(rows)


def _joined(layers: Sequence[torch.nn.Module], name: str) -> torch.Tensor:
    parts: list[torch.Tensor] = [layer.get_parameter(name) for layer in layers]
    if len(parts) == 1:
        return parts[0]
    whole = torch.cat(parts)
    for layer in layers:
        delattr(layer, name)
    return whole


class _Block:
    """A layer of the tower."""

    def __init__(self, original: torch.nn.Module, attend: Way) -> None:
        attention = original.get_submodule("attn")
        self._before_attention = Norm(original.get_submodule("norm1"))
        self._before_mlp = Norm(original.get_submodule("norm2"))
        self._joint = _Linear(attention.get_submodule("qkv"))
        self._turner = Turner(attention)
        self._scale = float(attention.scaling)  # type: ignore[arg-type]
        self._attend = attend
        self._output = _Linear(attention.get_submodule("proj"))
        mlp = original.get_submodule("mlp")
        self._gate_up = _Linear(mlp.get_submodule("gate_proj"), mlp.get_submodule("up_proj"))
        self._down = _Linear(mlp.get_submodule("down_proj"))

    def __call__(
        self, residual: torch.Tensor, angles: Turns, segments: Segments, joint: torch.Tensor
    ) -> None:
        """Changes the residual stream [n, hidden] in place; `joint` [n, 3 * hidden] is room to
        work in."""
        count, heads, dim = len(residual), self._turner.heads, self._turner.dim
        self._joint.into(self._before_attention(residual), joint)
        self._turner.turn(joint, angles)
        seen = self._attend(joint.view(-1, 3, heads, dim), segments, self._scale)
        self._output.add(seen.view(count, heads * dim), residual)
        inner = gated(self._gate_up(self._before_mlp(residual)))
        self._down.add(inner, residual)


class _Merger:
    """Makes tokens, as the text model reads them, of squares of patches."""

    def __init__(self, downsample: torch.nn.Module, original: torch.nn.Module) -> None:
        weight = downsample.get_parameter("weight")  # [outer, hidden, merge, merge]
        self._weight = weight.permute(0, 2, 3, 1).flatten(1)
        self._bias = downsample.get_parameter("bias")
        self._proj = _Linear(original.get_submodule("proj"))
        self._norm = original.get_submodule("post_projection_norm")
        gates = [original.get_submodule(f"{name}_proj") for name in ("gate", "up")]
        self._gate_up = _Linear(*gates)
        self._down = _Linear(original.get_submodule("down_proj"))

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Patches [n, hidden], those of a square together -> tokens [n / merge^2, outer]."""
        norm: Any = self._norm
        merged = linear(rows.view(-1, self._weight.shape[1]), self._weight, self._bias)
        merged = self._proj(merged)
        merged = gelu(layer_norm(merged, norm.normalized_shape, norm.weight, norm.bias, norm.eps))
        return self._down(gated(self._gate_up(merged)))


class FusedTower:
    """A whole tower, from patches to tokens."""

    def __init__(self, original: torch.nn.Module, attend: Way | None = None) -> None:
        """`original` is transformers' tower; it is of no use afterwards. What computes the
        attention is the fastest way there is, if none is given."""
        given: Any = original
        embed = original.get_submodule("patch_embed.proj")
        self._patch_weight = embed.get_parameter("weight").flatten(1)
        self._patch_bias = embed.get_parameter("bias")
        self._merge = int(given.spatial_merge_size)
        self._places: Places | None = None
        if hasattr(original, "embeddings"):
            norm = original.get_submodule("post_conv_layernorm")
            self._places = Places(norm, original.get_submodule("embeddings"))
        self._frequencies = original.get_buffer("rotary_pos_emb.inv_freq").float()
        layers = list(original.get_submodule("blocks").children())
        first: Any = layers[0].get_submodule("attn")
        self.device, self.dtype = self._patch_weight.device, self._patch_weight.dtype
        if attend is None:
            attend = fastest(first.num_heads, first.head_dim, self.dtype, self.device)
        self.attend = attend
        self._blocks = [_Block(layer, self.attend) for layer in layers]
        self._last = Norm(original.get_submodule("post_layernorm"))
        self._merger = _Merger(
            original.get_submodule("downsample"), original.get_submodule("merger")
        )

    def __call__(self, patches: torch.Tensor, grids: Sequence[tuple[int, int]]) -> torch.Tensor:
        """Patches [n, channels * temporal * patch * patch] of pictures so many patches high and
        wide, one after the other -> [tokens, hidden of the text]."""
        pictures = [Grid(height, width, self._merge) for height, width in grids]
        segments = Segments(tuple(grid.patches for grid in pictures), patches.device)
        angles = turns(self._frequencies, pictures)
        rows = linear(patches.to(self.dtype), self._patch_weight, self._patch_bias)
        if self._places is not None:
            self._places.add(rows, pictures)
        count, hidden = rows.shape
        joint = rows.new_empty(count, 3 * hidden)
        for block in self._blocks:
            block(rows, angles, segments, joint)
        return self._merger(self._last(rows))


def can_fuse(tower: torch.nn.Module) -> bool:
    """Whether these kernels do what this tower of transformers does."""
    config: Any = tower.config
    device = next(tower.parameters()).device
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):
        return False  # no bfloat16 in matrix products
    dim = config.hidden_size // config.num_heads
    return (
        config.model_type in {"glm4v_vision", "glm46v_vision", "glm_ocr_vision"}
        and config.hidden_act == "silu"
        and dim >= 16
        and dim & (dim - 1) == 0
    )
