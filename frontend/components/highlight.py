"""A page with the words of a value marked on it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from frontend.workflows.paper import Box

_MARKER: Final = (255, 226, 92)  # as from a felt pen: it darkens paper and leaves ink
_EDGE: Final = (214, 122, 0)
_ROOM: Final = 0.003  # of the page's height around the words


def highlighted(image: bytes, boxes: Iterable[Box]) -> bytes:
    """The page's picture as WebP with the boxes marked; `boxes` are those of this page."""
    return _drawn(image, tuple((box.left, box.top, box.right, box.bottom) for box in boxes))


def forget() -> None:
    """Keeps no page any longer."""
    _drawn.cache_clear()


@lru_cache(maxsize=32)
def _drawn(image: bytes, boxes: tuple[tuple[float, float, float, float], ...]) -> bytes:
    if not boxes:
        return image
    with Image.open(io.BytesIO(image)) as opened:
        page = opened.convert("RGB")
    width, height = page.size
    room = max(2, round(_ROOM * height))
    places = [
        (
            max(0, round(left * width) - room),
            max(0, round(top * height) - room),
            min(width - 1, round(right * width) + room),
            min(height - 1, round(bottom * height) + room),
        )
        for left, top, right, bottom in boxes
    ]
    ink = Image.new("RGB", page.size, "white")
    for place in places:
        ImageDraw.Draw(ink).rectangle(place, fill=_MARKER)
    page = ImageChops.multiply(page, ink)
    for place in places:
        ImageDraw.Draw(page).rectangle(place, outline=_EDGE, width=max(1, height // 700))
    written = io.BytesIO()
    page.save(written, "WEBP", quality=85, method=2)
    return written.getvalue()
