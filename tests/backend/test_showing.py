"""Pictures are held until the engine has them, and drawn side by side but not all at once."""

from __future__ import annotations

import asyncio

import pytest

from backend.errors import InvalidMedia
from backend.prompt.events import PageRead
from backend.prompt.picture import ImageSpan, Picture
from backend.showing import AT_ONCE, Hold, draw
from tests.fakes.engine import FakeEngine
from tests.fakes.library import FakeLibrary


def spans(library: FakeLibrary, number: int) -> list[ImageSpan]:
    found = []
    for place in range(number):
        media = library.add(f"photo {place}".encode())
        key = place.to_bytes(32)
        found.append(ImageSpan(place * 10, Picture(key, "local", media.sha256, 1, 2, 3)))
    return found


def test_what_is_not_handed_over_is_let_go() -> None:
    library, engine = FakeLibrary(), FakeEngine()
    images = spans(library, 2)

    with Hold(engine, images):
        assert len(engine.holds) == 2
    assert not engine.holds
    with pytest.raises(KeyError), Hold(engine, images):
        raise KeyError
    assert not engine.holds
    with Hold(engine, images) as hold:
        hold.hand_over()
    assert len(engine.holds) == 2


async def test_unknown_pictures_get_their_pixels_a_few_at_a_time() -> None:
    library = FakeLibrary()
    images = spans(library, 2 * AT_ONCE)
    media = {sha256: file for sha256, (file, _) in library.files.items()}
    known = frozenset({images[0].picture.key})
    told: list[PageRead] = []
    library.open.clear()

    drawing = asyncio.create_task(draw(library, "local", media, images, known, 28, told.append))
    await asyncio.sleep(0.01)
    at_once, told_first = library.drawing, list(told)
    library.open.set()
    await drawing

    assert at_once == AT_ONCE
    assert [page.cached for page in told_first] == [True]
    assert len(told) == 2 * AT_ONCE
    assert images[0].picture.pixels is None
    sizes = {
        (span.picture.pixels.width, span.picture.pixels.height)
        for span in images
        if span.picture.pixels is not None
    }
    assert sizes == {(84, 56)}


async def test_a_picture_that_cannot_be_drawn_ends_the_others() -> None:
    library = FakeLibrary()
    images = spans(library, 3)
    media = {sha256: file for sha256, (file, _) in library.files.items()}
    library.fails_with = InvalidMedia("The picture is damaged.")

    with pytest.raises(InvalidMedia):
        await draw(library, "local", media, images, frozenset(), 28, lambda _: None)
    await asyncio.sleep(0)
    assert library.drawing == 0
