"""Reasoning told from the answer: whatever the pieces, and whoever forgets a mark."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.prompt.reasoning import ReasoningParser


@dataclass
class Heard:
    """What somebody who listens has at the end."""

    content: str = ""
    reasoning: str = ""
    retold: bool = False


def hear(*pieces: str, thinking: bool = True, is_stop: bool = True) -> Heard:
    parser = ReasoningParser(thinking=thinking)
    heard = Heard()
    for said in (*map(parser.push, pieces), parser.flush(is_stop=is_stop)):
        heard.content += said.text
        heard.reasoning += said.reasoning
        heard.retold |= said.is_retold
    return heard


@pytest.mark.parametrize(
    ("text", "content", "reasoning"),
    [
        ("<think>a b</think>c", "c", "a b"),
        ("\n<think>\na b</think>\n\nc", "c", "a b"),
        ("a b</think>c", "c", "a b"),  # the template opened it, or nobody did
        ("<think></think>c", "c", ""),
        ("<think>a</think><answer>c</answer>", "c", "a"),
        ("<think>a</think>\n<answer>\nc</answer>\n", "c\n", "a"),
        ("<think>a</think>c </answer>", "c </answer>", "a"),  # it wraps nothing
        ("<think>a < b</think>c < d", "c < d", "a < b"),
        ("<think>a</think>b</think>c", "b</think>c", "a"),
        ("<think>a</think>", "", "a"),
    ],
)
def test_each_goes_where_it_belongs_whatever_the_pieces(
    text: str, content: str, reasoning: str
) -> None:
    for size in (1, 2, 3, 5, 8, len(text)):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        assert hear(*pieces) == Heard(content, reasoning), f"in pieces of {size}"


def test_reasoning_streams_as_it_comes() -> None:
    parser = ReasoningParser(thinking=True)
    assert parser.push("<think>").reasoning == ""
    assert parser.push("so far").reasoning == "so far"
    assert parser.push(" </th").reasoning == " "
    assert parser.is_reasoning
    assert parser.push("ink>yes").text == "yes"
    assert not parser.is_reasoning


def test_what_stops_without_closing_was_the_answer() -> None:
    heard = hear("Par", "is.")
    assert heard == Heard("Paris.", "Paris.", retold=True)
    assert hear("<think>", "Paris.") == heard


def test_what_is_cut_off_without_closing_was_reasoning() -> None:
    assert hear("<think>so", " f</thi", is_stop=False) == Heard("", "so f</thi")


def test_without_thinking_text_is_content() -> None:
    assert hear("a", " < b", "</think>", thinking=False) == Heard("a < b</think>")
    assert hear("\n a", thinking=False) == Heard("\n a")
    assert hear("<thi", thinking=False) == Heard("<thi")
    assert hear("", thinking=False) == Heard()


def test_reasoning_that_nobody_asked_for_is_still_told_apart() -> None:
    assert hear("<th", "ink>a</think>b", thinking=False) == Heard("b", "a")


@given(st.text("<>/think ab\n", max_size=40), st.integers(1, 7), st.booleans(), st.booleans())
def test_nothing_is_lost_and_nothing_said_twice(
    text: str, size: int, thinking: bool, is_stop: bool
) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    heard = hear(*pieces, thinking=thinking, is_stop=is_stop)
    assert heard == hear(text, thinking=thinking, is_stop=is_stop), "pieces do not matter"
    whole = heard.content if heard.retold else heard.reasoning + heard.content
    left = text
    for mark in ("<think>", "</think>"):
        left = left.replace(mark, "")
    said = whole.replace("<think>", "").replace("</think>", "")
    assert "".join(said.split()) == "".join(left.split())
