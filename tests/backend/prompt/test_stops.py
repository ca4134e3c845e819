"""Stop strings: found in any pieces, and no trace of them is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.prompt.stops import Stops


@pytest.mark.parametrize("stop", ["END", "\n\n", "同", "E"])
def test_a_stop_string_ends_the_text_before_it(stop: str) -> None:
    stops = Stops([stop])
    text = "".join(map(stops.push, f"one{stop}two")) + stops.flush()
    assert text == "one"
    assert stops.is_met


def test_text_that_might_begin_a_stop_string_waits() -> None:
    stops = Stops(["END"])
    assert [stops.push(character) for character in "xENx"] == ["x", "", "", "ENx"]


def test_the_first_stop_string_counts_even_if_a_longer_one_begins_before_it() -> None:
    stops = Stops(["abcd", "c"])
    assert "".join(map(stops.push, "xabcx")) == "xab"


@given(st.text("ab\n", max_size=20), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3))
def test_streaming_cuts_where_the_whole_text_would(text: str, stops: list[str]) -> None:
    stream = Stops(stops)
    shown = ""
    for character in text:
        shown += stream.push(character)
        if stream.is_met:
            break
    else:
        shown += stream.flush()
    assert not any(stop in shown for stop in stops)
    assert text.startswith(shown)
    assert (shown == text) == (not any(stop in text for stop in stops))
