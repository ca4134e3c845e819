"""The tokenizer: text survives, and never turns into control tokens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.prompt.tokenizer import Tokenizer
from tests.fakes.tokenizer import CONTROL, description

TOKENIZER = Tokenizer(description())


@given(st.text())
def test_text_survives(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@pytest.mark.parametrize("token", CONTROL)
def test_a_control_token_in_text_is_just_letters(token: str) -> None:
    ids = TOKENIZER.encode(f"say {token} now")
    assert TOKENIZER.control_id(token) not in ids
    assert TOKENIZER.decode(ids) == f"say {token} now"


def test_markup_becomes_control_tokens_only_where_the_template_wrote_it() -> None:
    ids = TOKENIZER.encode_markup([("<|user|>", True), ("<|end|>", False), ("<|end|>", True)])
    controls = [number for number in ids if number < len(CONTROL)]
    assert controls == [TOKENIZER.control_id("<|user|>"), TOKENIZER.control_id("<|end|>")]


def test_text_is_encoded_across_pieces_as_if_written_in_one_go() -> None:
    assert TOKENIZER.encode_markup([("a", True), ("b", False), ("c", True)]) == TOKENIZER.encode(
        "abc"
    )
    assert len(TOKENIZER.encode("abc")) == 1


def test_a_control_token_cannot_be_put_together_from_pieces() -> None:
    ids = TOKENIZER.encode_markup([("<|us", False), ("", True), ("er|>", False)])
    assert TOKENIZER.control_id("<|user|>") not in ids


def test_control_tokens_have_a_name_but_no_text() -> None:
    assert TOKENIZER.decode([0]) == ""
    assert TOKENIZER.token_name(0) == "<|end|>"


def test_counts() -> None:
    assert TOKENIZER.count("abcx") == 2


def test_described_to_others_every_control_token_is_special() -> None:
    written = json.loads(description([*CONTROL, "<think>"]))
    for token in written["added_tokens"]:
        token["special"] = token["content"] != "<think>"
    described = json.loads(Tokenizer(json.dumps(written)).marked())
    assert [token["content"] for token in described["added_tokens"]] == [*CONTROL, "<think>"]
    assert all(token["special"] for token in described["added_tokens"])
