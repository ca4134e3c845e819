"""From pixels of any size to embeddings: those of transformers' processor and model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil

from backend.model.cuda.vision_attention import Cut, Tiled
from backend.model.cuda.vision_encoder import FusedEncoder
from backend.model.cuda.vision_tower import FusedTower
from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Sight
from tests.fakes import checkpoints
from tests.fakes.pictures import noise

SIZES = ((28, 28), (37, 61))


def picture(image: Image.Image, sight: Sight) -> Picture:
    """A picture as it was decoded."""
    size = sight.size(*image.size)
    pixels = Pixels(memoryview(image.tobytes()), image.width, image.height)
    return Picture(b"", "o", "", 1, size.rows, size.columns, pixels)


@pytest.mark.parametrize("architecture", ["glm46v", "glm_ocr"])
def test_embeddings_are_transformers_own(
    architecture: str, tmp_path: Path, device: torch.device
) -> None:
    model = checkpoints.save(architecture, tmp_path)
    sight = Sight.from_folder(tmp_path, "1")
    images = [noise(*size, seed=seed) for seed, size in enumerate(SIZES)]
    inputs = Glm46VImageProcessorPil(**checkpoints.PROCESSOR)(images=images, return_tensors="pt")
    with torch.inference_mode():
        expected = model.model.get_image_features(
            inputs["pixel_values"], inputs["image_grid_thw"]
        ).pooler_output
        tower = FusedTower(model.model.visual.to(device), Tiled(Cut(16, 16, 4, 1)))
    encoder = FusedEncoder(tower, sight)
    assert encoder.resizes
    made = encoder.encode([picture(image, sight) for image in images])
    for embedding, reference in zip(made, expected, strict=True):
        torch.testing.assert_close(embedding.cpu(), reference, atol=1e-4, rtol=1e-4)
