"""The detokenizer: whole characters, whatever the tokens, and no trace of a stop string."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.prompt.detokenizer import Detokenizer
from backend.prompt.tokenizer import Tokenizer
from tests.fakes.tokenizer import description

TOKENIZER = Tokenizer(description())  # one token a byte: the worst split there is


class Chunks(Tokenizer):
    """Tokens that are the given pieces of bytes."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def token_bytes(self, token: int) -> bytes:
        return self.pieces[token]


def deltas(detokenizer: Detokenizer, ids: list[int]) -> list[str]:
    return [*(detokenizer.push(token) for token in ids), detokenizer.flush()]


@given(st.text())
def test_the_deltas_together_are_the_text(text: str) -> None:
    assert "".join(deltas(Detokenizer(TOKENIZER), TOKENIZER.encode(text))) == text


def test_every_split_of_chinese_and_emoji() -> None:
    data = "合同👍".encode()
    for count in (1, 2, 3):
        for cuts in itertools.combinations(range(1, len(data)), count):
            places = [0, *cuts, len(data)]
            pieces = [data[a:b] for a, b in itertools.pairwise(places)]
            shown = deltas(Detokenizer(Chunks(pieces)), list(range(len(pieces))))
            assert "".join(shown) == "合同👍"
            assert not any("�" in delta for delta in shown)


def test_half_a_character_at_the_end_becomes_the_replacement_sign() -> None:
    assert deltas(Detokenizer(Chunks(["同".encode()[:2]])), [0]) == ["", "�"]


def test_control_tokens_are_not_shown() -> None:
    assert "".join(deltas(Detokenizer(TOKENIZER), [*TOKENIZER.encode("a"), 0, 3])) == "a"


@pytest.mark.parametrize("stop", ["END", "\n\n", "同", "E"])
def test_a_stop_string_ends_the_text_before_it(stop: str) -> None:
    detokenizer = Detokenizer(TOKENIZER, (stop,))
    text = "".join(deltas(detokenizer, TOKENIZER.encode(f"one{stop}two")))
    assert text == "one"
    assert detokenizer.is_stopped


def test_text_that_might_begin_a_stop_string_waits() -> None:
    detokenizer = Detokenizer(TOKENIZER, ("END",))
    shown = [detokenizer.push(token) for token in TOKENIZER.encode("xENx")]
    assert shown == ["x", "", "", "ENx"]


def test_the_first_stop_string_counts_even_if_a_longer_one_begins_before_it() -> None:
    detokenizer = Detokenizer(TOKENIZER, ("abcd", "c"))
    assert "".join(deltas(detokenizer, TOKENIZER.encode("xabcx"))) == "xab"


@given(st.text("ab\n", max_size=20), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3))
def test_streaming_cuts_where_the_whole_text_would(text: str, stops: list[str]) -> None:
    detokenizer = Detokenizer(TOKENIZER, tuple(stops))
    shown = ""
    for token in TOKENIZER.encode(text):
        shown += detokenizer.push(token)
        if detokenizer.is_stopped:
            break
    else:
        shown += detokenizer.flush()
    assert not any(stop in shown for stop in stops)
    assert text.startswith(shown)
    assert (shown == text) == (not any(stop in text for stop in stops))
