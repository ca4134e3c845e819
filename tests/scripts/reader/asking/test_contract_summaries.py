"""Summaries of contracts made by chance."""

from __future__ import annotations

from random import Random

from scripts.reader.asking import contract_summaries
from scripts.reader.asking.asked import reference
from scripts.reader.contracts import contract


def test_a_summary_names_pages_that_exist() -> None:
    for seed in range(40):
        made = contract(Random(seed), "zh")
        told = contract_summaries.tell(Random(seed), made)
        text = told.right(lambda _: True)
        assert text
        for sentence in told.sentences:
            assert reference(sentence) in text
            assert 1 <= sentence.page <= len(made.pages)
