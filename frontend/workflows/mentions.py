"""Finds the dates, durations and sums that a text mentions, each with its place and normal form.

Nothing is guessed: one that can be read in more than one way (03/04/2021) keeps every reading.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from frontend.workflows import numerals
from frontend.workflows.sums import same_sum, sums


@dataclass(frozen=True)
class Mention:
    """Where a text mentions something (characters from `start` to before `end`), and what."""

    start: int
    end: int
    readings: tuple[str, ...]  # normal forms; more than one where the text is ambiguous

    @property
    def normal(self) -> str | None:
        """The normal form, where there is but one."""
        return self.readings[0] if len(self.readings) == 1 else None


_MONTHS: Final = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}
_MONTH: Final = r"(?P<month>{})\b\.?".format("|".join(sorted(_MONTHS, key=len, reverse=True)))
_DAY: Final = rf"(?P<day>\d{{1,2}}\s?(?:st|nd|rd|th)\b|\d{{1,2}}|{numerals.ORDINAL})"
_YEAR: Final = (
    r"(?P<year>[12]\d{3}\b"
    r"|(?:two[\s-]+thousand|nineteen[\s-]+hundred)(?:[\s-]+(?:and[\s-]+)?[a-z]+(?:-[a-z]+)?)?"
    r"|(?:nineteen|twenty)[\s-]+[a-z]+(?:-[a-z]+)?)"
)
_GAP: Final = r"\s{0,2},?\s{0,2}"
_ENGLISH_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_MONTH}\s{{0,2}}(?:the\s)?{_DAY}(?:{_GAP}|\s*,?\s*in the year\s+){_YEAR}",
        rf"\b{_DAY}\s{{0,2}}(?:day\s+)?(?:of\s+)?{_MONTH}(?:{_GAP}|\s*,?\s*in the year\s+){_YEAR}",
    )
)
_NUMERIC: Final = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2([12]\d{3})(?![A-Za-z\d/-])")
_ISO: Final = re.compile(r"(?<![\d/.-])([12]\d{3})([-/.])(\d{1,2})\2(\d{1,2})(?![A-Za-z\d/-])")
_SIGN: Final = "零〇○Oo一二三四五六七八九十"
_CHINESE_DATE: Final = re.compile(
    rf"([12]\s?\d\s?\d\s?\d|[{_SIGN}]{{4}})\s?年\s?(\d{{1,2}}|[{_SIGN}]{{1,3}})\s?月\s?"
    rf"(\d{{1,2}}|[{_SIGN}]{{1,3}})\s?[日号]"
)


def dates(text: str) -> list[Mention]:
    """Every full date, as ISO 8601, in the order of the text."""
    return _ordered(_dates(text))


def _dates(text: str) -> Iterator[Mention]:
    for pattern in _ENGLISH_DATES:
        for found in pattern.finditer(text):
            day = numerals.ordinal(re.sub(r"(\d)\s(?=[a-z])", r"\1", found["day"].lower()))
            year, end = _year(found["year"], found.end())
            yield from _dated(found.start(), end, [(year, _MONTHS[found["month"].lower()], day)])
    for found in _ISO.finditer(text):
        yield from _dated(*found.span(), [(int(found[1]), int(found[3]), int(found[4]))])
    for found in _NUMERIC.finditer(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        yield from _dated(*found.span(), [(year, first, second), (year, second, first)])
    for found in _CHINESE_DATE.finditer(text):
        year_number = numerals.year(found[1].replace(" ", ""))
        month, day_number = (numerals.chinese(found[group]) for group in (2, 3))
        if year_number and month and day_number:
            yield from _dated(*found.span(), [(year_number, int(month), int(day_number))])


def _year(written: str, end: int) -> tuple[int | None, int]:
    """The year and where it ends: words that are no part of it are given back to the text."""
    words = written
    while (value := numerals.year(words)) is None and re.search(r"[\s-]", words):
        words = re.split(r"[\s-]+(?=\S+$)", words)[0]
    return value, end - (len(written) - len(words))


def _dated(
    start: int, end: int, readings: list[tuple[int | None, int, int | None]]
) -> Iterator[Mention]:
    """One mention, if any of the readings is a day of the calendar."""
    known: list[str] = []
    for year, month, day in readings:
        if year is None or day is None:
            continue
        try:
            iso = datetime.date(year, month, day).isoformat()
        except ValueError:
            continue
        if iso not in known:
            known.append(iso)
    if known:
        yield Mention(start, end, tuple(known))


_UNIT: Final = r"(?P<unit>(?:business|working|calendar)[\s-]+days?|days?|weeks?|months?|years?)\b"
_NUMBER: Final = rf"(?:\d{{1,4}}(?:\.\d{{1,2}})?(?![\d,./])|{numerals.ENGLISH})"
_ENGLISH_DURATION: Final = re.compile(
    rf"(?<![A-Za-z\d.,/$])(?P<first>{_NUMBER})(?P<half>\s+and\s+(?:a\s+|one[\s-]+)?half)?"
    rf"(?:\s*\(\s*(?P<second>{_NUMBER})\s*\))?[\s-]{{1,2}}{_UNIT}"
    rf"|\(\s*(?P<only>\d{{1,4}})\s*\)\s*(?P<unit_only>(?:business|working|calendar)?\s*"
    r"(?:days?|weeks?|months?|years?))\b",
    re.IGNORECASE,
)
_CHINESE_NUMBER: Final = (
    r"\d{1,4}(?:\.\d{1,2})?|[一壹二贰两三叁四肆五伍六陆七柒八捌九玖十拾百佰]{1,8}"
)
_CHINESE_DURATION: Final = re.compile(
    rf"(?<![\d.月第年])(?P<first>{_CHINESE_NUMBER})\s?(?:[（(]\s?(?P<second>{_CHINESE_NUMBER})\s?[)）]\s?)?"
    r"(?P<unit>个?工作日|个?自然日|个?日历日|周年|年半|年|个半月|个月|周|个?星期|天|日)(?![期至元])"
    r"|(?P<half>半年)"
)
_CHINESE_UNITS: Final = {
    "工作日": "business day",
    "自然日": "day",
    "日历日": "day",
    "周年": "year",
    "年": "year",
    "年半": "year",
    "个月": "month",
    "个半月": "month",
    "周": "week",
    "星期": "week",
    "天": "day",
    "日": "day",
}


def durations(text: str) -> list[Mention]:
    """Every length of time, such as `2 years` or `30 business days`, in the order of the text."""
    taken = [(mention.start, mention.end) for mention in _dates(text)]
    return [
        mention
        for mention in _ordered(_durations(text))
        if not any(start < mention.end and mention.start < end for start, end in taken)
    ]


def _durations(text: str) -> Iterator[Mention]:
    for found in _ENGLISH_DURATION.finditer(text):
        if found["only"] is not None:
            unit, counts = found["unit_only"], {Decimal(found["only"])}
        else:
            unit = found["unit"]
            written = [found["first"], found["second"]]
            counts = {value for item in written if item and (value := _count(item)) is not None}
            if found["half"]:
                counts = {value + Decimal("0.5") for value in counts}
        yield from _lasting(found, counts, _english_unit(unit))
    for found in _CHINESE_DURATION.finditer(text):
        if found["half"]:
            yield from _lasting(found, {Decimal(6)}, "month")
            continue
        written = [found["first"], found["second"]]
        counts = {value for item in written if item and (value := numerals.chinese(item))}
        if "半" in found["unit"]:
            counts = {value + Decimal("0.5") for value in counts}
        unit = found["unit"].removeprefix("个") if "月" not in found["unit"] else found["unit"]
        yield from _lasting(found, counts, _CHINESE_UNITS[unit])


def _lasting(found: re.Match[str], counts: set[Decimal], unit: str) -> Iterator[Mention]:
    """One mention; figures and words that disagree are two readings."""
    if counts and max(counts) < 1000 and min(counts) > 0:
        yield Mention(*found.span(), tuple(_duration_text(value, unit) for value in sorted(counts)))


def _count(written: str) -> Decimal | None:
    if written[0].isdigit():
        return Decimal(written)
    value = numerals.english(written)
    return None if value is None else Decimal(value)


def _english_unit(unit: str) -> str:
    words = re.split(r"[\s-]+", unit.strip().lower())
    name = words[-1].removesuffix("s")
    return f"business {name}" if words[0] in ("business", "working") else name


def _duration_text(count: Decimal, unit: str) -> str:
    number = f"{count.normalize():f}"
    return f"{number} {unit}" if count == 1 else f"{number} {unit}s"


_PERCENT: Final = re.compile(
    r"(?<![\d.])(?P<figures>\d{1,4}(?:\.\d{1,4})?)\s?(?:%|％|per\s?cent\b)"
    rf"|百分之\s?(?:(?P<chinese_figures>\d{{1,4}}(?:\.\d{{1,4}})?)|(?P<chinese>{numerals.CHINESE}))"
    rf"|\b(?P<words>{numerals.ENGLISH})\s+per\s?cent\b",
    re.IGNORECASE,
)


def money(text: str) -> list[Mention]:
    """Every sum of money, such as `USD 1000.00`, in the order of the text.

    A sum in words and figures, `one thousand dollars ($1,000)`, is one mention.
    """
    kept: list[Mention] = []
    for mention in _ordered(Mention(*found) for found in sums(text)):
        if kept:
            last = kept[-1]
            reading = same_sum(
                text,
                (last.start, last.end, last.readings[0]),
                (mention.start, mention.end, mention.readings[0]),
            )
            if reading is not None:
                closing = text[mention.end : mention.end + 1] in (")", "）")
                kept[-1] = Mention(last.start, mention.end + closing, (reading,))
                continue
        kept.append(mention)
    return kept


def percentages(text: str) -> list[Mention]:
    """Every percentage, such as `7.5%`, in the order of the text."""
    found = []
    for match in _PERCENT.finditer(text):
        written = match["figures"] or match["chinese_figures"]
        number = Decimal(written) if written else numerals.chinese(match["chinese"] or "")
        if match["words"]:
            number = _count(match["words"])
        if number is not None:
            found.append(Mention(*match.span(), (f"{number.normalize():f}%",)))
    return found


def _ordered(mentions: Iterator[Mention]) -> list[Mention]:
    """By place; of mentions that overlap, the longest."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda one: (one.start, -one.end)):
        if kept and mention.start < kept[-1].end:
            if mention.end - mention.start > kept[-1].end - kept[-1].start:
                kept[-1] = mention
            continue
        kept.append(mention)
    return kept
