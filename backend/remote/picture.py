"""Pictures on their way to another server: data URLs of what was drawn."""

from __future__ import annotations

import base64
import io

from PIL import Image

from backend.prompt.picture import Pixels

QUALITY = 92  # of JPEG, colours in full resolution: small print stays as it is


def data_url(pixels: Pixels) -> str:
    """The picture as a data URL. Slow; runs in a thread."""
    image = Image.frombytes("RGB", (pixels.width, pixels.height), bytes(pixels.data))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
