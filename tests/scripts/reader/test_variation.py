"""Agreements varied are consistent."""

from __future__ import annotations

from random import Random

from scripts.reader.finding import known
from scripts.reader.variation import varied
from tests.fakes.agreement import LABELS, ONE


def test_a_varied_agreement_still_says_its_labels() -> None:
    names: set[str] = set()
    for seed in range(60):
        other = varied(Random(seed), ONE)
        values = known(other)
        for key, labels in other.labels.items():
            assert [value.normal.upper() for value in values[key] if value] == [
                label.upper() for label in labels
            ], (seed, key)
        names.update(other.labels["party"])
        text = "".join(other.pages)
        if other.labels["party"] != LABELS["party"]:
            assert "VERSO" not in text or "Kesser" not in text
    assert len(names) > 40
