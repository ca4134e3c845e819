"""Words out of placed characters, and whether they are worth reading."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.media.media import Word

_ENOUGH_WORDS = 8  # on a page that is mostly a picture, fewer are a stamp or a page number
_MOST_GARBAGE = 0.2  # of all characters
_GARBAGE = ("Cc", "Co", "Cn", "Cs")  # control, private use, unassigned, lone surrogates


@dataclass(frozen=True)
class Glyph:
    """A character and its box, as fractions of the page, origin top left."""

    character: str
    left: float
    top: float
    right: float
    bottom: float
    ends_line: bool = False  # a hyphen that breaks a word


def words_from_glyphs(glyphs: Iterable[Glyph]) -> list[Word]:
    """Words as they stand between spaces, line by line. A run of Chinese is one word."""
    words: list[Word] = []
    current: list[Glyph] = []
    line = 0

    def finish(*, line_ends: bool) -> None:
        nonlocal line
        if current:
            words.append(_word(current, line))
            current.clear()
        if line_ends and words and words[-1].line == line:
            line += 1

    for glyph in glyphs:
        if glyph.character in "\r\n":
            finish(line_ends=True)
        elif glyph.character.isspace() or glyph.character in "\0\u200b\ufeff":
            finish(line_ends=False)
        else:
            if current and _jumps(current[-1], glyph):
                finish(line_ends=not _share_rows(current[-1], glyph))
            current.append(glyph)
            if glyph.ends_line:
                finish(line_ends=True)
    finish(line_ends=True)
    return [word for word in words if word.right > 0 and word.left < 1]


def is_usable(words: Sequence[Word], *, has_big_picture: bool) -> bool:
    """Whether a text layer can stand for its page."""
    characters = "".join(word.text for word in words)
    if not characters:
        return False
    if sum(map(_is_garbage, characters)) > _MOST_GARBAGE * len(characters):
        return False
    real = sum(1 for word in words if any(map(str.isalnum, word.text)))
    ideographs = sum(1 for character in characters if is_ideograph(character))
    enough = _ENOUGH_WORDS if has_big_picture else 1
    return max(real, ideographs) >= enough


def is_ideograph(character: str) -> bool:
    """Whether the character is written without spaces around: Chinese, Japanese kana."""
    return (
        "\u3040" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or ("\uf900" <= character <= "\ufaff" or "\U00020000" <= character <= "\U000323af")
    )


def _word(glyphs: Sequence[Glyph], line: int) -> Word:
    return Word(
        "".join(glyph.character for glyph in glyphs),
        _clip(min(glyph.left for glyph in glyphs)),
        _clip(min(glyph.top for glyph in glyphs)),
        _clip(max(glyph.right for glyph in glyphs)),
        _clip(max(glyph.bottom for glyph in glyphs)),
        line,
    )


def _jumps(before: Glyph, after: Glyph) -> bool:
    """Whether two neighbours in the text stand apart on the page in both directions."""
    size = max(before.bottom - before.top, before.right - before.left, 0.005)
    return not (
        _overlap(before.left, before.right, after.left, after.right, size)
        or _overlap(before.top, before.bottom, after.top, after.bottom, 0)
    )


def _share_rows(before: Glyph, after: Glyph) -> bool:
    return _overlap(before.top, before.bottom, after.top, after.bottom, 0)


def _overlap(low: float, high: float, other_low: float, other_high: float, slack: float) -> bool:
    return other_low <= high + slack and low <= other_high + slack


def _clip(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))


def _is_garbage(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character) in _GARBAGE
