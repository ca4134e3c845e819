"""Dates, durations and sums as contracts write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frontend.workflows import mentions
from tests.fakes.growth import keeps_up


def told(found: list[mentions.Mention], text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(text[mention.start : mention.end], mention.readings) for mention in found]


@pytest.mark.parametrize(
    ("text", "written", "iso"),
    [
        ("made this 3rd day of May, 2024 by", "3rd day of May, 2024", "2024-05-03"),
        ("dated May 3, 2024.", "May 3, 2024", "2024-05-03"),
        ("on 3 May 2024", "3 May 2024", "2024-05-03"),
        ("as of June 19th , 1999 by", "June 19th , 1999", "1999-06-19"),
        ("Sept. 3, 2012", "Sept. 3, 2012", "2012-09-03"),
        (
            "the third day of May, two thousand and four",
            "third day of May, two thousand and four",
            "2004-05-03",
        ),
        ("on 2021-4-3", "2021-4-3", "2021-04-03"),
        ("13/04/2021", "13/04/2021", "2021-04-13"),
        ("于二〇二四年五月三日签订", "二〇二四年五月三日", "2024-05-03"),
        ("2024 年 12 月 31 日", "2024 年 12 月 31 日", "2024-12-31"),
    ],
)
def test_a_date_is_found_as_it_is_written(text: str, written: str, iso: str) -> None:
    assert told(mentions.dates(text), text) == [(written, (iso,))]


def test_a_date_of_two_readings_keeps_both() -> None:
    (mention,) = mentions.dates("due 03/04/2021")
    assert mention.readings == ("2021-03-04", "2021-04-03")
    assert mention.normal is None


@pytest.mark.parametrize("text", ["February 30, 2020", "May 2024", "12.5.1", "Section 3.4.2019a"])
def test_what_is_no_full_date_is_left_alone(text: str) -> None:
    assert mentions.dates(text) == []


@pytest.mark.parametrize(
    ("text", "written", "normal"),
    [
        ("for two (2) years from", "two (2) years", "2 years"),
        ("a five-year term", "five-year", "5 years"),
        ("within thirty (30) business days", "thirty (30) business days", "30 business days"),
        ("one (1) year", "one (1) year", "1 year"),
        ("one and a half years", "one and a half years", "1.5 years"),
        ("(2) years", "(2) years", "2 years"),
        ("有效期为三（3）年", "三（3）年", "3 years"),
        ("期限叁年", "叁年", "3 years"),
        ("自签订之日起十二个月", "十二个月", "12 months"),
        ("三十日内", "三十日", "30 days"),
        ("10个工作日", "10个工作日", "10 business days"),
        ("半年", "半年", "6 months"),
        ("一年半", "一年半", "1.5 years"),
    ],
)
def test_a_duration_is_found(text: str, written: str, normal: str) -> None:
    assert told(mentions.durations(text), text) == [(written, (normal,))]


def test_words_and_figures_that_disagree_are_two_readings() -> None:
    (mention,) = mentions.durations("three (2) years")
    assert mention.readings == ("2 years", "3 years")


@pytest.mark.parametrize("text", ["2024年5月3日", "the 1934 years", "第三年", "5月三日"])
def test_what_is_no_duration_is_left_alone(text: str) -> None:
    assert mentions.durations(text) == []


@pytest.mark.parametrize(
    ("text", "written", "normal"),
    [
        ("pay USD 1,000.00 at once", "USD 1,000.00", "USD 1000.00"),
        ("up to $1.5 million", "$1.5 million", "$ 1500000.00"),
        ("US$ 25", "US$ 25", "USD 25.00"),
        ("1.000,00 € in all", "1.000,00 €", "EUR 1000.00"),
        ("five hundred U.S. dollars", "five hundred U.S. dollars", "USD 500.00"),
        ("共计人民币壹佰万元整", "人民币壹佰万元整", "CNY 1000000.00"),
        ("人民币3,000,000.00元", "人民币3,000,000.00元", "CNY 3000000.00"),
        ("每月100万元", "100万元", "CNY 1000000.00"),
        ("贰拾叁万肆仟伍佰元陆角", "贰拾叁万肆仟伍佰元陆角", "CNY 234500.60"),
        ("¥12,000元", "¥12,000元", "CNY 12000.00"),
    ],
)
def test_a_sum_is_found(text: str, written: str, normal: str) -> None:
    assert told(mentions.money(text), text) == [(written, (normal,))]


@pytest.mark.parametrize(
    ("text", "written", "normal"),
    [
        (
            "Two thousand US dollars ($2,000.00) a month",
            "Two thousand US dollars ($2,000.00)",
            "USD",
        ),
        ("人民币贰仟元整（¥2,000）", "人民币贰仟元整（¥2,000）", "CNY"),
        ("人民币2,000元（大写：贰仟元整）", "人民币2,000元（大写：贰仟元整）", "CNY"),
        ("人民币（大写）贰仟元整（小写：2000元）", "人民币（大写）贰仟元整（小写：2000元）", "CNY"),
    ],
)
def test_a_sum_told_twice_is_one(text: str, written: str, normal: str) -> None:
    assert told(mentions.money(text), text) == [(written, (f"{normal} 2000.00",))]


def test_sums_that_disagree_stay_two() -> None:
    text = "Two thousand US dollars ($3,000.00)"
    assert [one.normal for one in mentions.money(text)] == ["USD 2000.00", "$ 3000.00"]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("at 7.50% a year", "7.5%"),
        ("32.5 per cent of it", "32.5%"),
        ("thirty-eight percent", "38%"),
        ("百分之二十四", "24%"),
        ("百分之56.35", "56.35%"),
    ],
)
def test_percentages(text: str, normal: str) -> None:
    assert [one.normal for one in mentions.percentages(text)] == [normal]


@pytest.mark.parametrize(
    "piece",
    ["one ", "(", "1,", "twenty-", "三", "May 3 ", "$1.000", "third day of ", "two thousand and "],
)
@pytest.mark.parametrize("search", [mentions.dates, mentions.durations, mentions.money])
def test_no_text_takes_long(search: Callable[[str], object], piece: str) -> None:
    assert keeps_up(lambda size: search(piece * (size // len(piece))), 4_000)
