"""Numbers written in words: English, Chinese, and the capital Chinese of banks.

Each reader takes a whole text and answers None for anything that is not one number.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_UNITS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13,
    "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18,
    "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip

_WORDS: Final = [*_UNITS, *_TENS, *_SCALES, "hundred"]
ENGLISH: Final = r"(?:(?:{0})(?:(?:[\s-]{{1,3}}and)?[\s-]{{1,3}}(?:{0})){{0,15}})".format(
    "|".join(sorted(_WORDS, key=len, reverse=True))
)  # a pattern of what `english` may be able to read
ORDINAL: Final = r"(?:(?:twenty|thirty)[\s-]+)?(?:{})".format(
    "|".join(sorted(_ORDINALS, key=len, reverse=True))
)

_DIGIT_SIGNS: Final = (
    "零〇○Oo0０", "一壹弌1１", "二贰贰貳两兩2２", "三叁參3３", "四肆4４", "五伍5５", "六陆陸6６",
    "七柒7７", "八捌8８", "九玖9９",
)  # fmt: skip
_DIGITS: Final = {sign: value for value, signs in enumerate(_DIGIT_SIGNS) for sign in signs}
_POWERS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS: Final = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
CHINESE: Final = "[零〇○一壹二贰貳两兩三叁參四肆五伍六陆陸七柒八捌九玖十拾百佰千仟万萬亿億]{1,24}"


def english(text: str) -> int | None:
    """`one hundred and twenty-five thousand` → 125000; None if it is no such number."""
    words = [word for word in re.split(r"[\s-]+", text.strip().lower()) if word and word != "and"]
    if not words:
        return None
    total = group = 0
    last = 10**12  # the size of the word before; within a group sizes must fall
    for word in words:
        if word in _UNITS:
            if last < 20:
                return None
            group, last = group + _UNITS[word], 1
        elif word in _TENS:
            if last < 100:
                return None
            group, last = group + _TENS[word], 20
        elif word == "hundred":
            if not 0 < group < 100:
                return None
            group, last = group * 100, 100
        elif word in _SCALES:
            if group == 0:
                return None
            total, group, last = total + group * _SCALES[word], 0, 10**12
        else:
            return None
    return total + group


def ordinal(text: str) -> int | None:
    """`third` → 3, `twenty-first` → 21, `3rd` → 3."""
    text = text.strip().lower()
    if digits := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", text):
        return int(digits[1])
    words = re.split(r"[\s-]+", text)
    if len(words) == 1:
        return _ORDINALS.get(words[0])
    if len(words) == 2 and words[0] in ("twenty", "thirty"):
        unit = _ORDINALS.get(words[1], 10)
        return _TENS[words[0]] + unit if unit < 10 else None
    return None


def year(text: str) -> int | None:
    """A year of four digits from `2024`, `two thousand and four`, `二〇二四` and the like."""
    text = text.strip()
    if re.fullmatch(r"[12]\d{3}", text):
        return int(text)
    if len(text) == 4 and all(sign in _DIGITS for sign in text):
        value = int("".join(str(_DIGITS[sign]) for sign in text))
        return value if 1000 <= value < 3000 else None
    whole = english(text)
    if whole is not None:
        return whole if 1000 <= whole < 3000 else None
    words = re.split(r"[\s-]+", text.lower())
    if words[0] in ("nineteen", "twenty") and len(words) > 1:
        rest = english(" ".join(words[1:]))
        if rest is not None and 10 <= rest < 100:
            return english(words[0] + " hundred " + " ".join(words[1:]))
    return None


def chinese(text: str) -> Decimal | None:
    """`三十`, `壹佰贰拾万`, `1.5万`, `二〇` as a number; None if it is none."""
    text = text.strip().replace(",", "").replace("，", "")
    if plain := re.fullmatch(r"(\d+(?:\.\d+)?)([万萬亿億]?)", text):
        return Decimal(plain[1]) * _MYRIADS.get(plain[2], 1)
    if not text or not all(sign in _DIGITS or sign in _POWERS or sign in _MYRIADS for sign in text):
        return None
    if all(sign in _DIGITS for sign in text):  # digit by digit, as years and days are written
        return Decimal("".join(str(_DIGITS[sign]) for sign in text))
    total = section = digit = 0
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _POWERS:
            section += (digit or 1) * _POWERS[sign]
            digit = 0
        else:
            if _MYRIADS[sign] > 10**4:  # all before it: 一万亿
                total = (total + section + digit) * _MYRIADS[sign]
            else:
                total += (section + digit) * _MYRIADS[sign]
            section = digit = 0
    return Decimal(total + section + digit)
