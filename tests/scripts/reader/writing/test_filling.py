"""Values that fill clauses are of the fact's kind and within its bounds."""

from __future__ import annotations

from random import Random

import pytest

from scripts.reader.facts import FACTS, Fact
from scripts.reader.spotting import find_dates, find_durations
from scripts.reader.writing import filling

FILLED = [fact for fact in FACTS if fact.kind not in ("flag", "choice")]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("fact", FILLED, ids=lambda fact: fact.key)
def test_numbers_keep_within_the_bounds_of_their_fact(fact: Fact, language: str) -> None:
    for seed in range(20):
        value = filling.value(Random(seed), fact, language)
        assert value.written
        assert value.normal
        if fact.kind in ("number", "percent"):
            assert value.number is not None
            assert fact.low <= value.number <= fact.high


def test_a_duration_is_found_as_it_is_written() -> None:
    fact = next(fact for fact in FACTS if fact.key == "term")
    for seed in range(40):
        value = filling.value(Random(seed), fact, "en")
        assert [one.normal for one in find_durations(value.written)] == [value.normal]


def test_a_date_is_found_as_it_is_written() -> None:
    fact = next(fact for fact in FACTS if fact.kind == "date")
    for seed in range(40):
        value = filling.value(Random(seed), fact, "en")
        assert [one.normal for one in find_dates(value.written)] == [value.normal]
