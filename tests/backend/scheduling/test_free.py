"""Free blocks: neighbours where there are some, otherwise whatever there is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.scheduling.free import FreeBlocks


def free(total: int, *blocks: int) -> FreeBlocks:
    """A set of just these blocks."""
    numbers = FreeBlocks(total)
    numbers.take(total)
    for block in blocks:
        numbers.put(block)
    return numbers


def test_a_run_is_kept_together() -> None:
    assert free(9, 0, 2, 3, 5, 6, 7).take(3) == [5, 6, 7]
    assert free(9, 0, 2, 3, 5, 6, 7).take(2) == [2, 3]


def test_without_a_run_the_lowest_are_taken() -> None:
    assert free(9, 0, 2, 4, 5).take(3) == [0, 2, 4]


def test_what_follows_a_sequence_is_preferred() -> None:
    assert free(9, 0, 1, 5, 6).take(2, after=4) == [5, 6]
    assert free(9, 0, 1, 5, 6).take(2, after=5) == [0, 1]
    assert free(9, 0, 8).take(1, after=8) == [0]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 12), st.one_of(st.none(), st.integers(0, 11))),
        max_size=30,
    )
)
def test_agrees_with_a_set(moves: list[tuple[bool, int, int | None]]) -> None:
    numbers, model = FreeBlocks(12), set(range(12))
    for takes, number, after in moves:
        if takes and number <= len(model):
            taken = numbers.take(number, after)
            assert taken == sorted(set(taken))
            assert len(taken) == number
            assert set(taken) <= model
            model -= set(taken)
        elif not takes and number < 12 and number not in model:
            numbers.put(number)
            model.add(number)
        assert len(numbers) == len(model)
    assert numbers.take(len(numbers)) == sorted(model)
