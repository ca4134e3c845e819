"""Routes and the sentence that explains them."""

from __future__ import annotations

import pytest

from backend.errors import NotImplementedYet
from backend.media.media import Media, MediaKind
from backend.prompt.prompt import ReadingMethod, Route
from backend.prompt.router import reason, route
from backend.prompt.windows import Document, Excerpt
from tests.fakes.library import page_text

PICTURE = Media("a" * 64, MediaKind.IMAGE, "image/png", 1, 1)
CONTRACT = Media("b" * 64, MediaKind.DOCUMENT, "application/pdf", 1, 6)


def test_words_alone_never_touch_vision() -> None:
    assert route([], sees_images=True) is Route.TEXT
    assert route([CONTRACT], sees_images=True) is Route.TEXT
    assert route([PICTURE] * 9, sees_images=False) is Route.TEXT


def test_showing_pictures_is_not_built_yet() -> None:
    with pytest.raises(NotImplementedYet):
        route([PICTURE], sees_images=True)


def test_the_reason_says_how_pages_were_read() -> None:
    pages = [page_text("x", n, ReadingMethod.TEXT_LAYER) for n in range(1, 6)]
    mixed = Document("b" * 64, "nda.pdf", (*pages, page_text("y", 6)))
    part, whole = Excerpt("", (), 0, whole=False), Excerpt("", (), 0, whole=True)

    assert reason([mixed], [whole], sees_images=False) == (
        "Read 5 pages by text layer and 1 page by OCR; this model reads words, not pictures."
    )
    assert "passages that fit the question best" in reason([mixed], [part], sees_images=True)
    assert reason([], [], sees_images=False) == "Words only: there is no file to read."
