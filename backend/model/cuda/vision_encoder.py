"""Makes embeddings of pictures on the GPU, from their bytes on: resized, cut and encoded there."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from backend.model.cuda.vision_pixels import DevicePatches
from backend.model.cuda.vision_tower import FusedTower
from backend.prompt.picture import Picture
from backend.prompt.sight import Sight
from backend.vision.encoder import Encoder

log = logging.getLogger(__name__)


class FusedEncoder(Encoder):
    """Runs the fused form of a vision tower."""

    resizes = True

    def __init__(self, tower: FusedTower, sight: Sight) -> None:
        super().__init__(sight)
        self._tower = tower
        self._can_prepare = True
        self._patches = DevicePatches(sight, tower.dtype, tower.device)

    def tokens(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """[tokens of all pictures, hidden]."""
        merge = self.sight.merge
        grids = [(picture.rows * merge, picture.columns * merge) for picture in pictures]
        return self._tower(self._patches(pictures), grids)

    @torch.inference_mode()
    def prepare_more(self) -> bool:
        """As `Way.prepare_more`."""
        try:
            return self._can_prepare and self._tower.attend.prepare_more()
        except Exception:  # what is not ready is done another way
            log.exception("the attention of pictures could not be readied")
            self._can_prepare = False
            return False
