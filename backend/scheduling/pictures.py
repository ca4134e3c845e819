"""Which pictures are encoded with a step: those that it needs, and some that come soon."""

from __future__ import annotations

from collections.abc import Iterable

from backend.prompt.picture import Picture
from backend.scheduling.sequence import Sequence


def wanted_pictures(
    needed: Iterable[tuple[Sequence, int]], ahead: Iterable[Sequence], budget: int
) -> tuple[Picture, ...]:
    """The pictures that sequences need up to a place each, and have not got.

    If there are any, they are encoded together with the next pictures of the sequences `ahead`,
    in order, as long as the tokens of all stay within the budget. What is known costs nothing.
    """
    pictures: dict[bytes, Picture] = {}
    for sequence, end in needed:
        for span in sequence.images[sequence.encoded :]:
            if span.start >= end:
                break
            _add(pictures, span.picture)
    if not pictures:
        return ()
    left = budget - sum(map(_cost, pictures.values()))
    for sequence in ahead:
        for span in sequence.images[sequence.encoded :]:
            if span.picture.key in pictures:
                continue
            left -= _cost(span.picture)
            if left < 0:
                return tuple(pictures.values())
            _add(pictures, span.picture)
    return tuple(pictures.values())


def note_encoded(sequences: Iterable[Sequence], pictures: Iterable[Picture]) -> None:
    """Writes down how many leading pictures of each sequence are done."""
    keys = {picture.key for picture in pictures}
    for sequence in sequences:
        images = sequence.images
        while sequence.encoded < len(images) and images[sequence.encoded].picture.key in keys:
            sequence.encoded += 1


def _add(pictures: dict[bytes, Picture], picture: Picture) -> None:
    """Of two with one key, the one that can be encoded."""
    known = pictures.get(picture.key)
    if known is None or known.pixels is None:
        pictures[picture.key] = picture


def _cost(picture: Picture) -> int:
    return 0 if picture.pixels is None else picture.tokens
