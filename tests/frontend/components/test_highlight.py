"""A value's words on the page's picture."""

from __future__ import annotations

import io

from PIL import Image

from frontend.components.highlight import highlighted
from frontend.workflows.paper import Box


def page() -> bytes:
    """White, with ink in the middle."""
    drawn = Image.new("RGB", (200, 300), "white")
    drawn.paste("black", (95, 145, 105, 155))
    written = io.BytesIO()
    drawn.save(written, "PNG")
    return written.getvalue()


def test_the_words_are_marked_and_stay_readable() -> None:
    marked = Image.open(io.BytesIO(highlighted(page(), [Box(1, 0.25, 0.4, 0.75, 0.6)])))
    assert (marked.format, marked.size) == ("WEBP", (200, 300))
    colours = marked.convert("RGB")
    paper, ink, outside = (colours.getpixel(place) for place in ((60, 130), (100, 150), (10, 10)))
    assert isinstance(paper, tuple)
    assert isinstance(ink, tuple)
    assert isinstance(outside, tuple)
    assert paper[2] < 160 < paper[0]  # yellow
    assert max(ink) < 60
    assert min(outside) > 245


def test_a_box_at_the_edge_does_not_break_the_page() -> None:
    marked = Image.open(io.BytesIO(highlighted(page(), [Box(1, 0.0, 0.0, 1.0, 1.0)])))
    assert marked.size == (200, 300)


def test_a_page_without_boxes_is_as_it_was() -> None:
    assert highlighted(page(), []) == page()
