"""Where the tokens of a prompt stand in time, height and width (multimodal rotary positions)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from backend.prompt.picture import ImageSpan


@dataclass(frozen=True)
class _Stretch:
    """The tokens from `start` on: text in one line, or a picture with that many columns."""

    start: int  # place in the prompt
    position: int  # of its first token, on all three axes
    columns: int | None = None


class Positions:
    """The positions of a sequence's tokens, answer included.

    Text advances on all axes together. The tokens of a picture share one time and run over rows
    and columns; what follows continues after the largest position so far (Qwen2-VL's M-RoPE, as
    GLM-4.xV has it).
    """

    def __init__(self, images: Sequence[ImageSpan] = ()) -> None:
        stretches = [_Stretch(0, 0)]
        for span in images:
            last = stretches[-1]
            here = last.position + span.start - last.start
            picture = span.picture
            stretches += [
                _Stretch(span.start, here, picture.columns),
                _Stretch(span.end, here + max(picture.rows, picture.columns)),
            ]
        self._stretches = stretches
        self._starts = [stretch.start for stretch in stretches]

    def rows(self, start: int, end: int) -> tuple[list[int], list[int], list[int]]:
        """Time, height and width of the tokens at places [start, end)."""
        times: list[int] = []
        heights: list[int] = []
        widths: list[int] = []
        number = bisect_right(self._starts, start) - 1
        while start < end:
            stretch = self._stretches[number]
            is_last = number + 1 == len(self._stretches)
            until = end if is_last else min(end, self._starts[number + 1])
            first, base = start - stretch.start, stretch.position
            count = until - start
            if stretch.columns is None:
                line = range(base + first, base + first + count)
                times += line
                heights += line
                widths += line
            else:
                places = range(first, first + count)
                times += [base] * count
                heights += [base + place // stretch.columns for place in places]
                widths += [base + place % stretch.columns for place in places]
            start, number = until, number + 1
        return times, heights, widths
