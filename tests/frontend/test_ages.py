"""Under which heading something is listed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from frontend.ages import Age, age, zone

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("2026-11-28 00:00:01", Age.TODAY),
        ("2026-11-28 23:59:59", Age.TODAY),  # of a clock that is ahead
        ("2026-11-27 23:59:59", Age.YESTERDAY),
        ("2026-11-26 23:59:59", Age.WEEK),
        ("2026-11-21 00:00:00", Age.WEEK),
        ("2026-11-20 23:59:59", Age.MONTH),
        ("2026-10-29 00:00:00", Age.MONTH),
        ("2026-10-28 23:59:59", Age.EARLIER),
    ],
)
def test_days_are_those_of_the_calendar(then: str, expected: Age) -> None:
    now = datetime(2026, 11, 28, 0, 5, tzinfo=SHANGHAI)
    assert age(datetime.fromisoformat(then).replace(tzinfo=SHANGHAI).timestamp(), now) is expected


def test_a_day_begins_where_the_reader_is() -> None:
    moment = datetime(2026, 11, 27, 17, tzinfo=UTC).timestamp()
    now = datetime(2026, 11, 27, 18, tzinfo=UTC)
    earlier = datetime(2026, 11, 27, 15, tzinfo=UTC).timestamp()
    assert age(earlier, now) is age(moment, now) is Age.TODAY
    assert age(moment, now.astimezone(SHANGHAI)) is Age.TODAY
    assert age(earlier, now.astimezone(SHANGHAI)) is Age.YESTERDAY


@pytest.mark.parametrize("name", [None, "", "Nowhere/Atall", "../../etc/passwd", "\0", "Asia"])
def test_what_is_no_time_zone_is_utc(name: str | None) -> None:
    assert (
        datetime(2026, 1, 1, tzinfo=zone(name)).utcoffset()
        == datetime(2026, 1, 1, tzinfo=UTC).utcoffset()
    )
    assert zone("Asia/Shanghai") == SHANGHAI
