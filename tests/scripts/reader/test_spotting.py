"""Dates and lengths of time in English texts."""

from __future__ import annotations

from datetime import date

import pytest

from scripts.reader import values
from scripts.reader.spotting import find_dates, find_durations


def test_every_english_date_style_is_found_again() -> None:
    day = date(2011, 7, 3)

    for style in values.DATE_STYLES:
        written = values.write_date(day, style)
        assert [found.normal for found in find_dates(f"made {written}.")] == ["2011-07-03"]


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
    assert [found.normal for found in find_dates(text)] == ([normal] if normal else [])


def test_durations_have_digits_and_a_unit() -> None:
    text = "for two (2) years, a one-year term, eighteen months and thirty-five (35) days"

    found = [one.normal for one in find_durations(text)]

    assert found == ["2 years", "1 year", "18 months", "35 days"]
