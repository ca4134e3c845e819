"""Which pictures a step encodes: what it needs always, what comes soon while there is room."""

from __future__ import annotations

from backend.prompt.picture import ImageSpan, Picture, Pixels
from backend.prompt.prompt import Sampling
from backend.scheduling.pictures import note_encoded, wanted_pictures
from backend.scheduling.sequence import Sequence

PIXELS = Pixels(b"", 0, 0)


def sequence(*keys: str, pixels: Pixels | None = PIXELS) -> Sequence:
    """A prompt of pictures of ten tokens each, and nothing between them."""
    images = tuple(
        ImageSpan(10 * place, Picture(key.encode(), "o", "f" * 64, 1, 2, 5, pixels))
        for place, key in enumerate(keys)
    )
    return Sequence("r", "o", 0, (7,) * 10 * len(keys), Sampling(max_tokens=1), images=images)


def wanted(
    needed: list[tuple[Sequence, int]], ahead: list[Sequence], budget: int = 1000
) -> list[str]:
    return [picture.key.decode() for picture in wanted_pictures(needed, ahead, budget)]


def test_what_a_step_touches_is_encoded_whatever_it_costs() -> None:
    one = sequence("a", "b", "c")
    assert wanted([(one, 11)], [], budget=1) == ["a", "b"]
    assert wanted([(one, 10)], [], budget=1) == ["a"]


def test_the_next_ones_come_along_while_there_is_room() -> None:
    one, two = sequence("a", "b", "c"), sequence("d", "e")
    assert wanted([(one, 5)], [one, two], budget=30) == ["a", "b", "c"]
    assert wanted([(one, 5)], [one, two], budget=49) == ["a", "b", "c", "d"]


def test_nothing_is_encoded_while_nothing_is_needed() -> None:
    one = sequence("a", "b")
    one.encoded = 1
    assert wanted([(one, 10)], [one]) == []


def test_the_same_picture_is_encoded_once() -> None:
    one, two = sequence("a", "b"), sequence("b", "a")
    assert wanted([(one, 20), (two, 20)], [one, two]) == ["a", "b"]


def test_of_two_the_one_with_pixels_is_chosen() -> None:
    without, having = sequence("a", pixels=None), sequence("a")
    [picture] = wanted_pictures([(without, 10), (having, 10)], [], 0)
    assert picture.pixels is PIXELS


def test_what_is_known_costs_nothing() -> None:
    one, known = sequence("a"), sequence("b", "c", pixels=None)
    assert wanted([(one, 10)], [known], budget=10) == ["a", "b", "c"]


def test_leading_pictures_are_noted() -> None:
    one, two = sequence("a", "b", "c"), sequence("x", "b")
    note_encoded([one, two], [span.picture for span in one.images[:2]])
    assert (one.encoded, two.encoded) == (2, 0)
