"""Values as contracts write them, and their normal forms."""

from __future__ import annotations

import re
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
