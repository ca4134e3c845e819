"""Prompts measured without their model's tokenizer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.prompt.prompt import Role, Tool
from backend.prompt.template import ChatMessage, Mark
from backend.prompt.tokenizer import Tokenizer
from backend.remote.estimate import PICTURE, Estimate, Layout, sight
from scripts.lib import papers
from scripts.lib.system import models_folder

pytestmark = pytest.mark.recipes


@given(st.text())
def test_every_piece_is_counted_and_none_is_taken_for_a_mark(text: str) -> None:
    ids = Estimate().encode(text)
    assert len(ids) == Estimate().count(text) <= max(len(text), 1) if text else not ids
    assert all(256 <= token < 1 << 62 for token in ids)


@given(st.text(st.characters(codec="utf-8")))
def test_the_same_ids_are_the_same_text(text: str) -> None:
    pieces = [token.to_bytes(8).lstrip(b"\0")[1:] for token in Estimate().encode(text)]
    assert b"".join(pieces).decode() == text


@pytest.mark.model
def test_an_agreement_is_estimated_a_little_too_long() -> None:
    folders = sorted((models_folder() / "embedded").glob("*/tokenizer.json"))
    if not folders:
        pytest.skip("no embedded model: run scripts/fetch_models")
    real = Tokenizer.from_folder(folders[0].parent).count(papers.AGREEMENT)
    assert real <= Estimate().count(papers.AGREEMENT) <= 1.5 * real


def test_a_picture_is_one_id_and_turns_are_told_apart() -> None:
    layout = Layout(Estimate())
    shown = layout.render(
        [ChatMessage(Role.USER, ("See ", Mark.PICTURE, "Which?"))], thinking=False
    )
    assert shown.count(PICTURE) == 1
    one = layout.render([ChatMessage(Role.USER, "a")], thinking=False)
    assert one != layout.render([ChatMessage(Role.ASSISTANT, "a")], thinking=False)
    assert one != layout.render([ChatMessage(Role.USER, "a")], thinking=True)
    assert one != layout.render([ChatMessage(Role.USER, "a")], thinking=False, tools=[Tool("f")])


def test_a_page_is_seen_at_a_size_worth_sending() -> None:
    size = sight("").size(1654, 2339)  # A4 at 200 dpi
    assert 4_000 < size.tokens <= 5_000
    assert sight("").size(1654, 2339, 1_300).tokens <= 1_300
