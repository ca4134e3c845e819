"""Contracts made by chance say what they are said to say."""

from __future__ import annotations

from random import Random

import pytest

from scripts.reader import exam
from scripts.reader.contracts import Contract, contract
from scripts.reader.trades import taught, withheld


def packed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_value_begins_on_the_page_that_is_named(language: str) -> None:
    for seed in range(40):
        made = contract(Random(seed), language)
        for said in made.said.values():
            value = said.listed[0] if said.listed else said.value
            start = packed(value.written if value else said.sentence)[:2]
            page = packed(made.pages[said.page - 1])
            # A value may be cut after its first letter; a page number can follow.
            assert start in page or start[0] in page[-12:], (seed, said)


def test_chance_alone_tells_contracts_apart() -> None:
    def pages(seed: int) -> Contract:
        return contract(Random(seed), "en")

    assert pages(1).pages == pages(1).pages
    assert pages(1).pages != pages(2).pages


@pytest.mark.parametrize(("language", "papers"), [("zh", 40), ("en", 16)])
def test_exams_hold_their_answers(language: str, papers: int) -> None:
    made = exam.papers(1, language, 8)

    assert len(made) == papers
    for paper in made:
        text = packed("".join(paper.pages))
        texts = [value for value in paper.answer.values() if isinstance(value, str)]
        numbers = {word for value in texts for word in value.split("-") if word.isdigit()}
        numbers = {number for number in numbers if len(number) == 4}  # the years
        assert [number for number in numbers if number not in text and language == "en"] == []
        stated = [value for value in texts if packed(value) in text]
        assert stated, paper.answer  # the others are in normal form
        assert paper.answer.keys() == paper.schema["properties"].keys()


def test_a_trade_may_say_things_of_other_trades_but_no_withheld_one_does() -> None:
    def foreign(kind: str) -> int:
        made = (contract(Random(f"{kind}-{seed}"), "zh", kinds=[kind]) for seed in range(40))
        return sum(
            key.startswith("trade_zh_") and not key.startswith(f"{kind}_")
            for one in made
            for key in one.said
        )

    assert foreign(taught("zh")[0]) > 10
    assert foreign(withheld("zh")[0]) == 0
