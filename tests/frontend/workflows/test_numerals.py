"""Numbers in words, and what only looks like one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from frontend.workflows import numerals


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two", 2),
        ("twenty-four", 24),
        ("one hundred and twenty-five thousand", 125_000),
        ("two million three hundred", 2_000_300),
        ("twenty twenty", None),
        ("five thirty", None),
        ("hundred", None),
        ("many", None),
        ("", None),
    ],
)
def test_english(text: str, value: int | None) -> None:
    assert numerals.english(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("三十", "30"),
        ("十二", "12"),
        ("壹佰贰拾万", "1200000"),
        ("三千零五", "3005"),
        ("一亿二千万", "120000000"),
        ("二〇", "20"),
        ("1.5万", "15000"),
        ("12,000", "12000"),
        ("许多", None),
    ],
)
def test_chinese(text: str, value: str | None) -> None:
    assert numerals.chinese(text) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024", 2024),
        ("two thousand and four", 2004),
        ("nineteen ninety-nine", 1999),
        ("twenty twenty-one", 2021),
        ("二〇二四", 2024),
        ("二零二四", 2024),
        ("24", None),
        ("nineteen apples", None),
    ],
)
def test_years(text: str, value: int | None) -> None:
    assert numerals.year(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("3rd", 3), ("twenty-first", 21), ("tenth", 10), ("twenty-tenth", None)]
)
def test_ordinals(text: str, value: int | None) -> None:
    assert numerals.ordinal(text) == value
