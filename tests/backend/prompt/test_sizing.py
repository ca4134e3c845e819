"""How closely pictures are seen, and what gives way when they are many."""

from __future__ import annotations

import pytest

from backend.errors import InvalidMedia
from backend.prompt.material import View
from backend.prompt.prompt import Detail
from backend.prompt.sizing import AUTO, LOW, Sizing, least, sized
from tests.fakes import glm

SIGHT = glm.sight()
PAGE = (1654, 2339)  # A4 at 200 dpi


def views(*details: Detail, size: tuple[int, int] = PAGE) -> list[View]:
    return [View("a" * 64, number, *size, detail) for number, detail in enumerate(details, 1)]


def tokens(found: Sizing | None) -> list[int]:
    assert found is not None
    return [size.tokens for size in found.sizes]


def test_detail_decides_where_there_is_room() -> None:
    low, auto, high = tokens(sized(views(Detail.LOW, Detail.AUTO, Detail.HIGH), SIGHT, room=10_000))

    assert 200 < low <= LOW
    assert 1_200 < auto <= AUTO
    assert high == SIGHT.size(*PAGE).tokens == 59 * 84


def test_a_small_picture_is_not_enlarged() -> None:
    small = views(Detail.HIGH, size=(280, 140))
    assert tokens(sized(small, SIGHT, room=10_000)) == [50]


def test_automatic_detail_gives_way_evenly_and_leaves_some_room() -> None:
    found = sized(views(*[Detail.AUTO] * 6), SIGHT, room=6_000, spare=1_500)

    assert found is not None
    assert len(set(tokens(found))) == 1
    assert LOW < tokens(found)[0] < AUTO
    assert 4_000 < found.tokens <= 4_500
    assert found.lowered == {Detail.AUTO}


def test_spare_room_is_given_up_before_a_request_is() -> None:
    found = sized(views(*[Detail.AUTO] * 6), SIGHT, room=1_600, spare=400)
    assert found is not None
    assert 1_200 < found.tokens <= 1_600


def test_high_detail_gives_way_last() -> None:
    found = sized(views(Detail.AUTO, Detail.HIGH), SIGHT, room=4_000)

    auto, high = tokens(found)
    assert auto <= LOW
    assert 3_000 < high <= 4_000 - auto
    assert found is not None
    assert found.lowered == {Detail.AUTO, Detail.HIGH}


def test_what_cannot_fit_has_no_size() -> None:
    many = views(*[Detail.AUTO] * 40)
    lowest = least(many, SIGHT)

    assert sized(many, SIGHT, room=lowest - 1) is None
    assert sized(many, SIGHT, room=lowest) is not None


def test_a_picture_that_is_all_length_is_refused() -> None:
    with pytest.raises(InvalidMedia):
        sized(views(Detail.AUTO, size=(1, 40_000)), SIGHT, room=8_000)
