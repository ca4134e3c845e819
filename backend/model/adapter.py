"""An adapter beside the embedded model's weights: low-rank changes that training made of them.

The weights stay as they are. They lie on a grid of 4 bits, which is what makes decoding fast and
which a changed weight would leave; and sequences that do not use the adapter are computed as if
there were none, to the last bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch.nn.functional import linear

from backend.model.manifest import DamagedModel
from backend.model.packed import DECODE_ROWS, EightBitWeight

CONTRACT = Path(__file__).parent / "adapters" / "contract" / "adapter.safetensors"

# What shares an input has one change: its name in the file, the fused layer, the layers it fuses.
_PLACES = (
    ("qkv", "self_attn.qkv_proj", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
    ("o", "self_attn.o_proj", ("self_attn.o_proj",)),
    ("gate_up", "mlp.gate_up_proj", ("mlp.gate_proj", "mlp.up_proj")),
    ("down", "mlp.down_proj", ("mlp.down_proj",)),
)


def revision(path: Path) -> str:
    """Tells adapters apart."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


class Switch:
    """Which rows of what is being computed use the adapter. One thread computes."""

    def __init__(self) -> None:
        self.is_on = False
        self.shares: torch.Tensor | None = None  # [rows, 1] of 0 and 1; None: all rows use it

    @contextmanager
    def rows(self, parts: Sequence[tuple[bool, int]], like: torch.Tensor) -> Iterator[None]:
        """Sets it for packed rows: for each part, whether it uses the adapter, and its rows."""
        self.is_on = any(uses for uses, _ in parts)
        if self.is_on and not all(uses for uses, _ in parts):
            shares = [float(uses) for uses, rows in parts for _ in range(rows)]
            self.shares = torch.tensor(shares, dtype=like.dtype, device=like.device)[:, None]
        try:
            yield
        finally:
            self.is_on, self.shares = False, None


class Adapted(torch.nn.Module):
    """A linear layer, packed or plain, and its change beside it."""

    def __init__(
        self, layer: torch.nn.Module, down: torch.Tensor, up: torch.Tensor, switch: Switch
    ) -> None:
        """The change is up [outputs, rank] @ down [rank, inputs]."""
        super().__init__()
        self.layer = layer
        weight = layer.get_parameter("weight")
        self._switch = switch
        self._down, self._up = down.to(weight), up.to(weight)
        # For few rows, kernels that compute every row by itself, as those beside them do.
        packed = [
            EightBitWeight.fit(one.bfloat16(), weight.dtype)
            if weight.device.type == "cpu"
            else None
            for one in (down, up)
        ]
        self._packed = (packed[0], packed[1]) if packed[0] and packed[1] else None

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """rows [..., inputs] -> [..., outputs]."""
        output: torch.Tensor = self.layer(rows)
        if not self._switch.is_on:
            return output
        count = rows.shape[:-1].numel()
        if self._packed is None or count > DECODE_ROWS:
            change = linear(linear(rows, self._down), self._up)
        else:
            down, up = self._packed
            change = up.times(down.times(rows.reshape(count, -1).contiguous())).view_as(output)
        if self._switch.shares is not None:
            change = change * self._switch.shares
        return output.add_(change)


def add(model: torch.nn.Module, path: Path) -> Switch:
    """Puts a file's changes beside the layers of a loaded Llama, ours or transformers'.

    Raises DamagedModel.
    """
    try:
        factors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DamagedModel(f"{path.name} cannot be read") from error
    layers = list(model.get_submodule("model.layers").children())
    wanted = {
        f"layers.{number}.{name}.{part}"
        for number in range(len(layers))
        for name, _, _ in _PLACES
        for part in ("down", "up")
    }
    if factors.keys() != wanted:
        raise DamagedModel(f"{path.name} was made for another model")
    switch = Switch()
    for number, layer in enumerate(layers):
        for name, fused, plain in _PLACES:
            down = factors[f"layers.{number}.{name}.down"]
            up = factors[f"layers.{number}.{name}.up"]
            is_fused = hasattr(
                layer.get_submodule(fused.partition(".")[0]), fused.partition(".")[2]
            )
            _wrap(layer, (fused,) if is_fused else plain, down, up, switch, path)
    return switch


def _wrap(
    layer: torch.nn.Module,
    places: Sequence[str],
    down: torch.Tensor,
    up: torch.Tensor,
    switch: Switch,
    path: Path,
) -> None:
    layers = [layer.get_submodule(place) for place in places]
    weights = [one.get_parameter("weight") for one in layers]
    outputs = [weight.shape[0] for weight in weights]
    inputs = weights[0].shape[1]
    if (sum(outputs), inputs) != (up.shape[0], down.shape[1]) or up.shape[1] != down.shape[0]:
        raise DamagedModel(f"{path.name} was made for a model of another size")
    parts = torch.split(up, outputs)
    for place, one, part in zip(places, layers, parts, strict=True):
        layer.set_submodule(place, Adapted(one, down, part.contiguous(), switch))
