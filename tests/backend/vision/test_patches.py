"""Patches are the numbers that transformers' own image processor makes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil

from backend.prompt.picture import Pixels
from backend.prompt.sight import Sight
from backend.vision.patches import UnusablePicture, grid, patches
from tests.fakes import checkpoints
from tests.fakes.pictures import noise, picture

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def sight(tmp_path_factory: pytest.TempPathFactory) -> Sight:
    folder = tmp_path_factory.mktemp("sight")
    config = {"image_token_id": 319, "vision_config": {"patch_size": 14}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(checkpoints.PROCESSOR))
    return Sight.from_folder(Path(folder), "")


@pytest.fixture(scope="module")
def processor() -> Glm46VImageProcessorPil:
    return Glm46VImageProcessorPil(**checkpoints.PROCESSOR)


def sizes(count: int) -> list[tuple[int, int]]:
    """Widths and heights: exact, to be shrunk, to be grown, long, tiny."""
    chance = random.Random(7)
    drawn = [(chance.randint(1, 400), chance.randint(1, 400)) for _ in range(count)]
    return [(28, 28), (56, 84), (1, 1), (300, 2), (2, 190), (500, 30), (43, 41), *drawn]


@pytest.mark.parametrize(("width", "height"), sizes(25))
def test_patches_equal_the_processors(
    sight: Sight, processor: Glm46VImageProcessorPil, width: int, height: int
) -> None:
    image = noise(width, height, seed=width)
    expected = processor(images=[image], return_tensors="pt")
    seen = picture(image, sight.size(width, height))
    assert [list(grid(seen, sight))] == expected["image_grid_thw"].tolist()
    torch.testing.assert_close(
        patches(seen, sight, CPU), expected["pixel_values"].float(), atol=1e-6, rtol=0
    )


def test_what_does_not_fit_is_refused(sight: Sight) -> None:
    seen = picture(noise(56, 56), sight.size(56, 56))
    assert seen.pixels is not None
    data = bytes(seen.pixels.data)
    for pixels in (None, Pixels(data[:-1], 56, 56), Pixels(data + b"x", 56, 56), Pixels(b"", 0, 0)):
        seen.pixels = pixels
        with pytest.raises(UnusablePicture):
            patches(seen, sight, CPU)
    seen.pixels = Pixels(data, 28, 112)
    with pytest.raises(UnusablePicture, match="28x112"):
        patches(seen, sight, CPU)
