"""Normal forms: one value for two spellings, and none where none is certain."""

from __future__ import annotations

import pytest

from frontend.workflows.fields import Field, Form, Kind
from frontend.workflows.normal import normal, shaped

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


@pytest.mark.parametrize(
    ("kind", "form", "written", "expected"),
    [
        (Kind.DATE, Form.MONTH, "May 3, 2024", "2024-05"),
        (Kind.DATE, Form.YEAR, "二〇二四年五月三日", "2024"),
        (Kind.DURATION, Form.MONTHS, "two (2) years", "24 months"),
        (Kind.DURATION, Form.MONTHS, "one month", "1 month"),
        (Kind.DURATION, Form.MONTHS, "30 days", "30 days"),
        (Kind.DURATION, Form.DAYS, "two weeks", "14 days"),
        (Kind.DURATION, Form.DAYS, "2 years", "2 years"),
        (Kind.MONEY, Form.AMOUNT, "USD 1,000.00", "1000.00"),
        (Kind.PARTIES, Form.WRITTEN, "ACME  Holdings, L.L.C.", "ACME Holdings, L.L.C."),
        (Kind.DATE, None, "May 3, 2024", "2024-05-03"),
        (Kind.DATE, Form.MONTH, "some day in May", None),
    ],
)
def test_a_field_may_have_its_values_in_another_form(
    kind: Kind, form: Form | None, written: str, expected: str | None
) -> None:
    field = Field("x", "?", kind, form=form)
    assert shaped(written, normal(written, field), field) == expected
