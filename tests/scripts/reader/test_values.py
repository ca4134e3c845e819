"""Values as contracts write them, and their normal forms."""

from __future__ import annotations

import re
from datetime import date
from random import Random

import pytest

from scripts.reader import values


@pytest.mark.parametrize(
    ("number", "english", "chinese", "formal"),
    [
        (7, "seven", "七", "柒"),
        (12, "twelve", "十二", "壹拾贰"),
        (20, "twenty", "二十", "贰拾"),
        (105, "one hundred five", "一百零五", "壹佰零伍"),
        (1_010, "one thousand ten", "一千零一十", "壹仟零壹拾"),
        (10_500, "ten thousand five hundred", "一万零五百", "壹万零伍佰"),
        (350_000, "three hundred fifty thousand", "三十五万", "叁拾伍万"),
        (12_000_000, "twelve million", "一千二百万", "壹仟贰佰万"),
    ],
)
def test_numbers_in_words(number: int, english: str, chinese: str, formal: str) -> None:
    assert values.words(number) == english
    assert values.words_zh(number) == chinese
    assert values.words_zh(number, formal=True) == formal


def test_every_english_date_style_is_found_again() -> None:
    day = date(2011, 7, 3)

    for style in values.DATE_STYLES:
        written = values.write_date(day, style)
        assert [found.normal for found in values.find_dates(f"made {written}.")] == ["2011-07-03"]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("December 11,2014", "2014-12-11"),
        ("the 4th day of May 2005", "2005-05-04"),
        ("11/16/99", "1999-11-16"),
        ("February 30, 2004", None),
    ],
)
def test_dates_in_other_spellings(text: str, normal: str | None) -> None:
    assert [found.normal for found in values.find_dates(text)] == ([normal] if normal else [])


def test_durations_have_digits_and_a_unit() -> None:
    text = "for two (2) years, a one-year term, eighteen months and thirty-five (35) days"

    found = [one.normal for one in values.find_durations(text)]

    assert found == ["2 years", "1 year", "18 months", "35 days"]


def test_what_is_written_of_a_sum_says_its_number() -> None:
    for seed in range(60):
        sum_ = values.money(Random(seed), "en", 100, 90_000)
        assert sum_.figures in sum_.written
        figures = re.search(r"\d[\d,]*(\.\d\d)?", sum_.figures)
        assert figures is not None
        assert float(figures.group().replace(",", "")) == sum_.number


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Gilead Sciences, Inc.", "Gilead Sciences Inc."),
        ("St. Denis J. Villere & Company, L.L.C.", "St. Denis J. Villere and Company LLC"),
        ("Leonard Green & Partners, L.P.", "Leonard Green and Partners LP"),
        ("Xinyuan Real Estate Co., Ltd", "Xinyuan Real Estate Co. Ltd."),
        ("Ray M.\nDolby", "Ray M. Dolby"),
    ],
)
def test_names_in_normal_form(written: str, plain: str) -> None:
    assert values.plain_name(written) == plain
