"""At what size pictures are seen: as closely as was asked for, and as the context has room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.errors import InvalidMedia
from backend.prompt.material import View
from backend.prompt.prompt import Detail
from backend.prompt.sight import Sight, Size

LOW = 256  # tokens of a picture at low detail; a page's headings and large print are legible
AUTO = 1_300  # at most at automatic detail: a page at about 100 dpi, whose small print is legible
PAGE_DPI = 200  # full resolution of a document's page: 5,000 tokens of an A4 page


@dataclass(frozen=True)
class Caps:
    """The most tokens that a picture of each detail gets."""

    low: int
    auto: int
    high: int

    def of(self, detail: Detail) -> int:
        """For one picture."""
        return {Detail.LOW: self.low, Detail.AUTO: self.auto, Detail.HIGH: self.high}[detail]


@dataclass(frozen=True)
class Sizing:
    """The sizes of some pictures, in their order, and the bounds that made them."""

    sizes: tuple[Size, ...]
    caps: Caps
    lowered: frozenset[Detail] = frozenset()  # those that had to give way to the context

    @property
    def tokens(self) -> int:
        """Of all pictures."""
        return sum(size.tokens for size in self.sizes)


def sized(views: Sequence[View], sight: Sight, room: int, *, spare: int = 0) -> Sizing | None:
    """The sizes at which pictures fit into `room` tokens; None if they fit at no size.

    Pictures of automatic detail give way first, all alike, and leave `spare` tokens free if they
    can; those of high detail give way next, down to the most that automatic detail has.
    """
    most = sight.max_pixels // (sight.side * sight.side * sight.temporal)
    high = max(AUTO, most)

    def at(auto: int, high: int) -> Sizing:
        return _at(views, sight, Caps(LOW, auto, high))

    def auto_within(goal: int) -> int | None:
        return _largest(LOW, AUTO, lambda cap: at(cap, high).tokens <= goal)

    auto = auto_within(room - spare) or auto_within(room)
    if auto is not None:
        return _with_reasons(at(auto, high), high)
    cap = _largest(AUTO, high, lambda cap: at(LOW, cap).tokens <= room)
    return None if cap is None else _with_reasons(at(LOW, cap), high)


def lowest(views: Sequence[View], sight: Sight) -> Sizing:
    """The sizes below which no picture goes."""
    return _with_reasons(_at(views, sight, Caps(LOW, LOW, AUTO)), AUTO)


def least(views: Sequence[View], sight: Sight) -> int:
    """The fewest tokens that pictures can be seen with."""
    return lowest(views, sight).tokens


def _at(views: Sequence[View], sight: Sight, caps: Caps) -> Sizing:
    return Sizing(tuple(_size(view, sight, caps.of(view.detail)) for view in views), caps)


def _size(view: View, sight: Sight, most: int) -> Size:
    try:
        return sight.size(view.width, view.height, most)
    except ValueError:  # rounding can bring a picture over the bound that it kept when it came in
        raise InvalidMedia(
            f"Page {view.page} is too long for its width to be seen.", code="image_aspect_ratio"
        ) from None


def _with_reasons(sizing: Sizing, high: int) -> Sizing:
    caps = sizing.caps
    lowered = {Detail.AUTO} if caps.auto < AUTO else set()
    if caps.high < high:
        lowered.add(Detail.HIGH)
    return Sizing(sizing.sizes, caps, frozenset(lowered))


def _largest(low: int, high: int, fits: Callable[[int], bool]) -> int | None:
    """The largest number from `low` to `high` that fits, by halving; None if none does."""
    if not fits(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low
