"""One token for a picture becomes as many as it has pieces, at one place and in order."""

from __future__ import annotations

import pytest

from backend.prompt.expansion import MisplacedPictures, expand
from backend.prompt.picture import Picture


def picture(rows: int, columns: int) -> Picture:
    return Picture(bytes(32), "me", "a" * 64, 1, rows, columns)


def test_every_picture_gets_its_tokens_where_it_stands() -> None:
    small, large = picture(1, 2), picture(2, 3)

    ids, spans = expand([1, 9, 2, 9, 3], 9, [small, large])

    assert ids == [1, 9, 9, 2, 9, 9, 9, 9, 9, 9, 3]
    assert [(span.start, span.end, span.picture) for span in spans] == [
        (1, 3, small),
        (4, 10, large),
    ]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_another_number_of_pictures_is_a_fault(number: int) -> None:
    with pytest.raises(MisplacedPictures):
        expand([1, 9, 2, 9], 9, [picture(1, 1)] * number)
