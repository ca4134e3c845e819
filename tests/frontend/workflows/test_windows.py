"""Windows: every word of a document in at least one, none larger than the room."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontend.workflows.windows import Window, halves, tokens, windows
from tests.fakes.contracts import AGREEMENT, CHINESE, paper

LINES = st.lists(st.integers(1, 30), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6), st.integers(60, 300))
def test_no_word_is_lost_and_no_window_is_too_large(pages: list[list[int]], room: int) -> None:
    numbered = iter(range(10_000))
    texts = [
        "\n".join(" ".join(f"w{next(numbered)}x" for _ in range(count)) for count in page)
        for page in pages
    ]
    made = windows(paper(*texts), room)
    words = {word for window in made for word in window.text.split()}
    assert {word for text in texts for word in text.split()} <= words
    assert sorted({page for window in made for page in window.pages}) == list(
        range(1, len(pages) + 1)
    )
    longest_line = max(tokens(line) for text in texts for line in text.splitlines())
    assert all(tokens(window.text) <= room + longest_line for window in made)


def test_a_document_that_fits_is_one_window_with_a_heading_for_each_page() -> None:
    (window,) = windows(paper(*AGREEMENT), 4000)
    assert window.pages == (1, 2, 3)
    assert window.text.count("[Page ") == 3
    assert window.text.startswith("[Page 1]\nMUTUAL NON-DISCLOSURE AGREEMENT\n")


def test_a_window_begins_with_the_last_words_of_the_one_before() -> None:
    first, second = windows(paper(*AGREEMENT), 160)[:2]
    overlap = second.text.split("[Page ")[0].strip()
    assert overlap
    assert first.text.replace("\n", " ").endswith(overlap.replace("\n", " "))


def test_halves_keep_every_line_and_tell_their_pages() -> None:
    (window,) = windows(paper(*AGREEMENT), 4000)
    one, other = halves(window)
    assert one.pages == (1, 2)
    assert other.pages == (2, 3)
    lines = {*one.text.splitlines(), *other.text.splitlines()}
    assert set(window.text.splitlines()) == lines
    single = Window((1,), "one line")
    assert halves(single) == [single]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("word " * 100, 100, 180), ("合同有效期为三年" * 10, 70, 90), ("", 1, 1)],
)
def test_tokens_are_about_right(text: str, low: int, high: int) -> None:
    assert low <= tokens(text) <= high


def test_a_document_without_words_is_one_window_without_text() -> None:
    (window,) = windows(paper(""), 100)
    assert window.text == "[Page 1]\n"
    assert tokens("".join(CHINESE)) > 50
