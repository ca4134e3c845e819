"""Lines are read as a person reads them."""

from __future__ import annotations

from backend.media.layout import Box, reading_order


def line(left: float, row: int, width: float) -> Box:
    return Box(left, row * 20, left + width, row * 20 + 12)


def test_rows_from_the_top_and_from_the_left() -> None:
    boxes = [line(200, 1, 80), line(0, 0, 400), line(0, 1, 180), line(0, 2, 390)]
    assert reading_order(boxes) == [[1], [2, 0], [3]]


def test_a_column_is_read_to_its_end() -> None:
    left = [line(0, row, 180) for row in range(1, 6)]
    right = [line(220, row, 180) for row in range(1, 6)]
    boxes = [line(0, 0, 400), *left, *right, line(0, 7, 400)]
    flat = [index for row in reading_order(boxes) for index in row]
    assert flat == list(range(12))


def test_two_signatures_side_by_side_are_rows() -> None:
    boxes = [line(0, 0, 100), line(220, 0, 100), line(0, 1, 100), line(220, 1, 100)]
    assert reading_order(boxes) == [[0, 1], [2, 3]]


def test_slightly_slanted_rows_hold_together() -> None:
    boxes = [Box(0, 0, 100, 12), Box(120, 3, 220, 15), Box(0, 20, 100, 32)]
    assert reading_order(boxes) == [[0, 1], [2]]


def test_an_empty_page_has_no_lines() -> None:
    assert reading_order([]) == []
