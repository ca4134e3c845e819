"""The detokenizer: whole characters, whatever the tokens."""

from __future__ import annotations

import itertools

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


def test_marks_are_the_control_tokens_that_have_a_text() -> None:
    detokenizer = Detokenizer(TOKENIZER, {0: "<|end|>"})
    assert deltas(detokenizer, [*TOKENIZER.encode("a"), 0, 3]) == ["a", "<|end|>", "", ""]
