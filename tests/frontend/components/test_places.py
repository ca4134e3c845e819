"""Places drawn on a picture."""

from __future__ import annotations

import io

from PIL import Image

from frontend.components import places


def picture(width: int = 400, height: int = 300) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(written, "WEBP", lossless=True)
    return written.getvalue()


def pixels(image: bytes) -> Image.Image:
    return Image.open(io.BytesIO(image)).convert("RGB")


def is_white(pixel: object) -> bool:
    assert isinstance(pixel, tuple)
    return bool(min(pixel) > 235)


def test_each_place_has_an_outline_and_the_inside_stays() -> None:
    shown = pixels(places.drawn(picture(), [(0.25, 0.5, 0.75, 0.9)]))
    assert shown.size == (400, 300)
    assert not is_white(shown.getpixel((200, 150)))  # upper edge
    assert not is_white(shown.getpixel((100, 220)))  # left edge
    assert is_white(shown.getpixel((200, 220)))
    assert is_white(shown.getpixel((380, 20)))


def test_places_on_the_edge_and_beyond_it_are_drawn_inside() -> None:
    shown = pixels(places.drawn(picture(), [(-0.5, -1.0, 1.7, 2.0), (1.0, 1.0, 1.0, 1.0)]))
    assert not is_white(shown.getpixel((1, 150)))
    assert not is_white(shown.getpixel((398, 150)))


def test_no_place_changes_nothing() -> None:
    shown = pixels(places.drawn(picture(), []))
    assert all(is_white(shown.getpixel(spot)) for spot in ((0, 0), (200, 150), (399, 299)))
