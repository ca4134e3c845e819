"""Pictures of noise, at sizes at which a model looks at them, and the same as Pillow's."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image

from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Size


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Every pixel drawn by itself."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def picture(image: Image.Image, size: Size, owner: str = "o", page: int = 1) -> Picture:
    """What the media library makes of an image."""
    seen = image.resize((size.width, size.height), Image.Resampling.BICUBIC)
    data = seen.tobytes()
    key = hashlib.sha256(owner.encode() + data + repr(size).encode()).digest()
    return Picture(
        key=key,
        owner=owner,
        sha256=hashlib.sha256(image.tobytes()).hexdigest(),
        page=page,
        rows=size.rows,
        columns=size.columns,
        pixels=Pixels(data, size.width, size.height),
    )
