"""Labelled agreements, found in their text and varied."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from scripts.reader import agreements
from scripts.reader.agreements import Agreement

PAGES = (
    "This Agreement is made as of May 10, 2016, by and between VERSO PAPER HOLDINGS, L.L.C.\n"
    "and Peter H. Kesser. On May 10, 2016 Peter H. Kesser joined.",
    "It lasts for two (2) years and is governed by the laws of the State of Ohio.",
)
LABELS = {
    "effective_date": ("2016-05-10",),
    "jurisdiction": ("Ohio",),
    "party": ("Verso Paper Holdings LLC", "Peter H. Kesser"),
    "term": ("2 years",),
}
ONE = Agreement("a.pdf", PAGES, LABELS)


def test_labels_are_found_as_they_are_written() -> None:
    found = agreements.known(ONE).values

    assert {key: [value and value.written for value in one] for key, one in found.items()} == {
        "effective_date": ["May 10, 2016"],
        "jurisdiction": ["Ohio"],
        "party": ["VERSO PAPER HOLDINGS, L.L.C.", "Peter H. Kesser"],
        "term": ["two (2) years"],
    }


def test_a_varied_agreement_still_says_its_labels() -> None:
    names: set[str] = set()
    for seed in range(60):
        other = agreements.varied(Random(seed), ONE)
        values = agreements.known(other).values
        for key, labels in other.labels.items():
            assert [value.normal.upper() for value in values[key] if value] == [
                label.upper() for label in labels
            ], (seed, key)
        names.update(other.labels["party"])
        text = "".join(other.pages)
        if other.labels["party"] != LABELS["party"]:
            assert "VERSO" not in text or "Kesser" not in text
    assert len(names) > 40


def test_the_right_answer_holds_only_what_is_in_sight() -> None:
    for seed in range(30):
        asked = agreements.ask(Random(seed), ONE)
        blind = json.loads(asked.right(agreements.sees("nothing of it")))
        for value in blind.values():
            assert value in (
                None,
                "",
                [],
                {"value": None, "quote": None},
                {"value": "", "quote": None},
            )


def test_every_fifth_by_name_is_kept_for_validation(tmp_path: Path) -> None:
    many = [Agreement(f"{number:02}.pdf", ("",), {}) for number in range(12)]
    path = agreements.write(many[::-1], tmp_path / "some" / "agreements.json")

    split = agreements.split(agreements.read(path))

    assert [one.name for one in split.validation] == ["00.pdf", "05.pdf", "10.pdf"]
    assert [one.name for one in split.choosing] == ["01.pdf"]
    assert len(split.training) == 8
    assert not {one.name for one in split.training} & {
        one.name for one in (*split.validation, *split.choosing)
    }
