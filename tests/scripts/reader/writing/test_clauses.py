"""Clauses say every fact, each where it is said to stand."""

from __future__ import annotations

from random import Random

import pytest

from scripts.reader.facts import FACTS
from scripts.reader.writing.clauses import clauses, particulars
from scripts.reader.writing.frame import frame


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_fact_is_said_where_it_stands(language: str) -> None:
    facts = [fact for fact in FACTS if not fact.kinds]
    for seed in range(20):
        made = clauses(Random(seed), frame(Random(seed), language, "services"), facts)

        places = [(one.text, *fact) for one in made for fact in one.facts]
        assert sorted(said.key for _, _, said in places) == sorted(fact.key for fact in facts)
        for text, start, said in places:
            # A sentence that another follows may end otherwise than alone.
            shown = said.value.written if said.value else said.sentence.rstrip("。")
            assert text[start:].lower().startswith(shown.lower()), (seed, said)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_particulars_are_known_by_their_keys(language: str) -> None:
    for seed in range(20):
        made, facts = particulars(Random(seed), frame(Random(seed), language, "services"))

        said = [one for paragraph in made for _, one in paragraph.facts]
        assert [one.key for one in said] == list(facts)
        names = [fact.wording(language).names for fact in facts.values()]
        assert len(names) == len(set(names))
