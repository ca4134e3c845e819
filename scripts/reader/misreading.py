"""Pages as text recognition reads them from a poor scan: look-alikes, lost spaces, torn lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

# What is taken for what, in both languages. Of several, one by chance.
_CONFUSED = {
    "l": "1I",
    "1": "lI",
    "I": "l1",
    "O": "0",
    "0": "O",
    "o": "c0",
    "m": "rn",
    "e": "c",
    "S": "s5",
    "B": "8",
    "t": "f",
    "i": "1l",
    "h": "b",
    "5": "S",
    "8": "B",
    "C": "c",
    "V": "v",
    "W": "w",
    ",": ".",
    ".": ",",
    ";": ":",
    "“": "\"'",
    "”": "\"'",
    "’": "'`",
    "未": "末",
    "已": "己",
    "日": "曰",
    "入": "人",
    "土": "士",
    "〇": "0O",
    "千": "干",
    "贷": "货",
    "末": "未",
    "间": "问",
    "侯": "候",
    "帐": "账",
}
_PAIRS = {"m": "rn"}  # read as both letters, not as one of them
_HALF = str.maketrans("，。：；（）％“”", ',.:;()%""')
_FOLDED = str.maketrans(
    {
        "l": "1", "i": "1", "o": "0", "c": "0", "e": "0", "s": "5", "b": "8", "h": "8", "f": "t",
        "末": "未", "己": "已", "曰": "日", "人": "入", "士": "土", "〇": "0", "干": "千",
        "货": "贷", "问": "间", "候": "侯", "账": "帐",
    }
)  # fmt: skip
_SILENT = re.compile(r"[\W_]+")


def likeness(text: str) -> str:
    """A text without spaces and marks, look-alikes made alike, so that a misread value is found."""
    return _SILENT.sub("", text).lower().replace("rn", "m").translate(_FOLDED)


def misread(chance: Random, pages: Sequence[str]) -> list[str]:
    """The pages of one scan, some scans worse than others."""
    wrong = chance.choice((0.001, 0.002, 0.004, 0.008))
    joined = chance.choice((0.0, 0.0, 0.01, 0.03, 0.1, 0.25))
    dropped = chance.choice((0.0, 0.02, 0.1))  # of marks
    torn = chance.choice((0.0, 0.0, 0.03, 0.1))  # lines
    narrow = chance.random() < 0.4  # the marks of Chinese become those of English
    read = []
    for page in pages:
        lines = [
            "".join(_letter(chance, letter, wrong, joined, dropped) for letter in line)
            for line in page.split("\n")
        ]
        text = "\n".join(_torn(chance, lines, torn))
        read.append(text.translate(_HALF) if narrow else text)
    return read


def _letter(chance: Random, letter: str, wrong: float, joined: float, dropped: float) -> str:
    if letter == " ":
        return "" if chance.random() < joined else letter
    if letter in ".,;:'\"“”’，。、；" and chance.random() < dropped * 0.3:
        return ""
    if chance.random() < wrong * 0.15:
        return ""
    if letter in _CONFUSED and chance.random() < wrong:
        return _PAIRS.get(letter) or chance.choice(_CONFUSED[letter])
    return letter


def _torn(chance: Random, lines: Sequence[str], torn: float) -> list[str]:
    """Lines broken at a space, and now and then two of them in the wrong order."""
    found: list[str] = []
    for line in lines:
        if len(line) > 24 and chance.random() < torn:
            space = line.find(" ", chance.randint(8, len(line) - 8))
            cut = space if space > 0 else len(line) // 2
            found += [line[:cut].strip(), line[cut:].strip()]
        else:
            found.append(line)
    for place in range(len(found) - 1):
        if chance.random() < torn * 0.15:
            found[place], found[place + 1] = found[place + 1], found[place]
    return found
