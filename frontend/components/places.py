"""A picture with the places that an answer names drawn on it, each with its number."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

# Told apart by number first; the colours hold on light and dark pictures.
_COLOURS: Final = ("#e5484d", "#0b7fe0", "#1a9c5b", "#b35ae0", "#d97700", "#0fa3a3")
_RING: Final = "#ffffff"  # beneath each line, so that it shows on its own colour
Edges = tuple[float, float, float, float]


def drawn(image: bytes, places: Sequence[Edges]) -> bytes:
    """The picture as WebP; `places` are left, top, right, bottom as fractions of it, 0-1."""
    return _drawn(image, tuple(places))


def forget() -> None:
    """Keeps no picture any longer."""
    _drawn.cache_clear()


@lru_cache(maxsize=16)
def _drawn(image: bytes, places: tuple[Edges, ...]) -> bytes:
    with Image.open(io.BytesIO(image)) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    pen = ImageDraw.Draw(picture)
    thick = max(2, round(max(width, height) / 300))
    font = ImageFont.load_default(max(12, round(max(width, height) / 36)))
    for number, (left, top, right, bottom) in enumerate(places, start=1):
        colour = _COLOURS[(number - 1) % len(_COLOURS)]
        box = (
            _within(left, width),
            _within(top, height),
            max(_within(left, width) + 1, _within(right, width)),
            max(_within(top, height) + 1, _within(bottom, height)),
        )
        pen.rectangle(box, outline=_RING, width=thick + 2)
        pen.rectangle(box, outline=colour, width=thick)
        _tag(pen, str(number), box[:2], colour, font, height)
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=85, method=2)
    return written.getvalue()


def _within(fraction: float, side: int) -> int:
    return min(side - 1, max(0, round(fraction * side)))


def _tag(
    pen: ImageDraw.ImageDraw,
    text: str,
    corner: tuple[int, int],
    colour: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    height: int,
) -> None:
    """The number on a ground of its colour, above the corner where there is room."""
    left, top = corner
    _, _, across, down = pen.textbbox((0, 0), text, font=font)
    room = 4
    tall = round(down) + 2 * room
    top = top - tall if top >= tall else min(top, height - tall)
    pen.rectangle((left, top, left + round(across) + 2 * room, top + tall), fill=colour)
    pen.text((left + room, top + room / 2), text, fill="white", font=font)
