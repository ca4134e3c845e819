"""Normal forms: one value for two spellings, and none where none is certain."""

from __future__ import annotations

import pytest

from frontend.workflows.fields import Field, Kind
from frontend.workflows.normal import normal

CHOICES = ("allowed", "forbidden")


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        (Kind.DATE, "this 3rd day of May, 2024", "2024-05-03"),
        (Kind.DATE, "2024-05-03", "2024-05-03"),
        (Kind.DATE, "自2024年5月3日起", "2024-05-03"),
        (Kind.DATE, "03/04/2021", None),
        (Kind.DATE, "May 2024", None),
        (Kind.DATE, "May 3, 2024 or June 4, 2024", None),
        (Kind.DATE, "ten days after May 3, 2024", None),
        (Kind.DURATION, "two (2) years", "2 years"),
        (Kind.DURATION, "a period of two years from the Effective Date", "2 years"),
        (Kind.DURATION, "三年", "3 years"),
        (Kind.DURATION, "three (2) years", None),
        (Kind.DURATION, "two years unless terminated", None),
        (Kind.MONEY, "人民币壹佰万元整", "CNY 1000000.00"),
        (Kind.MONEY, "One Thousand Dollars ($1,000.00)", "$ 1000.00"),
        (Kind.MONEY, "about as much as last year", None),
        (Kind.PARTIES, "ACME  Holdings, L.L.C.", "ACME Holdings LLC"),
        (Kind.PARTIES, "Leggett & Platt, Incorporated", "Leggett and Platt Inc."),
        (Kind.PARTIES, "Philips N. V.", "Philips N.V."),
        (Kind.PARTIES, "The Marblehead Corporation", "The Marblehead Corporation"),
        (Kind.PARTIES, "北京天元科技有限公司", "北京天元科技有限公司"),
        (Kind.YES_NO, "Yes.", "yes"),
        (Kind.YES_NO, "否", "no"),
        (Kind.YES_NO, "perhaps", None),
        (Kind.CHOICE, "Allowed", "allowed"),
        (Kind.CHOICE, "sometimes", None),
        (Kind.TEXT, " New\n York ", "New York"),
        (Kind.TEXT, "  ", None),
    ],
)
def test_normal_forms(kind: Kind, written: str, expected: str | None) -> None:
    choices = CHOICES if kind is Kind.CHOICE else ()
    assert normal(written, Field("f", "Which?", kind, choices=choices)) == expected
