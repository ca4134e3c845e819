"""Cuts pictures into the patches that a vision tower looks at."""

from __future__ import annotations

import torch

from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Sight


class UnusablePicture(Exception):
    """A picture whose pixels are missing or do not fit its size."""


def checked(picture: Picture) -> Pixels:
    """The pixels of a picture, as many bytes as they say. Raises UnusablePicture."""
    pixels = picture.pixels
    if pixels is None:
        raise UnusablePicture("its pixels are gone")
    needed = pixels.width * pixels.height * 3
    if len(pixels.data) != needed or not needed:
        raise UnusablePicture(f"{len(pixels.data)} bytes instead of {needed}")
    return pixels


def patches(picture: Picture, sight: Sight, device: torch.device) -> torch.Tensor:
    """float32 [patches, channels * temporal * patch * patch] of one picture's pixels.

    The same numbers as from transformers' `Glm46VImageProcessorPil`: colours rescaled to 0-1 and
    normalised, patches in the order of the tokens that they are merged into, a still picture
    repeated in time. The pixels are of the picture's size already. Raises UnusablePicture.
    """
    pixels = checked(picture)
    width, height = picture.columns * sight.side, picture.rows * sight.side
    if (pixels.width, pixels.height) != (width, height):
        raise UnusablePicture(f"{pixels.width}x{pixels.height} pixels instead of {width}x{height}")
    # A copy, because the bytes may not be written to and torch would want to.
    colours = torch.frombuffer(bytearray(pixels.data), dtype=torch.uint8).to(device)
    mean, std = (torch.tensor(values, device=device) for values in (sight.mean, sight.std))
    image = ((colours.view(height, width, 3) * (1 / 255)) - mean) / std
    merge, patch = sight.merge, sight.patch
    pieces = image.view(picture.rows, merge, patch, picture.columns, merge, patch, 3)
    # [rows, columns, merge, merge, 3, patch, patch], then the same picture at every time
    pieces = pieces.permute(0, 3, 1, 4, 6, 2, 5).unsqueeze(5)
    pieces = pieces.expand(-1, -1, -1, -1, -1, sight.temporal, -1, -1)
    return pieces.reshape(picture.tokens * merge * merge, -1)


def grid(picture: Picture, sight: Sight) -> tuple[int, int, int]:
    """A picture's extent in time, height and width, in patches."""
    return 1, picture.rows * sight.merge, picture.columns * sight.merge
