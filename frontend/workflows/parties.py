"""The normal form of a party's name, and the spellings of the same company's kind."""

from __future__ import annotations

import re
from typing import Final

# Every spelling of a company's kind, letters only, with the one that stands for it. `Corporation`
# and `Company` stay as they are, for they are often part of the name.
_SUFFIXES: Final = {
    "inc": "Inc.",
    "incorporated": "Inc.",
    "limited": "Ltd.",
    "llc": "LLC",
    "lp": "LP",
    "llp": "LLP",
    "ltd": "Ltd.",
    "corp": "Corp.",
    "co": "Co.",
    "nv": "N.V.",
    "bv": "B.V.",
    "sa": "S.A.",
    "plc": "PLC",
    "gmbh": "GmbH",
    "ag": "AG",
}
# Spellings that mean the same kind, for finding a name in a text.
_SAME: Final = (
    ("incorporated", "inc"),
    ("corporation", "corp"),
    ("limited", "ltd"),
    ("company", "co"),
    ("limitedpartnership", "lp"),
)


def party(name: str) -> str:
    """The name with commas dropped, `&` as and, its kind's spelling unified, single spaces."""
    plain = re.sub(r"\s*&\s*", " and ", name.replace("，", ","))
    plain = " ".join(re.sub(r"\s*,\s*", " ", plain).split())
    words = plain.split(" ")
    for width in (3, 2, 1):  # `L. L. C.` before `C.`
        if len(words) > width:
            kind = "".join(re.sub(r"[^a-z]", "", word.lower()) for word in words[-width:])
            if kind in _SUFFIXES and all(len(word) <= 2 for word in words[-width:] if width > 1):
                return " ".join([*words[:-width], _SUFFIXES[kind]])
    return plain


def spellings(letters: str) -> list[str]:
    """The letters of a name (see `skeleton`) with other spellings of its kind, then without it."""
    for same in _SAME:
        written = next((one for one in same if letters.endswith(one)), None)
        if written is not None and len(letters) > len(written) + 2:
            stem = letters.removesuffix(written)
            return [*(stem + other for other in same if other != written), stem]
    return []
