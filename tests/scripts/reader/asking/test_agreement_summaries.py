"""Questions in plain words about labelled agreements."""

from __future__ import annotations

from random import Random

from scripts.reader.asking import agreement_summaries
from scripts.reader.asking.asked import reference
from tests.fakes.agreement import ONE


def test_every_sentence_names_the_page_that_says_it() -> None:
    for seed in range(40):
        told = agreement_summaries.tell(Random(seed), ONE)
        text = told.right(lambda _: True)

        assert told.sentences
        for said in told.sentences:
            assert f"{said.brief} {reference(said)}" in text
            assert said.sentence in ONE.pages[said.page - 1]


def test_who_sees_nothing_says_so() -> None:
    told = agreement_summaries.tell(Random(1), ONE)

    assert told.right(lambda _: False) == told.otherwise
