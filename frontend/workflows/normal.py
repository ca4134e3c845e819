"""Values in normal form, so that two spellings of one thing are one value.

Dates become ISO 8601, durations `2 years`, sums `USD 1000.00`, names of parties lose commas. What
has no certain normal form has none: the value then stays as it was written, and is marked.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from frontend.workflows import mentions
from frontend.workflows.fields import Field, Form, Kind
from frontend.workflows.parties import party

FINDERS: Final = {
    Kind.DATE: mentions.dates,
    Kind.DURATION: mentions.durations,
    Kind.MONEY: mentions.money,
}
# What may stand around a date, a duration or a sum without changing it.
_FILLING: Final = re.compile(
    r"(?:(?:this|the|a|an|as|of|on|dated|effective|for|period|term|initial|sum|amount|total|is|in)\b"
    r"|共计|共|计|合计|为期|期限|为|自|起|于|整|人民币|[\s,.:;()（），。、\"“”])*"
    r"(?:(?:from|after|following)\s(?:the\s)?(?:effective\s)?date"
    r"(?:\shereof|\sof\sthis\sagreement)?[\s,.;]?)?",
    re.IGNORECASE,
)
_MONTHS_OF: Final = {"month": 1, "year": 12}
_DAYS_OF: Final = {"day": 1, "week": 7}
_YES: Final = frozenset({"yes", "true", "y", "是", "有", "对", "存在"})
_NO: Final = frozenset({"no", "false", "n", "否", "无", "没有", "不", "不存在"})


def normal(value: str, field: Field) -> str | None:
    """The normal form of one value of a field; None if it has no certain one."""
    written = " ".join(value.split())
    if not written:
        return None
    if field.kind in FINDERS:
        return _measured(written, field.kind)
    if field.kind is Kind.PARTIES:
        return party(written)
    if field.kind is Kind.YES_NO:
        word = written.strip(" .。").casefold()
        return "yes" if word in _YES else "no" if word in _NO else None
    if field.kind is Kind.CHOICE:
        return next((one for one in field.choices if one.casefold() == written.casefold()), None)
    return written


def shaped(value: str, known: str | None, field: Field) -> str | None:
    """A value in the form that its field is to have; `known` is its normal form.

    What cannot be said in that form without a guess, such as a month in days, keeps the usual one.
    """
    if field.form is Form.WRITTEN:
        return " ".join(value.split())
    if known is None or field.form is None:
        return known
    match field.form:
        case Form.MONTH:
            return known[:7]
        case Form.YEAR:
            return known[:4]
        case Form.MONTHS:
            return _lasting(known, _MONTHS_OF, "month")
        case Form.DAYS:
            return _lasting(known, _DAYS_OF, "day")
        case Form.AMOUNT:
            return known.rpartition(" ")[2]
        case _:
            return known


def _lasting(known: str, sizes: dict[str, int], unit: str) -> str:
    """A duration in another unit, if it is a whole number of them."""
    count, _, named = known.partition(" ")
    size = sizes.get(named.removesuffix("s"))
    if size is None or (amount := Decimal(count) * size) != amount.to_integral_value():
        return known
    return f"{amount:.0f} {unit}{'' if amount == 1 else 's'}"


def _measured(written: str, kind: Kind) -> str | None:
    """The one date, duration or sum that the text consists of."""
    found = FINDERS[kind](written)
    readings = {reading for mention in found for reading in mention.readings}
    if len(readings) != 1 or any(mention.normal is None for mention in found):
        return None
    rest, at = [], 0
    for mention in found:
        rest.append(written[at : mention.start])
        at = mention.end
    rest.append(written[at:])
    return readings.pop() if all(map(_FILLING.fullmatch, rest)) else None
