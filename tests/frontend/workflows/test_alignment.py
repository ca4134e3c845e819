"""Bit-parallel distances equal the textbook's; places are found through their seeds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frontend.workflows.alignment import _distances, nearest

TEXTS = st.text(alphabet="abc", max_size=24)
PASSAGES = st.text(alphabet="abc", min_size=1, max_size=12)


def plain(passage: str, text: str, *, anchored: bool) -> list[int]:
    """The same by the textbook: one column of the table for each letter of the text."""
    column = list(range(len(passage) + 1))
    ends = []
    for place, letter in enumerate(text, start=1):
        before, column = column, [place if anchored else 0]
        for index, own in enumerate(passage, start=1):
            column.append(
                min(before[index - 1] + (own != letter), before[index] + 1, column[-1] + 1)
            )
        ends.append(column[-1])
    return ends


@given(PASSAGES, TEXTS)
def test_distances_within_a_text(passage: str, text: str) -> None:
    assert _distances(passage, text, anchored=False) == plain(passage, text, anchored=False)


@given(PASSAGES, TEXTS)
def test_distances_from_the_start_of_a_text(passage: str, text: str) -> None:
    assert _distances(passage, text, anchored=True) == plain(passage, text, anchored=True)


def test_the_nearest_place_is_found_with_its_ends() -> None:
    text = "somewordsbeforeitlarkspurrobotizsandafter"
    (found,) = nearest("larkspurrobotics", text, 3)
    assert text[found.start : found.end] == "larkspurrobotizs"
    assert found.distance == 1


def test_a_missing_and_a_superfluous_letter_are_one_edit_each() -> None:
    assert [one.distance for one in nearest("governinglaw", "xxgoverninlawxx", 2)] == [1]
    assert [one.distance for one in nearest("governinglaw", "xxgoveerninglawxx", 2)] == [1]


def test_several_places_come_nearest_first_and_do_not_overlap() -> None:
    text = "thequickbrownfax" + "z" * 40 + "thequickbrownfox"
    first, second = nearest("thequickbrownfox", text, 3)
    assert (first.distance, second.distance) == (0, 1)
    assert first.start > second.end


def test_what_is_too_far_is_not_found() -> None:
    assert nearest("larkspurrobotics", "tamarindfoodslimited", 3) == []
    assert nearest("", "text", 1) == []
    assert nearest("passage", "", 1) == []
