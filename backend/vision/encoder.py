"""Makes embeddings of the pictures of several requests at once, with a model's vision tower."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch.nn.functional import linear

from backend.prompt.picture import Picture
from backend.prompt.sight import Sight
from backend.vision.patches import grid, patches


class Encoder(ABC):
    """A vision tower and how its pictures are prepared."""

    resizes = False  # whether a picture's pixels may be of another size than the picture

    def __init__(self, sight: Sight) -> None:
        self.sight = sight

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Picture]) -> list[torch.Tensor]:
        """The embedding [tokens, hidden] of each picture, from one call of the tower.

        Patches of all pictures lie in one row; attention stays within a picture. Does not wait for
        a device. Raises UnusablePicture, and whatever the tower raises.
        """
        parts = torch.split(self.tokens(pictures), [picture.tokens for picture in pictures])
        return [part.clone() for part in parts]  # so that each lives and goes by itself

    @abstractmethod
    def tokens(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """[tokens of all pictures, hidden]."""

    def prepare_more(self) -> bool:
        """Readies a part of what pictures would be encoded faster with in this thread; whether
        more is left."""
        return False


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


class PlainEncoder(Encoder):
    """Runs transformers' own vision tower."""

    def __init__(self, tower: torch.nn.Module, sight: Sight) -> None:
        """`tower` is `model.visual` of a GLM-4.xV class; its patch embedding is replaced."""
        super().__init__(sight)
        tower.patch_embed = LinearPatchEmbed(tower.get_submodule("patch_embed"))
        self._tower = tower
        self._device = next(tower.parameters()).device

    def tokens(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """[tokens of all pictures, hidden]."""
        rows = [patches(picture, self.sight, self._device) for picture in pictures]
        grids = [grid(picture, self.sight) for picture in pictures]
        output: torch.Tensor = self._tower(
            torch.cat(rows),
            grid_thw=torch.tensor(grids, dtype=torch.long, device=self._device),
        ).pooler_output
        return output
