"""Dates and lengths of time found in an English text, in normal form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from scripts.reader.values import MONTHS, words


@dataclass(frozen=True)
class Found:
    """A value found in a text."""

    start: int
    end: int
    normal: str
    style: str = ""


_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS[1:])
_YEAR = r"(?:19|20)\s?\d\s?\d"
_DATES = (
    (
        re.compile(
            rf"\b({_MONTH})\.?\s+(\d{{1,2}})\s*(st|nd|rd|th)?(?:\s*,\s*|\s+)({_YEAR})\b", re.I
        ),
        "month day year",
    ),
    (
        re.compile(
            rf"\b(\d{{1,2}})\s*(st|nd|rd|th)?\s+(?:day\s+of\s+)?({_MONTH})\.?\s*,?\s+({_YEAR})\b",
            re.I,
        ),
        "day month year",
    ),
    (re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-]((?:19|20)\d\d|\d\d)\b"), "m/d/y"),
    (re.compile(r"\b((?:19|20)\d\d)-(\d\d)-(\d\d)\b"), "y-m-d"),
)


def find_dates(text: str) -> Iterator[Found]:
    """English dates in a text, in normal form."""
    for pattern, style in _DATES:
        for match in pattern.finditer(text):
            parts = [part or "" for part in match.groups()]
            if style == "month day year":
                year, month, day = parts[3], parts[0], parts[1]
            elif style == "day month year":
                year, month, day = parts[3], parts[2], parts[0]
            elif style == "m/d/y":
                month, day, year = parts
            else:
                year, month, day = parts
            years = int(re.sub(r"\s", "", year))
            years += 0 if years > 99 else 1900 if years > 50 else 2000
            months = (
                int(month)
                if month.isdigit()
                else [name[:3].lower() for name in MONTHS].index(month[:3].lower())
            )
            try:
                found = date(years, months, int(day))
            except ValueError:
                continue
            yield Found(match.start(), match.end(), found.isoformat(), style)


_NUMBER = "|".join(
    sorted(
        {words(number).replace("-", r"[-\s]") for number in range(1, 100)}, key=len, reverse=True
    )
)
_DURATION = re.compile(
    rf"\b(?:(?P<word>{_NUMBER})\s*(?:\(\s*(?P<both>\d{{1,3}})\s*\))?|(?P<digits>\d{{1,3}}))"
    r"[\s-]+(?P<unit>year|month|week|day)s?\b",
    re.I,
)
_BY_WORD = {words(number).replace("-", " "): number for number in range(1, 100)}


def find_durations(text: str) -> Iterator[Found]:
    """English lengths of time in a text, in normal form."""
    for match in _DURATION.finditer(text):
        digits = match["both"] or match["digits"]
        spelt = re.sub(r"[-\s]+", " ", match["word"] or "").lower()
        number = int(digits) if digits else _BY_WORD[spelt]
        unit = match["unit"].lower()
        yield Found(
            match.start(), match.end(), f"{number} {unit}{'' if number == 1 else 's'}", unit
        )
