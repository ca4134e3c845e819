"""How long ago something was: the headings under which a long list is read."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Age(Enum):
    """In calendar days of whoever reads."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    MONTH = "month"
    EARLIER = "earlier"


def age(moment: float, now: datetime) -> Age:
    """That of a moment, in unix seconds; `now` has the reader's time zone."""
    days = (now.date() - datetime.fromtimestamp(moment, now.tzinfo).date()).days
    if days <= 0:
        return Age.TODAY
    if days == 1:
        return Age.YESTERDAY
    if days <= 7:
        return Age.WEEK
    return Age.MONTH if days <= 30 else Age.EARLIER


def zone(name: str | None) -> tzinfo:
    """The time zone that a browser names; UTC if it names none that is known."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
