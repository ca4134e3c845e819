"""Runs transformers' own vision tower over the pictures of several requests at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import linear

from backend.prompt.picture import Picture
from backend.prompt.sight import Sight
from backend.vision.patches import grid, patches


class LinearPatchEmbed(torch.nn.Module):
    """Takes the place of a patch embedding that is written as a Conv3d.

    The convolution's stride is its kernel, so it is one product for each patch; as a convolution
    it is slow, and was wrong in one pair of PyTorch and cuDNN (sgl-project/sglang#20282).
    """

    def __init__(self, original: torch.nn.Module) -> None:
        super().__init__()
        weight = original.get_parameter("proj.weight").flatten(1)
        self.weight = torch.nn.Parameter(weight, requires_grad=False)
        self.bias = original.get_parameter("proj.bias")

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """[patches, channels * temporal * patch * patch] -> [patches, hidden]."""
        return linear(rows.to(self.weight.dtype), self.weight, self.bias)


class Encoder:
    """A vision tower and how its pictures are prepared."""

    def __init__(self, tower: torch.nn.Module, sight: Sight) -> None:
        """`tower` is `model.visual` of a GLM-4.xV class; its patch embedding is replaced."""
        tower.patch_embed = LinearPatchEmbed(tower.get_submodule("patch_embed"))
        self.sight = sight
        self._tower = tower
        self._device = next(tower.parameters()).device

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Picture]) -> list[torch.Tensor]:
        """The embedding [tokens, hidden] of each picture, from one call of the tower.

        Patches of all pictures lie in one row; attention stays within a picture.
        Raises UnusablePicture, and whatever the tower raises.
        """
        rows = [patches(picture, self.sight, self._device) for picture in pictures]
        grids = [grid(picture, self.sight) for picture in pictures]
        output = self._tower(
            torch.cat(rows),
            grid_thw=torch.tensor(grids, dtype=torch.long, device=self._device),
        ).pooler_output
        parts = torch.split(output, [picture.tokens for picture in pictures])
        return [part.clone() for part in parts]  # so that each lives and goes by itself
