"""Where what one process has computed meets what the others have."""

from __future__ import annotations

import torch

from backend.model.parallel.team import Team


class Summed(torch.nn.Module):
    """A linear layer of which every process holds some inputs."""

    def __init__(self, layer: torch.nn.Module, team: Team) -> None:
        super().__init__()
        self.layer = layer
        self._team = team

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """[..., inputs] -> [..., outputs], the same for everybody."""
        return self._team.sum(self.layer(rows))


class Joined(torch.nn.Module):
    """An output layer of which every process holds some tokens."""

    def __init__(self, head: torch.nn.Module, team: Team) -> None:
        super().__init__()
        self.head = head
        self._team = team

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[rows, hidden] -> logits [rows, vocabulary]; for the followers, some of them."""
        return self._team.join(self.head(hidden))


def add_up(text: torch.nn.Module, team: Team) -> None:
    """Lets the layers of transformers' text model, fused or not, meet."""
    for layer in text.get_submodule("layers").children():
        for place in ("self_attn.o_proj", "mlp.down_proj"):
            layer.set_submodule(place, Summed(layer.get_submodule(place), team))
