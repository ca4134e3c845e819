"""What agreements are labelled with is found in their text."""

from __future__ import annotations

from scripts.reader.finding import known
from tests.fakes.agreement import ONE


def test_labels_are_found_as_they_are_written() -> None:
    found = known(ONE)

    assert {key: [value and value.written for value in one] for key, one in found.items()} == {
        "effective_date": ["May 10, 2016"],
        "jurisdiction": ["Ohio"],
        "party": ["VERSO PAPER HOLDINGS, L.L.C.", "Peter H. Kesser"],
        "term": ["two (2) years"],
    }
