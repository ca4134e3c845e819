"""Words out of characters, and when a text layer is worth reading."""

from __future__ import annotations

import pytest

from backend.media.media import Word
from backend.media.wording import Glyph, is_usable, words_from_glyphs


def glyphs(text: str) -> list[Glyph]:
    """Each character a box of its own; a new line begins left again, lower."""
    placed, column, row = [], 0, 0
    for character in text:
        left, top = 0.1 + column * 0.01, 0.1 + row * 0.03
        ends = character == "\x02"
        placed.append(
            Glyph("-" if ends else character, left, top, left + 0.01, top + 0.02, ends_line=ends)
        )
        column, row = (0, row + 1) if ends or character == "\n" else (column + 1, row)
    return placed


def words(*texts: str) -> list[Word]:
    return [Word(text, 0, 0, 0.1, 0.1, 0) for text in texts]


def test_spaces_part_words_and_line_ends_part_lines() -> None:
    found = words_from_glyphs(glyphs("This Deed\r\nis made"))
    assert [(word.text, word.line) for word in found] == [
        ("This", 0),
        ("Deed", 0),
        ("is", 1),
        ("made", 1),
    ]
    assert found[1].left == pytest.approx(0.15)
    assert found[1].right == pytest.approx(0.19)


def test_hyphens_at_a_lines_end_stay() -> None:
    found = words_from_glyphs(glyphs("confi\x02dential"))
    assert [(word.text, word.line) for word in found] == [("confi-", 0), ("dential", 1)]


def test_a_run_of_chinese_is_one_word() -> None:
    assert [word.text for word in words_from_glyphs(glyphs("甲方: 北京公司"))] == [
        "甲方:",
        "北京公司",
    ]


def test_words_beside_the_page_are_left_out() -> None:
    assert words_from_glyphs([Glyph("x", 1.2, 0.1, 1.3, 0.2)]) == []


def test_an_ordinary_page_is_usable() -> None:
    assert is_usable(words("Page", "3"), has_big_picture=False)
    assert is_usable(words(*["word"] * 8), has_big_picture=True)
    assert is_usable(words("本协议由以下双方签订"), has_big_picture=True)


def test_a_stamp_on_a_scan_is_not() -> None:
    assert not is_usable(words("Page", "3"), has_big_picture=True)


@pytest.mark.parametrize("garbage", ["\ue000\ue001\ue002", "\ufffd\ufffd", "\x01\x03\x05"])
def test_garbage_is_not(garbage: str) -> None:
    assert not is_usable(words(*[garbage] * 50, "word"), has_big_picture=False)


def test_nothing_is_not() -> None:
    assert not is_usable([], has_big_picture=False)
    assert not is_usable(words("...", "--"), has_big_picture=False)
