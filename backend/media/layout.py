"""The order in which a person reads the lines of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_GUTTER = 1.2  # line heights of empty space that part columns
_COLUMN_LINES = 3  # fewer lines beside each other are a row, such as two signatures


@dataclass(frozen=True)
class Box:
    """A piece of a line of text, in any unit, origin top left."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Half way down."""
        return (self.top + self.bottom) / 2


def reading_order(boxes: Sequence[Box]) -> list[list[int]]:
    """Lines, each a list of indices from left to right; column after column."""
    if not boxes:
        return []
    heights = sorted(box.height for box in boxes)
    return _order(boxes, list(range(len(boxes))), heights[len(heights) // 2])


def _order(boxes: Sequence[Box], chosen: list[int], height: float) -> list[list[int]]:
    """Cuts the page across and then down, again and again, until only rows are left."""
    bands = _split(chosen, lambda i: boxes[i].top, lambda i: boxes[i].bottom, gap=0.0)
    blocks = _blocks(boxes, bands, height)
    lines: list[list[int]] = []
    for block in blocks:
        columns = _columns(boxes, block, height)
        if len(columns) > 1:
            for column in columns:
                lines.extend(_order(boxes, column, height))
        else:
            lines.extend(_rows(boxes, block))
    return lines


def _blocks(boxes: Sequence[Box], bands: list[list[int]], height: float) -> list[list[int]]:
    """Neighbouring bands that are split by a common gutter belong together."""
    blocks: list[list[int]] = []
    for band in bands:
        together = [*blocks[-1], *band] if blocks else []
        if (
            blocks
            and len(_gutters(boxes, blocks[-1], height)) > 1
            and len(_gutters(boxes, band, height)) > 1
            and len(_gutters(boxes, together, height)) > 1
        ):
            blocks[-1] = together
        else:
            blocks.append(list(band))
    return blocks


def _columns(boxes: Sequence[Box], block: list[int], height: float) -> list[list[int]]:
    """The block's columns, or the block alone if what stands side by side is a mere row."""
    columns = _gutters(boxes, block, height)
    if len(columns) > 1 and min(len(_rows(boxes, column)) for column in columns) >= _COLUMN_LINES:
        return columns
    return [block]


def _gutters(boxes: Sequence[Box], chosen: list[int], height: float) -> list[list[int]]:
    return _split(chosen, lambda i: boxes[i].left, lambda i: boxes[i].right, gap=_GUTTER * height)


def _split(
    chosen: list[int], low: Callable[[int], float], high: Callable[[int], float], gap: float
) -> list[list[int]]:
    """Groups with empty space of that size between them, in ascending order."""
    groups: list[list[int]] = []
    end = float("-inf")
    for index in sorted(chosen, key=low):
        if not groups or low(index) - end > gap:
            groups.append([])
        groups[-1].append(index)
        end = max(end, high(index))
    return groups


def _rows(boxes: Sequence[Box], chosen: list[int]) -> list[list[int]]:
    """Rows from the top, each from left to right."""
    rows: list[list[int]] = []
    for index in sorted(chosen, key=lambda i: boxes[i].middle):
        box = boxes[index]
        row = rows[-1] if rows else []
        reach = max((boxes[i].height for i in row), default=0.0)
        if row and box.middle - boxes[row[0]].middle < 0.5 * min(reach, box.height):
            row.append(index)
        else:
            rows.append([index])
    return [sorted(row, key=lambda i: boxes[i].left) for row in rows]
