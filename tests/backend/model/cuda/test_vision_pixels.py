"""Pictures become the patches that Pillow and transformers make of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backend.model.cuda.vision_pixels import DevicePatches, taps
from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Sight
from backend.vision.patches import UnusablePicture, patches
from tests.fakes import checkpoints
from tests.fakes.pictures import noise, picture

CPU = torch.device("cpu")


@pytest.fixture
def sight(tmp_path: Path) -> Sight:
    (tmp_path / "config.json").write_text(
        json.dumps({"image_token_id": 5, "vision_config": {"patch_size": 14}})
    )
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(checkpoints.PROCESSOR))
    return Sight.from_folder(tmp_path, "1")


def seen(image: Image.Image, rows: int, columns: int) -> Picture:
    """The picture as it came, to be looked at in so many tokens."""
    pixels = Pixels(image.tobytes(), image.width, image.height)
    return Picture(b"k", "o", "s", 1, rows, columns, pixels)


@pytest.mark.parametrize("before", [1, 2, 3, 13, 30, 64])
@pytest.mark.parametrize("after", [1, 5, 28, 56])
def test_mixes_a_line_as_pillow_does(before: int, after: int) -> None:
    line = np.random.default_rng(before).integers(0, 256, before, dtype=np.uint8)
    image = Image.fromarray(line[None])
    expected = np.asarray(image.resize((after, 1), Image.Resampling.BICUBIC))[0]
    how = taps(before, after, CPU)
    padded = np.concatenate([line, np.zeros(how.weights.shape[1], np.uint8)]).astype(np.int64)
    weights, first = how.weights.numpy(), how.first.numpy()
    mixed = (weights * padded[first[:, None] + np.arange(weights.shape[1])]).sum(1)
    np.testing.assert_array_equal(np.clip((mixed + (1 << 21)) >> 22, 0, 255), expected)


@pytest.mark.parametrize(
    ("size", "tokens"), [((28, 28), (1, 1)), ((23, 40), (2, 1)), ((70, 31), (1, 2))]
)
def test_patches_are_those_of_the_processor(
    size: tuple[int, int], tokens: tuple[int, int], sight: Sight, device: torch.device
) -> None:
    image = noise(*size, seed=sum(size))
    rows, columns = tokens
    exact = image.resize((columns * sight.side, rows * sight.side), Image.Resampling.BICUBIC)
    expected = patches(seen(exact, rows, columns), sight, CPU)
    made = DevicePatches(sight, torch.float32, device)([seen(image, rows, columns)])
    torch.testing.assert_close(made.cpu(), expected, atol=1e-6, rtol=1e-6)


def test_pictures_lie_one_after_the_other(sight: Sight, device: torch.device) -> None:
    pictures = [picture(noise(28, 28, seed=seed), sight.size(28, 56)) for seed in range(2)]
    expected = torch.cat([patches(one, sight, CPU) for one in pictures])
    made = DevicePatches(sight, torch.float32, device)(pictures)
    torch.testing.assert_close(made.cpu(), expected, atol=1e-6, rtol=1e-6)


def test_a_picture_without_all_its_pixels_is_refused(sight: Sight, device: torch.device) -> None:
    short = Picture(b"k", "o", "s", 1, 1, 1, Pixels(bytes(10), 28, 28))
    with pytest.raises(UnusablePicture):
        DevicePatches(sight, torch.float32, device)([short])
